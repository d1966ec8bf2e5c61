import type { TskCode } from "../codes.ts";
import { type Diagnostic, type Fix, type ProblemNotes, problem, warning } from "../diagnostic.ts";
import type { Source, Span } from "../source.ts";
import { wholeReach } from "./code/extent.ts";
import { limits } from "./limits.ts";
import type { Causes } from "./repair/causes.ts";
import { KnownTexts } from "./store/known-texts.ts";
import { Pile } from "./store/pile.ts";
import { kind, type Tokens } from "./token.ts";
import type { Argument, Item, ObjectValue, Value } from "./tree.ts";

/**
 * The parser's place in the tokens: the current token is never a space, a comment or an invalid character, and while
 * `free` (inside parentheses) never a line end.
 */
export class Cursor {
  readonly source: Source;
  readonly text: string;
  readonly tokens: Tokens;
  readonly problems: Diagnostic[];
  /** Reads an object at its `{`; set by the grammar of items, which values know only through here. */
  readonly object: (cursor: Cursor) => ObjectValue;
  /** Kind of the current token. */
  kind: number = kind.end;
  /** Index of the current token. */
  index = -1;
  /** Where the current token begins. */
  start = 0;
  /** Where it ends. */
  end = 0;
  /** True when a line end is only white space. */
  free = false;
  /** How many `?` wait for their `:`; there a name before a colon is no key. */
  choosing = 0;
  /** How many conditions are around: levels that are no brackets. */
  conditions = 0;
  /** End offset of the token consumed last, line ends not counted. */
  lastEnd = 0;
  /** True when the older dialects are read too. */
  readonly compat: boolean;
  readonly causes: Causes;
  /** How far is looked for the ends of code. */
  readonly reach = wholeReach();
  /** Items of the objects that are being read. */
  readonly items = new Pile<Item>();
  /** Elements of the lists that are being read. */
  readonly elements = new Pile<Value>();
  /** Arguments of the calls that are being read. */
  readonly args = new Pile<Argument>();
  readonly #known: KnownTexts;
  #depth = 0;
  #stopped = false;
  #backAt = -1;
  #backs = 0;
  /** Tokens that may still be looked at ahead. */
  #looks = 100_000;
  /** Brackets that were given up, by what would close them: reported as never closed, or on a line that cannot be read. */
  readonly #unclosed = new Map<number, number[]>();
  #unclosedAt = -1;
  #reportedAt = -1;
  #lastInvalid = -1;
  #refusals = 0;
  #consumed = 0;

  constructor(
    source: Source,
    tokens: Tokens,
    problems: Diagnostic[],
    object: (cursor: Cursor) => ObjectValue,
    causes: Causes,
    compat: boolean,
  ) {
    this.source = source;
    this.compat = compat;
    this.text = source.text;
    this.#known = new KnownTexts(source.text);
    this.tokens = tokens;
    this.problems = problems;
    this.object = object;
    this.causes = causes;
    for (const one of problems) this.#noteBrackets(one);
    this.#settle(0);
  }

  /** True when nothing stands between the last token and the current one. */
  get glued(): boolean {
    return this.start === this.lastEnd;
  }

  /** True when an invalid character, reported already, stands right before the current token. */
  get spoiled(): boolean {
    return this.#lastInvalid >= this.#consumed;
  }

  /** Text of the current token. */
  get word(): string {
    return this.#known.slice(this.start, this.end);
  }

  /** A stretch of the text, which is the same one again where it was read before. */
  slice(start: number, end: number): string {
    return this.#known.slice(start, end);
  }

  /** The current token for a message: one line, not too long. */
  get shown(): string {
    const line = this.word.split("\n", 1)[0] ?? "";
    return line.length > 40 ? `${line.slice(0, 40)}…` : line;
  }

  /** True when the current token is of this kind. */
  is(wanted: number): boolean {
    return this.kind === wanted;
  }

  advance(): void {
    if (this.kind === kind.end) return;
    this.#consumed = this.end;
    if (this.kind !== kind.newline) this.lastEnd = this.end;
    this.#settle(this.index + 1);
  }

