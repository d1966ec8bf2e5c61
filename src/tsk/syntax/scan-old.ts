import { kind, type Tokens } from "./token.ts";

/**
 * Texts over several lines as the older dialects write them: `|` after a colon, `<<ID`, `<<<ID`, `<<<` … `>>>`; and `&name`.
 * Returns where scanning goes on; 0 when there is none here.
 */
export function oldText(text: string, at: number, code: number, tokens: Tokens, search: Search): number {
  const end =
    code === 124
      ? blockEnd(text, at, tokens)
      : code === 60
        ? heredocEnd(text, at, search)
        : code === 38
          ? referenceEnd(text, at, tokens)
          : 0;
  if (end > 0) tokens.add(kind.oldText, end);
  return end;
}

/** Characters that may still be looked at for the ends of heredocs: many that never end must not cost their square. */
export interface Search {
  left: number;
  /** True when no end of a comment follows any more. */
  isEndless: boolean;
}

const blockHead = /\|[+-]?[ \t]*(?:#[^\n]*)?\r?\n/y;

/** `key: |` and the deeper lines below it. */
function blockEnd(text: string, at: number, tokens: Tokens): number {
  let before = tokens.count - 1;
  while (tokens.kind(before) === kind.space) before--;
  if (tokens.kind(before) !== kind.colon && tokens.kind(before) !== kind.equals) return 0;
  blockHead.lastIndex = at;
  if (!blockHead.test(text)) return 0;
  const depth = indentation(text, text.lastIndexOf("\n", at - 1) + 1);
  let end = 0;
  for (let line = blockHead.lastIndex; line < text.length; ) {
    const next = text.indexOf("\n", line);
    const stop = next < 0 ? text.length : next;
    const blank = text.slice(line, stop).trim() === "";
    if (!blank && indentation(text, line) <= depth) break;
    if (!blank) end = text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop;
    line = stop + 1;
  }
  return end;
}

const reference = /&[A-Za-z_]\w*/y;

/** `&name` in the place of a value. */
function referenceEnd(text: string, at: number, tokens: Tokens): number {
  let before = tokens.count - 1;
  while (tokens.kind(before) === kind.space) before--;
  if (!beforeValue.has(tokens.kind(before))) return 0;
  reference.lastIndex = at;
  return reference.test(text) ? reference.lastIndex : 0;
}

const beforeValue: ReadonlySet<number> = new Set([
  ...[kind.colon, kind.equals, kind.comma, kind.openBracket, kind.openParen],
]);

const heredocHead = /<<(?:<?[ \t]*(["']?)([A-Za-z_]\w*)\1|<)[ \t]*\r?\n/y;

function heredocEnd(text: string, at: number, search: Search): number {
  heredocHead.lastIndex = at;
  const head = heredocHead.exec(text);
  if (head === null) return 0;
  const name = head[2] ?? ">>>";
  for (let line = heredocHead.lastIndex; line < text.length && search.left > 0; ) {
    const next = text.indexOf("\n", line);
    const stop = next < 0 ? text.length : next;
    search.left -= stop + 1 - line;
    const start = line + indentation(text, line);
    if (text.startsWith(name, start) && /^[;,]?\s*$/.test(text.slice(start + name.length, stop)))
      return start + name.length;
    line = stop + 1;
  }
  return 0;
}

function indentation(text: string, line: number): number {
  let at = line;
  while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at++;
  return at - line;
}

const entryLine = /^\s*(?:[$\p{L}_"'][\p{L}\d_."' -]*[:=]|\[[^\]\n]+\]\s*$|[}\]>]\s*$)/mu;

// A string of the older dialects is a paragraph, not a file; looking further would only hide a forgotten quote.
const farthest = 16_384;

/**
 * Where a `"` string that goes on over lines ends; 0 when it closes on its line, or when what stands before the next
 * quote looks like entries: then the quote was forgotten.
 */
export function linesEnd(text: string, at: number): number {
  let end = at + 1;
  let lines = false;
  for (; end < text.length && end < at + farthest; end++) {
    const code = text.charCodeAt(end);
    if (code === 34) break;
    if (code === 10) lines = true;
    else if (code === 92) end++;
    else if (code === 36 && text.charCodeAt(end + 1) === 123) return 0;
  }
  if (!lines || text.charCodeAt(end) !== 34) return 0;
  // What follows no string is in one that begins there.
  if (/[^\s,;:\]})+?#]/.test(text[end + 1] ?? "")) return 0;
  const inside = text.slice(text.indexOf("\n", at) + 1, end);
  return entryLine.test(inside) ? 0 : end + 1;
}
