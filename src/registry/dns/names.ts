/** Names as they travel (RFC 1035 §3.1): labels of at most 63 octets, 255 octets with their lengths, root at the end. */

const maxLabel = 63;
const maxName = 255;

/** A name in a message. */
export interface ReadName {
  /** Without the root; an octet that is no UTF-8 reads as U+FFFD, which no name of ours holds. */
  readonly labels: readonly string[];
  /** Where reading goes on. */
  readonly end: number;
}

/**
 * Reads a name at a position; undefined when it is malformed. A compression pointer (§4.1.4) must point before
 * whatever led to it, so that following them ends.
 */
export function readName(bytes: Buffer, start: number): ReadName | undefined {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let lowest = start;
  let size = 1;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return { labels, end: end === -1 ? at + 1 : end };
    if (length >= 0xc0) {
      const low = bytes[at + 1];
      if (low === undefined) return undefined;
      if (end === -1) end = at + 2;
      at = ((length & 0x3f) << 8) | low;
      if (at >= lowest) return undefined;
      lowest = at;
      continue;
    }
    // 0x40 and 0x80 were never assigned for good (RFC 6891 §5).
    if (length > maxLabel || at + 1 + length > bytes.length) return undefined;
    size += 1 + length;
    if (size > maxName) return undefined;
    labels.push(bytes.toString("utf8", at + 1, at + 1 + length));
    at += 1 + length;
  }
}

/** True for text that can be one label of a host name in an answer of ours. */
export function isLabel(text: string): boolean {
  return text.length <= maxLabel && /^[A-Za-z0-9_-]+$/.test(text);
}

/** True for text that can be a whole name in an answer of ours. */
export function isName(text: string): boolean {
  return text.length <= maxName - 2 && text.split(".").every(isLabel);
}