  /** Consumes the current token when it is of this kind. */
  take(wanted: number): boolean {
    if (this.kind !== wanted) return false;
    this.advance();
    return true;
  }

  skipNewlines(): void {
    while (this.kind === kind.newline) this.advance();
  }

  /** The first kind that is no line end, from here on; consumes nothing. */
  beyondNewlines(): number {
    let at = this.index;
    while (this.tokens.kind(at) <= kind.newline && at < this.tokens.count) at++;
    return this.tokens.kind(at);
  }

  /** Goes to a token: back to one that was current before, to recover, or to where reading begins. */
  backTo(index: number): void {
    this.#settle(index);
  }

  /** True at an opening bracket that something closes before the next section. Looks only so far, and so often. */
  isClosed(): boolean {
    let depth = 0;
    for (let at = this.index; this.#looks > 0; at++, this.#looks--) {
      const now = this.tokens.kind(at);
      if (now === kind.end) return false;
      if (now === kind.openBracket && depth > 0 && this.text[this.tokens.start(at) - 1] === "\n")
        return false;
      if (now === kind.openBrace || now === kind.openBracket || now === kind.openParen) depth++;
      else if (now === kind.closeBrace || now === kind.closeBracket || now === kind.closeParen) depth--;
      if (depth === 0) return true;
    }
    return true;
  }

  /** Back to the line end that was passed as white space, so that recovery does not lose a line. */
  backToNewline(): void {
    let found = -1;
    for (let at = this.index - 1; at >= 0 && this.tokens.kind(at) <= kind.newline; at--) {
      if (this.tokens.kind(at) === kind.newline) found = at;
    }
    if (found >= 0) this.#settle(found);
  }

