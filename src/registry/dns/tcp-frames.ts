/** Messages out of a stream of octets (RFC 1035 §4.2.2). */
export interface Frames {
  push(chunk: Uint8Array): void;
  /** The next whole message; undefined until more has come. */
  take(): Buffer | undefined;
}

/** Holds what has come and was not taken: at most one unfinished message, 65,537 octets, besides the last chunk. */
export function frames(): Frames {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    },
    take() {
      if (rest.length < 2) return undefined;
      const end = 2 + rest.readUInt16BE(0);
      if (rest.length < end) return undefined;
      const message = rest.subarray(2, end);
      rest = rest.subarray(end);
      return message;
    },
  };
}
