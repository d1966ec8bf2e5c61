/** The UTF-16 units of a text. */
export type Codes = Uint8Array | Uint16Array;

const encoder = new TextEncoder();

/**
 * The units of a text as numbers in a row: to read one is a look into memory, where `charCodeAt` asks each time what kind of string
 * it has before it. Most files are ASCII and take a byte for each.
 */
export function codesOf(text: string): Codes {
  const bytes = encoder.encode(text);
  // Everything beyond ASCII, and half a surrogate pair, is more bytes than units (RFC 3629 §3).
  if (bytes.length === text.length) return bytes;
  const codes = new Uint16Array(text.length);
  for (let at = 0; at < text.length; at++) codes[at] = text.charCodeAt(at);
  return codes;
}
