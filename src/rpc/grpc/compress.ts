import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { systemCode, TuskerError } from "../../kernel/index.ts";
import { frameOverhead } from "./frame.ts";
import { tooLarge } from "./messages.ts";

/** A compressed message as it was before. @throws TuskerError NET_BODY_TOO_LARGE, RPC_PROTOCOL */
export async function unpack(
  message: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  if (encoding !== "gzip")
    throw new TuskerError("RPC_PROTOCOL", "the message is compressed but no encoding is named");
  try {
    return await inflate(message, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (systemCode(cause) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new TuskerError("RPC_PROTOCOL", "the message is not gzip as it says");
  }
}

/** A framed message, compressed where that makes it smaller. */
export async function pack(framed: Uint8Array): Promise<Uint8Array> {
  const packed = await deflate(framed.subarray(frameOverhead));
  if (packed.byteLength >= framed.byteLength - frameOverhead) return framed;
  const bytes = Buffer.allocUnsafe(frameOverhead + packed.byteLength);
  bytes[0] = 1;
  bytes.writeUInt32BE(packed.byteLength, 1);
  bytes.set(packed, frameOverhead);
  return bytes;
}

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);
const deflate = promisify<Uint8Array, Buffer>(gzip);
