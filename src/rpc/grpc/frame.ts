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

/** Puts the prefix into the headroom of a message that was encoded with `frameOverhead` bytes of it: no copy. */
export function prefixed(message: Uint8Array): Uint8Array {
  const length = message.byteLength - frameOverhead;
  message[0] = 0;
  message[1] = length >>> 24;
  message[2] = length >>> 16;
  message[3] = length >>> 8;
  message[4] = length;
  return message;
}
