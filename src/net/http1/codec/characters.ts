/** Classes of characters, by code: 1 where it belongs to the class. */
export type CharacterClass = Uint8Array;

function classOf(test: (code: number) => boolean): CharacterClass {
  return Uint8Array.from({ length: 256 }, (_none, code) => (test(code) ? 1 : 0));
}

const letterOrDigit = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/** tchar (RFC 9110 §5.6.2): what a method or a field name is made of. */
export const tokenChars: CharacterClass = classOf(
  (code) => letterOrDigit(code) || "!#$%&'*+-.^_`|~".includes(String.fromCharCode(code)),
);

/**
 * field-vchar, SP and HTAB (RFC 9110 §5.5). CR, LF and NUL are dangerous in a value, and no other control character
 * has a use there: all are refused.
 */
export const valueChars: CharacterClass = classOf((code) => code === 9 || (code >= 32 && code !== 127));

/** What a request target may hold (RFC 3986 §2): visible ASCII. Anything else must be percent-encoded. */
export const targetChars: CharacterClass = classOf((code) => code > 32 && code < 127 && code !== 35);

/** What an authority may hold (RFC 3986 §3.2), without userinfo. */
export const authorityChars: CharacterClass = classOf(
  (code) => letterOrDigit(code) || "-._~!$&'()*+,;=:[]%".includes(String.fromCharCode(code)),
);

/** True when every character of `text` from `from` to `end` belongs to the class. */
export function all(chars: CharacterClass, text: string, from = 0, end: number = text.length): boolean {
  for (let at = from; at < end; at++) if (chars[text.charCodeAt(at)] !== 1) return false;
  return true;
}

export const tab = 9;
export const lf = 10;
export const cr = 13;
export const space = 32;
export const colon = 58;
export const semicolon = 59;
