import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { systemCode, TuskerError } from "../../kernel/index.ts";
import { type HeaderList, headerOf } from "../../net/index.ts";
import { frameOverhead } from "./frame.ts";
import { tooLarge } from "./messages.ts";

/** A compressed message as it was before. @throws TuskerError NET_BODY_TOO_LARGE, RPC_PROTOCOL */
export async function unpack(
  message: Uint8Array,
  encoding: string | undefined,
  maxBytes: number,
): Promise<Buffer> {
  if (encoding !== "gzip") {
    const what =
      encoding === undefined || encoding === "identity"
        ? "no encoding is named"
        : `with "${encoding.slice(0, 40)}"`;
    throw new TuskerError("RPC_PROTOCOL", `the message is compressed but ${what}; gzip can be read here`);
  }
  try {
    return await inflate(message, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (systemCode(cause) === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new TuskerError("RPC_PROTOCOL", "the message is not gzip as it says");
  }
}

/** Whether messages may be packed with gzip for the service that sent these fields: it says so, or packs itself. */
export function knowsGzip(fields: HeaderList): boolean {
  return acceptsGzip(fields) || headerOf(fields, "grpc-encoding") === "gzip";
}

/** Whether messages may be packed with gzip for whoever sent these fields. */
export function acceptsGzip(fields: HeaderList): boolean {
  const accepted = headerOf(fields, "grpc-accept-encoding");
  return accepted?.split(",").some((one) => one.trim() === "gzip") === true;
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
