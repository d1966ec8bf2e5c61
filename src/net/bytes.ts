import { TuskerError } from "../kernel/index.ts";
import type { ByteStream } from "./exchange.ts";

/**
 * Reads a stream to its end, never holding more than `maxBytes`.
 *
 * @param announced a Content-Length value; a larger announcement is refused before the first byte is read.
 * @throws TuskerError NET_BODY_TOO_LARGE
 */
export async function readAll(stream: ByteStream, maxBytes: number, announced?: string): Promise<Uint8Array> {
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): TuskerError {
  return new TuskerError("NET_BODY_TOO_LARGE", `the body is larger than the ${maxBytes} bytes allowed here`, {
    details: { maxBytes },
  });
}
