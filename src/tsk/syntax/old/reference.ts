import type { Cursor } from "../cursor.ts";
import type { Operator } from "../tree.ts";

/** `&name`: the value of the key at the root of the document. */
export function oldReference(cursor: Cursor): Operator {
  const { start, end, word } = cursor;
  const name = word.slice(1);
  const text = `@ref("${name}")`;
  cursor.warn("TSK_OLD_REF", { start, end }, `${word} is written ${text}`, { start, end, text });
  cursor.advance();
  const value = { kind: "text", value: name, start, end } as const;
  return { kind: "operator", name: "ref", args: [{ name: undefined, value, start, end }], start, end };
}

const braces = /\{\{[ \t]*([A-Za-z_]\w*)[ \t]*\}\}/y;

/** `{{name}}` as a value: a variable of the environment. Undefined when this is none. */
export function oldBraces(cursor: Cursor): Operator | undefined {
  const { start, text } = cursor;
  if (!cursor.compat || text.charCodeAt(start + 1) !== 123) return undefined;
  braces.lastIndex = start;
  const found = braces.exec(text);
  if (found?.[1] === undefined) return undefined;
  const [written, name] = found;
  const span = { start, end: start + written.length };
  const fixed = `@env("${name}")`;
  cursor.warn("TSK_OLD_REF", span, `${written} is written ${fixed}`, { ...span, text: fixed });
  while (cursor.start < span.end) cursor.advance();
  const value = { kind: "text", value: name, ...span } as const;
  return { kind: "operator", name: "env", args: [{ name: undefined, value, ...span }], ...span };
}
