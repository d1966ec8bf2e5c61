/**
 * Memory that is read into over and over. A connection reads into the one buffer of its thread, so that ten thousand
 * idle ones cost nothing; while much comes it reads into a buffer of its own, which goes to whoever still needs it.
 */
export const lendBytes: number = 64 * 1024;

/**
 * Size of a connection's own buffer. Twice as much at a time wakes the peers half as often: 1 MiB through the gateway
 * costs a fifth less than with 64 KiB. More would be less still, but 64 slow readers would hold more than 32 MiB.
 */
export const ownBytes: number = 128 * 1024;

const shared = new Uint8Array(lendBytes);

/** The buffer that all connections of this thread share. */
export const sharedBuffer: Uint8Array = shared;

/** The buffer of a single connection whose bytes are being told just now. */
let lent: ArrayBufferLike | undefined;
let taken = false;

/**
 * Tells of bytes that are lent for the length of the call.
 *
 * @returns true when somebody took them: their buffer is no longer the reader's
 */
export function lend(bytes: Uint8Array, tell: (bytes: Uint8Array) => void): boolean {
  if (isShared(bytes)) {
    tell(bytes);
    return false;
  }
  lent = bytes.buffer;
  taken = false;
  try {
    tell(bytes);
    return taken;
  } finally {
    lent = undefined;
  }
}

/** True for bytes in the buffer that all connections read into. */
export function isShared(bytes: Uint8Array): boolean {
  return bytes.buffer === shared.buffer;
}

/** Bytes that last: those given, or a copy of them when others will read into their place. */
export function kept(bytes: Uint8Array): Uint8Array {
  if (isShared(bytes)) return Buffer.from(bytes);
  if (bytes.buffer === lent) taken = true;
  return bytes;
}
