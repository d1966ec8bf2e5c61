import type { Span } from "../../source.ts";
import type { Cursor } from "../cursor.ts";
import { kind } from "../token.ts";
import type { Key, Missing } from "../tree.ts";
import { type Construct, constructAt } from "./constructs.ts";
import { extentOf, valueExtentOf } from "./extent.ts";
import { valueConstructAt } from "./values.ts";

/**
 * Where a line that begins at an offset is code of a program: tells so once for all of it, and goes on behind it. False when it is
 * none; nothing is consumed then.
 */
export function refuseProgram(cursor: Cursor, start: number): boolean {
  if (!cursor.mayRefuse) return false;
  const construct = constructAt(cursor.text, start);
  if (construct === undefined) return false;
  pass(cursor, construct, { start, end: extentOf(cursor.text, start, cursor.reach) });
  return true;
}

/** The same at a value, which is missing then; undefined when it is no code. */
export function refuseValue(cursor: Cursor, start: number): Missing | undefined {
  if (!cursor.mayRefuse) return undefined;
  const construct = valueConstructAt(cursor.text, start);
  if (construct === undefined) return undefined;
  const span = { start, end: valueExtentOf(cursor.text, start, cursor.reach) };
  pass(cursor, construct, span);
  return { kind: "missing", ...span };
}

/**
 * True behind a key that begins a block of code for all that stands around it: `return {`, `try` with what catches, `do` with its
 * `while`, braces that begin with the parameters of a block. With a sign behind it `return` is a key, as any other word.
 */
export function isProgramBlock(cursor: Cursor, path: readonly Key[]): boolean {
  const { text, start } = cursor;
  const [first, second] = path;
  if (first === undefined) return false;
  const isBrace = cursor.kind === kind.openBrace;
  // Asked of every block: most end with their line.
  const sign = text[start + 1] === " " ? text[start + 2] : text[start + 1];
  if (isBrace && sign === "|" && /^\{ ?\|[\w\s,]{0,100}\|/.test(text.slice(start, start + longestParameters)))
    return true;
  if (second !== undefined) return false;
  if (first.name === "return") return isBrace;
  if (isBrace && declaring.has(first.name)) return names.test(text.slice(start, start + longestDecorators));
  if (first.name !== "try" && !(first.name === "do" && isBrace)) return false;
  const construct = text.slice(first.start, extentOf(text, first.start, cursor.reach));
  return (first.name === "do" ? repeated : isBrace ? caught : excepted).test(construct);
}

/** Words before names in braces: `import { a, b } from`, `const { a } =`. A map has signs behind its keys. */
const declaring: ReadonlySet<string> = new Set("import export const let var use".split(" "));
const names = /^\{[ \t]*[\w$]+(?:[ \t]+as[ \t]+[\w$]+)?(?:[\s,]+[\w$]+(?:[ \t]+as[ \t]+[\w$]+)?)*[\s,]*\}/;

const longestParameters = 110;
/** What goes on behind a block of code, and cannot be a block or key of its own. */
const caught = /\}[ \t]*(?:catch|finally)\b|^[ \t]*catch[ \t]*\(/m;
const excepted = /^[ \t]*except\b/m;
const repeated = /\}\s*while[ \t]*\(/;

/** Refuses a function or class below lines that begin with `@`, and these; and `@if (…) {` as an older dialect writes it. */
export function refuseDecorated(cursor: Cursor, start: number): boolean {
  const { text } = cursor;
  if (!cursor.mayRefuse) return false;
  if (controls.test(text.slice(start, start + longestDecorators))) {
    const branches = constructAt(text, start + 1);
    if (branches !== undefined) pass(cursor, branches, { start, end: extentOf(text, start, cursor.reach) });
    return branches !== undefined;
  }
  const above = decorators.exec(text.slice(start, start + longestDecorators))?.[0].length ?? 0;
  const construct = above === 0 ? undefined : constructAt(text, start + above);
  if (construct === undefined || !/function|class/.test(construct.name)) return false;
  pass(cursor, construct, { start, end: extentOf(text, start + above, cursor.reach) });
  return true;
}

const decorators = /^(?:@[\w.]+(?:\([^\n]*\))?[ \t]*\r?\n[ \t]*)+/;
const controls = /^@(?:if|unless|switch|for|foreach|while)\b[^\n{]*\{[ \t]*\r?\n/;
const longestDecorators = 1000;

/** At a closing brace that closes nothing: refuses the block whose head is a comment, `#web /x {`. False when there is none. */
export function refuseDirective(cursor: Cursor): boolean {
  if (!cursor.mayRefuse) return false;
  const comment = directiveAbove(cursor);
  if (comment === undefined) return false;
  const text = cursor.text.slice(comment.start, comment.end).trimEnd();
  const help = "write the block without #, or make every line of it a comment; code belongs into a service";
  const message = `${text} is a comment, so its closing } closes nothing`;
  cursor.refuse("TSK_DIRECTIVE", { start: comment.start, end: cursor.end }, message, { help });
  return true;
}

/** The comment that was meant to open the block which a brace closes. */
function directiveAbove({ kind: now, tokens, text, index, reach }: Cursor): Span | undefined {
  if (now !== kind.closeBrace) return undefined;
  let depth = 0;
  for (let at = index - 1; at >= Math.max(0, index - mostTokens) && reach.left > 0; at--, reach.left--) {
    const token = tokens.kind(at);
    if (token === kind.closeBrace) depth++;
    if (token === kind.openBrace && depth-- === 0) return undefined;
    if (token !== kind.comment || depth > 0) continue;
    const comment = { start: tokens.start(at), end: tokens.end(at) };
    if (/^#[a-zA-Z][^\n]*\{\s*$/.test(text.slice(comment.start, comment.end))) return comment;
  }
  return undefined;
}

/** How many words and signs above a brace are looked at. */
const mostTokens = 5000;

function pass(cursor: Cursor, { code, name, help }: Construct, span: Span): void {
  const message =
    code === "TSK_STATEMENT"
      ? `${name} stands alone; a line gives a key its value`
      : `${name} is program code; nothing in a file is ever run`;
  cursor.refuse(code, span, message, { help });
  while (cursor.kind !== kind.end && cursor.start < span.end) cursor.advance();
}
