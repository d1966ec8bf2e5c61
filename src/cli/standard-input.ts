import { limits } from "../tsk/index.ts";

/** The operand that means standard input. */
export const standardInputName = "-";

/** All that comes on a stream; of more than a file of the language may have, one byte more than that. */
export async function standardInput(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let left = limits.text + 1;
  for await (const chunk of stream) {
    chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
    if (left <= 0) break;
  }
  return Buffer.concat(chunks);
}
