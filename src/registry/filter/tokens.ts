/** A piece of a filter. */
export interface Token {
  readonly kind: "word" | "text" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

const maxChars = 4_096;
const pattern = /\s*(?:("(?:[^"\\]|\\.)*"|`[^`]*`)|(==|!=|[()[\]{},])|([^\s()[\]{},"`=!]+))/y;

/** The pieces of a filter, the end among them. @throws Error saying where it broke off */
export function tokens(written: string): Token[] {
  if (written.length > maxChars) throw new Error(`the filter is longer than ${maxChars} characters`);
  const found: Token[] = [];
  const end = written.trimEnd().length;
  for (pattern.lastIndex = 0; pattern.lastIndex < end; ) {
    const at = pattern.lastIndex;
    const match = pattern.exec(written);
    if (match === null) throw new Error(`${at + 1}: no match found`);
    const [, quoted, sign, word = ""] = match;
    if (quoted !== undefined) found.push({ kind: "text", text: unquoted(quoted), at });
    else if (sign !== undefined) found.push({ kind: "sign", text: sign, at });
    else found.push({ kind: "word", text: word, at });
  }
  return [...found, { kind: "end", text: "the end", at: end }];
}

function unquoted(quoted: string): string {
  if (quoted.startsWith("`")) return quoted.slice(1, -1);
  return quoted.slice(1, -1).replace(/\\(.)/g, "$1");
}
