import type { Cursor } from "../cursor.ts";
import { skipValue } from "../recover.ts";
import { kind } from "../token.ts";

/**
 * Reports what begins with a bracket at the root of a file and is no section, but what other languages write there: `[[name]]` of
 * TOML, or a whole document that is a list, as in JSON. Consumes nothing when it is neither.
 */
export function refuseForeign(cursor: Cursor): boolean {
  return refuseTable(cursor) || refuseList(cursor);
}

const table = /^\[[ \t]*\[[ \t]*([^[\]\n]{1,200}?)[ \t]*\][ \t]*\][ \t\r]*(?:#[^\n]*)?(?:\n|$)/;

/** `[[name]]`, an element of a list in TOML. */
function refuseTable(cursor: Cursor): boolean {
  const name = table.exec(cursor.text.slice(cursor.start, cursor.start + longest))?.[1];
  if (name === undefined) return false;
  const { start } = cursor;
  skipValue(cursor);
  const help = `write [${name}] for a section; a list of maps is written ${name}: [{ … }, { … }]`;
  cursor.report("TSK_SECTION", { start, end: cursor.lastEnd }, "a section stands in one pair of brackets", {
    help,
  });
  return true;
}

const elements = /^\[\s*(?:[{[]|(?:-?[\d.]+|"(?:[^"\\\n]|\\.)*"|true|false|null)\s*,)/;
const nothing = /^\ufeff?(?:\s|(?:#|\/\/)[^\n]*\n)*$/;

/** A list in place of the map that a document is. */
function refuseList(cursor: Cursor): boolean {
  const { start, end, text } = cursor;
  if (start > longest || !nothing.test(text.slice(0, start))) return false;
  if (!elements.test(text.slice(start, start + longest)) || !cursor.isClosed()) return false;
  const help = "give the list a key: items: [ … ]";
  cursor.report("TSK_EXPECTED", { start, end }, "a document is a map, and this is a list", { help });
  skipValue(cursor);
  if (cursor.kind === kind.closeBracket) cursor.advance();
  return true;
}

/** How far is looked. */
const longest = 2000;