  /**
   * Back to the end of the line on which a bracket stands that never closes: the lines behind it are entries, which were
   * read as white space and values. Never back to a line twice, and only so often: reading them again must not add up.
   */
  backToLineOf(open: Span): void {
    let found = -1;
    for (let at = this.index - 1; at >= 0 && this.tokens.start(at) >= open.end; at--) {
      if (this.tokens.kind(at) === kind.newline) found = at;
    }
    if (found <= this.#backAt || this.#backs++ >= limits.diagnostics) return;
    this.#backAt = found;
    this.lastEnd = this.tokens.start(found);
    this.#settle(found);
  }

  /** Reports once per place; an invalid character just skipped is the cause already told. */
  report(code: TskCode, span: Span, message: string, notes?: ProblemNotes): void {
    this.causes.note(span);
    if (this.#stopped || this.problems.length >= limits.diagnostics) return;
    if (this.#reportedAt === span.start || this.spoiled) return;
    if (this.causes.isTold(code, span, this.#depth > this.conditions)) return;
    this.#reportedAt = span.start;
    if (code !== "TSK_UNCLOSED") this.#noteBrackets(span);
    this.problems.push(problem(this.source, span, code, message, notes));
  }

  /** False when so much was refused that no more is looked for. What the scanner has found in code gives way to it. */
  get mayRefuse(): boolean {
    return this.#refusals < limits.diagnostics;
  }

  /** Reports what is refused whole: what was found wrong in it before is no mistake of its own. */
  refuse(code: TskCode, span: Span, message: string, notes: ProblemNotes): void {
    this.causes.note(span);
    if (this.#stopped) return;
    this.#refusals++;
    const isOutside = (one: Diagnostic): boolean =>
      one.start < span.start || one.start >= span.end || whole.has(one.code);
    const outside = this.problems.filter(isOutside);
    this.problems.splice(0, this.problems.length, ...outside);
    if (outside.length < limits.diagnostics)
      this.problems.push(problem(this.source, span, code, message, notes));
  }

  /** Reports what an older dialect writes, and is read all the same. */
  warn(code: TskCode, span: Span, message: string, fix: Fix | undefined): void {
    this.causes.note(span);
    if (this.#stopped || this.spoiled || this.problems.length >= limits.diagnostics) return;
    this.problems.push(warning(this.source, span, code, message, fix === undefined ? {} : { fix }));
  }

  /** Reports an opening bracket without its closing one, once for all that the same place leaves open. */
  reportUnclosed(open: Span): void {
    this.causes.note(open);
    this.causes.note({ start: this.start, end: this.end });
    if (this.#unclosedAt === this.index) return;
    this.#unclosedAt = this.index;
    const bracket = this.text.slice(open.start, open.end);
    const closing = brackets.get(bracket === ">" ? "{" : bracket);
    if (closing !== undefined) this.#giveUp(closing, open.start);
    this.report("TSK_UNCLOSED", open, `this ${bracket} is never closed`);
  }

  /** Reports a closing bracket too many; not when it closes one that was given up before. */
  reportOrphan(span: Span, message: string): void {
    if (!this.closesGivenUp()) this.report("TSK_ORPHAN", span, message);
  }

  /**
   * True, once for each, at a closing bracket whose opening one was reported as never closed, or stands on a line that
   * could not be read.
   */
  closesGivenUp(): boolean {
    this.causes.note({ start: this.start, end: this.end });
    const open = this.#unclosed.get(this.kind) ?? [];
    while (open.length > 0 && !this.#isBelow(open.at(-1) ?? 0)) open.pop();
    return open.pop() !== undefined;
  }

  /** True while all lines between the one of an opening bracket and this one stand deeper: the others are no part of what it opens. */
  #isBelow(open: number): boolean {
    const between = this.text.slice(open, Math.min(this.start, open + farthest)).split("\n");
    const own = indentOf(this.text.slice(this.text.lastIndexOf("\n", open - 1) + 1, open));
    return between.slice(1, -1).every((line) => /^\s*(?:[}\])]|$)/.test(line) || indentOf(line) > own);
  }

  /** Notes brackets that a line opens and does not close: when it cannot be read, neither can what closes them. */
  #noteBrackets({ start, end }: Span): void {
    const from = Math.max(this.text.lastIndexOf("\n", start - 1) + 1, start - widest);
    const newline = this.text.indexOf("\n", end);
    const line = this.text.slice(from, Math.min(newline < 0 ? this.text.length : newline, end + widest));
    for (const [opening, closing] of brackets) {
      const open = line.split(opening).length - line.split(closings[opening] ?? "").length;
      for (let count = 0; count < Math.min(open, 8); count++) this.#giveUp(closing, start);
    }
  }

  #giveUp(closing: number, open: number): void {
    const all = this.#unclosed.get(closing);
    if (all === undefined) this.#unclosed.set(closing, [open]);
    else all.push(open);
  }

  /** Enters one level; false when it is one too many: reported, and reading stops there. */
  enter(span: Span): boolean {
    if (this.#depth >= limits.nesting) {
      this.report("TSK_TOO_DEEP", span, `nested more than ${limits.nesting} levels deep`);
      this.#stopped = true;
      this.#settle(this.tokens.count - 1);
      return false;
    }
    this.#depth++;
    return true;
  }

  leave(): void {
    this.#depth--;
  }

  #settle(index: number): void {
    let at = index;
    let now = this.tokens.kind(at);
    while (now <= kind.newline && (now !== kind.newline || this.free)) {
      if (now === kind.invalid) this.#lastInvalid = this.tokens.start(at);
      now = this.tokens.kind(++at);
    }
    this.index = at;
    this.kind = now;
    this.start = this.tokens.start(at);
    this.end = this.tokens.end(at);
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** Codes of what is wrong with more of a text than the place where it begins. */
const whole: ReadonlySet<string> = new Set<TskCode>(["TSK_MERGE", "TSK_COMMENT_OPEN"]);

/** How far behind a bracket that is given up what would close it is looked at closely. */
const farthest = 2000;

const closings: Readonly<Record<string, string>> = { "{": "}", "[": "]", "(": ")" };

/** Opening brackets and the kind of what closes them. */
const brackets: ReadonlyMap<string, number> = new Map([
  ["{", kind.closeBrace],
  ["[", kind.closeBracket],
  ["(", kind.closeParen],
]);

/** How far around a mistake its line is looked at: lines may be very long. */
const widest = 1000;
