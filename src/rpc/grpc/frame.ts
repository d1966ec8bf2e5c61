import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { systemCode, TuskerError } from "../../kernel/index.ts";

/** gRPC over HTTP/2: a message is a flag byte, a length of four bytes (big-endian), and the message. */
export const frameOverhead = 5;

/** One uncompressed message with its prefix. */
export function frame(message: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(frameOverhead + message.byteLength);
  bytes[0] = 0;
  bytes.writeUInt32BE(message.byteLength, 1);
  bytes.set(message, frameOverhead);
  return bytes;
}

/**
 * The only message of a unary body.
 *
 * @param encoding the sender's `grpc-encoding`
 * @param maxBytes of the message, decompressed
 * @throws TuskerError RPC_PROTOCOL (no message, more than one, cut off, compressed in a way it does not say),
 * NET_BODY_TOO_LARGE
 */
export async function unframe(
  body: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Uint8Array> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.byteLength < frameOverhead) throw malformed("the call carries no message");
  const length = bytes.readUInt32BE(1);
  if (length > maxBytes) throw tooLarge(maxBytes);
  if (frameOverhead + length > bytes.byteLength) throw malformed("the message is cut off");
  if (frameOverhead + length < bytes.byteLength) throw malformed("the call carries more than one message");
  const message = bytes.subarray(frameOverhead);
  const flag = bytes[0];
  if (flag === 0) return message;
  if (flag !== 1) throw malformed(`the message has the unknown flag ${flag}`);
  if (encoding !== "gzip") throw malformed("the message is compressed but no encoding is named");
  try {
    return await inflate(message, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (systemCode(cause) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw malformed("the message is not gzip as it says");
  }
}

const inflate = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

function malformed(message: string): TuskerError {
  return new TuskerError("RPC_PROTOCOL", message);
}

function tooLarge(maxBytes: number): TuskerError {
  return new TuskerError(
    "NET_BODY_TOO_LARGE",
    `the message is larger than the ${maxBytes} bytes allowed here`,
    {
      details: { maxBytes },
    },
  );
}
