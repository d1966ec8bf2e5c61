import type { TskCode } from "../../codes.ts";
import type { Cursor } from "../cursor.ts";
import { stringText } from "../text.ts";
import { kind } from "../token.ts";
import type { Text } from "../tree.ts";

/** A text over several lines as the older dialects write it: `key: |`, `<<ID`, or in single double quotes. */
export function oldText(cursor: Cursor): Text {
  const { start, end, word } = cursor;
  const span = { start, end };
  const [code, value, fixed, message] = read(cursor, word);
  cursor.warn(code, span, message, { ...span, text: fixed });
  cursor.advance();
  return { kind: "text", value, ...span };
}

type Read = readonly [code: TskCode, value: string, fixed: string, message: string];

function read(cursor: Cursor, word: string): Read {
  if (word.startsWith('"')) {
    const fixed = word.replace(/\r?\n/g, "\\n");
    const text = stringText(cursor, kind.string, cursor.start, cursor.end).replace(/\r\n/g, "\n");
    return ["TSK_OLD_LINES", text, fixed, 'a string over several lines stands in """'];
  }
  const lines = word.replace(/\r\n/g, "\n").split("\n");
  if (word.startsWith("|")) {
    const keep = word.startsWith("|-") ? "" : "\n";
    const value = `${undented(lines.slice(1), shallowest(lines.slice(1))).join("\n")}${keep}`;
    return [
      "TSK_OLD_BLOCK",
      value,
      quoted(value),
      "a text over several lines stands in three quotes, not after |",
    ];
  }
  const depth = /^[ \t]*/.exec(lines.at(-1) ?? "")?.[0].length ?? 0;
  const value = undented(lines.slice(1, -1), depth).join("\n");
  return [
    "TSK_OLD_HEREDOC",
    value,
    quoted(value),
    "a text over several lines stands in three quotes, not after <<",
  ];
}

function shallowest(lines: readonly string[]): number {
  const depths = lines.filter((line) => line.trim() !== "").map((line) => line.search(/[^ \t]/));
  return depths.length === 0 ? 0 : Math.min(...depths.slice(0, 10_000));
}

/** Lines without the first so many blanks, as far as they have them. */
function undented(lines: readonly string[], depth: number): readonly string[] {
  return lines.map((line) => line.slice(Math.min(depth, /^[ \t]*/.exec(line)?.[0].length ?? 0)));
}

/** The text in three quotes, which stand at the beginning of a line: nothing is taken off the lines. */
function quoted(value: string): string {
  if (!value.includes("'''") && !value.endsWith("'")) return `'''\n${value}\n'''`;
  return JSON.stringify(value).replaceAll("${", "\\${");
}
