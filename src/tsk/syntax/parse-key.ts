import type { Cursor } from "./cursor.ts";
import { limits } from "./limits.ts";
import type { ReadValue } from "./parse-primary.ts";
import { stringText } from "./text.ts";
import { kind } from "./token.ts";
import type { Key } from "./tree.ts";

/** path = key { "." key }; undefined when there is none: reported. */
export function parseKeys(cursor: Cursor, read: ReadValue): Key[] | undefined {
  // Most paths are one name. An array that is written down has room for what stands in it, one that grows for 16 more.
  const keys: Key[] =
    cursor.kind === kind.name ? [name(cursor)] : cursor.kind === kind.string ? [quoted(cursor)] : [];
  if (keys.length === 0 && !key(cursor, keys, read)) return undefined;
  while (cursor.take(kind.dot)) if (!key(cursor, keys, read)) return undefined;
  return keys;
}

function name(cursor: Cursor): Key {
  const found = { name: cursor.word, start: cursor.start, end: cursor.end };
  cursor.advance();
  return found;
}

function quoted(cursor: Cursor): Key {
  const { start, end } = cursor;
  const found = { name: stringText(cursor, cursor.kind, start, end), start, end };
  cursor.advance();
  return found;
}

function key(cursor: Cursor, keys: Key[], read: ReadValue): boolean {
  const { start } = cursor;
  switch (cursor.kind) {
    case kind.name:
      keys.push(name(cursor));
      return true;
    case kind.word:
    case kind.int:
    case kind.duration:
    case kind.size:
    case kind.range:
    case kind.date:
    case kind.float:
      dotted(keys, cursor.word, start);
      break;
    case kind.string:
    case kind.raw:
      keys.push(quoted(cursor));
      return true;
    default:
      return noKey(cursor, read);
  }
  cursor.advance();
  return true;
}

/** `versions.1.2` scans its end as a float: every word between dots is a key. */
function dotted(keys: Key[], word: string, start: number): void {
  let at = start;
  for (const name of word.split(".")) {
    keys.push({ name, start: at, end: at + name.length });
    at += name.length + 1;
  }
}

function noKey(cursor: Cursor, read: ReadValue): false {
  const { start, end } = cursor;
  if (cursor.kind === kind.broken) {
    cursor.advance();
    return false;
  }
  if (cursor.kind === kind.head) {
    const { end: templateEnd } = read(cursor);
    cursor.report("TSK_KEY", { start, end: templateEnd }, "a key may not hold an interpolation");
    return false;
  }
  if (cursor.kind === kind.less) {
    const help = "write key: value, and braces around a map";
    const element = { start, end: elementEnd(cursor) };
    cursor.report("TSK_MARKUP", element, "tags are no part of the language", { help });
    while (cursor.end < element.end && !cursor.is(kind.end)) cursor.advance();
    return false;
  }
  const found =
    cursor.kind === kind.newline || cursor.kind === kind.end ? "the end of the line" : cursor.shown;
  const help = "a key is a name, a number or quoted text";
  cursor.report("TSK_KEY", { start, end }, `a key is expected here, found ${found}`, { help });
  return false;
}

/** Where a tag ends that stands here, with what stands between it and the one that closes it: it is one thing of another language. */
function elementEnd({ text, problems, start, end }: Cursor): number {
  // Looked for as often as it can be reported, or a file of nothing but tags would cost the square of its length.
  if (problems.length >= limits.diagnostics) return end;
  const tag = /^<[\w:-]+/.exec(text.slice(start, start + longestTag))?.[0].slice(1);
  const closing = `</${tag}>`;
  const close = tag === undefined ? -1 : text.indexOf(closing, end);
  return close < 0 ? end : close + closing.length;
}

const longestTag = 200;
