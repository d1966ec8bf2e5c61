import type { TskCode } from "../codes.ts";
import { type Diagnostic, problem } from "../diagnostic.ts";
import { Source } from "../source.ts";
import { Cursor } from "./cursor.ts";
import { limits } from "./limits.ts";
import { isPair } from "./old/shapes.ts";
import { parseItems, parseObject } from "./parse-item.ts";
import { parseKeys } from "./parse-key.ts";
import { parseValue } from "./parse-value.ts";
import { Causes, type Scanned } from "./repair/causes.ts";
import { scan } from "./scan.ts";
import type { Report } from "./scan-string.ts";
import { kind, Tokens } from "./token.ts";
import type { Item, Key, Tree, Value } from "./tree.ts";

/**
 * Parses a text into a lossless tree. Never throws: problems are in `diagnostics`, all of them in one run, at most one
 * per cause.
 *
 * @param text the text, or a source that names its file and layer
 * @example parse('port: 8080').items.length // 1
 */
export function parse(text: string | Source): Tree {
  const source = typeof text === "string" ? new Source("", text) : text;
  if (source.text.length > limits.text)
    return refused(source, `the text is ${source.text.length} characters long; the limit is ${limits.text}`);
  const problems: Diagnostic[] = [];
  const cursor = open(source, problems, source.compat);
  if (isTooMuch(cursor.tokens))
    return refused(source, `the text has more than ${limits.tokens} words and signs`);
  return treeOf(cursor, document(cursor));
}

/** True for more tokens than a document may have. Most texts have fewer of all kinds. */
export function isTooMuch(tokens: Tokens): boolean {
  return tokens.count > limits.tokens && tokens.significant > limits.tokens;
}

/** True for a text that was not read at all. */
export function isRefused({ diagnostics }: Tree): boolean {
  return diagnostics[0]?.code === "TSK_TOO_LARGE";
}

/**
 * True for a text in which nothing is wrong or written the old way. Reads no further than it takes to know.
 *
 * @param tokens where its tokens are put: whoever asks of many texts has room for them once
 */
export function isSound(source: Source, tokens = new Tokens(64)): boolean {
  const { text, compat } = source;
  if (text.length > limits.text) return false;
  tokens.clear();
  try {
    const cursor = cursorOver(
      source,
      [],
      compat,
      (report) => scan(text, report, compat, tokens),
      () => {
        throw unsound;
      },
    );
    document(cursor);
    return true;
  } catch (error) {
    if (error === unsound) return false;
    throw error;
  }
}

/** Ends the reading of a text at the first thing that is wrong. Made once: many texts are tried, and a stack costs more. */
const unsound = new Error("something is wrong with this text");

/** The tree of what a cursor has read. */
export function treeOf({ source, tokens, problems, causes }: Cursor, items: readonly Item[]): Tree {
  const diagnostics = sound(problems).sort((a, b) => a.start - b.start);
  return { source, tokens, items, diagnostics, trouble: causes.trouble };
}

/**
 * Without warnings on a line that cannot be read: what they would repair is not what is meant. And without a quote that
 * is missing because the line before broke off inside the string.
 */
function sound(problems: readonly Diagnostic[]): Diagnostic[] {
  const errors = problems.filter((one) => one.severity === "error");
  const broken = new Set(errors.map((one) => one.line));
  const short = new Set(errors.filter(({ code }) => code === "TSK_EMPTY_VALUE").map((one) => one.line));
  return problems.filter(({ severity, code, line }) =>
    severity === "error" ? code !== "TSK_STRING_OPEN" || !short.has(line - 1) : !broken.has(line),
  );
}

/**
 * Parses a text that is one value and nothing else, as an override from outside is; undefined when it is not.
 * Never reports: the caller reads the text as text then.
 */
export function parseLoneValue(source: Source, start: number): Value | undefined {
  const problems: Diagnostic[] = [];
  const lone = new Source(source.file, `${" ".repeat(start)}${source.text.slice(start)}`, source.layer);
  const cursor = open(lone, problems);
  const value = parseValue(cursor);
  cursor.skipNewlines();
  return problems.length === 0 && cursor.kind === kind.end ? value : undefined;
}

/**
 * Parses the path at the beginning of a text: `routes."/api/*".timeout`. `end` is where the value after an `=` begins;
 * undefined when the path is the whole text. The result is undefined when there is something else.
 */
export function parseLonePath(source: Source): { path: readonly Key[]; end: number | undefined } | undefined {
  const problems: Diagnostic[] = [];
  const cursor = open(source, problems);
  const path = parseKeys(cursor, parseValue);
  if (path === undefined || problems.some((one) => one.start < cursor.start)) return undefined;
  if (cursor.is(kind.end)) return { path, end: undefined };
  // `a==b` sets "=b".
  if (cursor.is(kind.equals) || cursor.is(kind.equal)) return { path, end: cursor.start + 1 };
  return undefined;
}

function open(source: Source, problems: Diagnostic[], compat = false): Cursor {
  return cursorOver(source, problems, compat, (report) => scan(source.text, report, compat));
}

/**
 * A cursor at the first token of a source.
 *
 * @param cut makes the tokens
 * @param onTrouble hears of everything that is wrong, told or not
 */
export function cursorOver(
  source: Source,
  problems: Diagnostic[],
  compat: boolean,
  cut: (report: Report) => Tokens,
  onTrouble?: () => void,
): Cursor {
  const confused: Scanned[] = [];
  const tokens = cut((code, start, end, message) => {
    onTrouble?.();
    confused.push({ code, start, end });
    if (problems.length >= limits.diagnostics) return;
    const last = problems.at(-1);
    if (last === undefined || !isSame(source.text, last, code, start))
      problems.push(problem(source, { start, end }, code, message));
  });
  const causes = new Causes(source.text, confused, onTrouble);
  return new Cursor(source, tokens, problems, (cursor) => parseObject(cursor, parseValue), causes, compat);
}

/**
 * True when what the scanner finds belongs to what it found before: a quote behind a character that means nothing,
 * characters in a row, the other side of a merge, or the rest of a string that was broken off by a line end.
 */
function isSame(text: string, last: Diagnostic, code: TskCode, start: number): boolean {
  if (code === "TSK_MERGE") return code === last.code && text[start] !== "<";
  if (code !== "TSK_STRING_OPEN" && code !== "TSK_CHARACTER") return false;
  if (code === last.code && last.end === start) return true;
  const lines = text.slice(last.start, start).split("\n", 3).length;
  if (code === "TSK_STRING_OPEN" && lines === 1) return true;
  if (last.code !== "TSK_STRING_OPEN" || lines !== 2) return false;
  const ends =
    text[start] === text[last.start] && /^\s*[,\]})]*[ \t]*(?:\n|$)/.test(text.slice(start + 1, start + 100));
  return code === "TSK_STRING_OPEN" ? ends : text.startsWith("${", start);
}

/** A document is items, or one object: every JSON object is a document. */
function document(cursor: Cursor): readonly Item[] {
  cursor.skipNewlines();
  if (cursor.kind !== kind.openBrace || (cursor.compat && isPair(cursor)))
    return parseItems(cursor, parseValue, kind.end);
  const open = { start: cursor.start, end: cursor.end };
  const root = parseObject(cursor, parseValue);
  const closed = cursor.text[root.end - 1] === "}" && root.end > open.end;
  cursor.skipNewlines();
  if (cursor.is(kind.end)) return root.items;
  const rest = parseItems(cursor, parseValue, kind.end);
  // A brace too many at the beginning: told already, and the rest is read as if it were not there.
  if (!closed) return [...root.items, ...rest];
  const first = rest[0];
  if (first !== undefined)
    cursor.report("TSK_EXPECTED", first, "nothing may follow the object that is the whole document");
  return root.items;
}

/** Too much to be read: the whole text is one token that means nothing. */
function refused(source: Source, message: string): Tree {
  const tokens = new Tokens(2);
  tokens.add(kind.invalid, source.text.length);
  tokens.add(kind.end, source.text.length);
  const diagnostics = [problem(source, { start: 0, end: 0 }, "TSK_TOO_LARGE", message)];
  return { source, tokens, items: [], diagnostics, trouble: { start: 0, end: source.text.length } };
}
