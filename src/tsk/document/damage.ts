import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../report/suggest.ts";
import { Source } from "../source.ts";
import { isSound } from "../syntax/parse.ts";
import type { Tree } from "../syntax/tree.ts";

/**
 * What the syntax of a document's files has lost. A name that stands on a line that cannot be read, or a map that a
 * forgotten brace has moved, makes values wrong that are written right: that is the mistake already told.
 */
export class Damage {
  /** Lines that cannot be read, by file. */
  readonly #lines = new Map<string, ReadonlySet<number>>();
  /** Lines beside one that is no entry: it may be the rest of the one before, or the next one its own. */
  readonly #beside = new Set<string>();
  /** Words on them, in all files. */
  readonly #words = new Set<string>();
  /** True when a bracket may be missing or too many: which key stands where is a guess. */
  #moved = false;
  /** True when a line has lost its key or the name of its variable: anything may have been written there. */
  #nameless = false;
  #guesses = 100;

  /** Notes what is wrong with a file that was read. */
  add({ source, diagnostics }: Tree): void {
    const errors = diagnostics.filter((one) => one.severity === "error");
    if (errors.length === 0) return;
    const lines = new Set(errors.map((one) => one.line));
    for (const { line, column } of errors) {
      if (
        source
          .line(line)
          .slice(0, column - 1)
          .trim() !== ""
      )
        continue;
      for (const [first, other] of [
        [line - 1, line - 1],
        [line, line + 1],
      ] as const) {
        const joined = joinedLines(source, first);
        if (joined === undefined) continue;
        this.#beside.add(`${source.file}:${other}`);
        for (const word of wordsOf(joined)) this.#words.add(word);
      }
    }
    this.#lines.set(source.file, lines);
    for (const { code, line, column } of errors) {
      const text = source.line(line);
      if (isBeforeValue(text, column)) this.#nameless = true;
      // What a key lacks may stand on the next line, as another thing.
      if (code === "TSK_EMPTY_VALUE" && /^\s*[{[]/.test(source.line(line + 1))) this.#moved = true;
      if (moving.has(code) || /[{}[\]<>]/.test(text)) this.#moved = true;
      for (const word of wordsOf(text)) this.#words.add(word);
    }
  }

  /** True when a problem of a value follows from what was lost. */
  explains(found: Diagnostic, source: Source | undefined): boolean {
    if (this.#lines.size === 0) return false;
    if (this.#lines.get(found.file)?.has(found.line) === true || found.code === "TSK_CYCLE") return true;
    if (structural.has(found.code) && this.#moved) return true;
    if (broken.has(found.code) && this.#beside.has(`${found.file}:${found.line}`)) return true;
    if (!lookups.has(found.code) || source === undefined) return false;
    if (this.#nameless && found.code !== "TSK_TYPE") return true;
    const words = wordsOf(source.text.slice(found.start, found.end));
    return words.some((word) => this.#words.has(word) || this.#isNear(word));
  }

  /** A name that was spoilt itself; only so often, each costs a look at every word. */
  #isNear(word: string): boolean {
    return this.#guesses-- > 0 && didYouMean(word, this.#words) !== undefined;
  }
}

/** True for a mistake in the name of a variable, or in the place of a key. */
function isBeforeValue(line: string, column: number): boolean {
  const name = /^\s*(?:\$[^:=]*)?[:=]/.exec(line);
  return name !== null && column <= name[0].length;
}

/** Mistakes after which keys may stand in another map than the one they were written for. */
const moving: ReadonlySet<string> = new Set([
  "TSK_UNCLOSED",
  "TSK_ORPHAN",
  "TSK_SECTION",
  "TSK_DIRECTIVE",
  "TSK_STRING_OPEN",
  "TSK_COMMENT_OPEN",
  "TSK_TOO_DEEP",
]);

/** Problems of which key stands where. */
const structural: ReadonlySet<string> = new Set([
  "TSK_DUPLICATE",
  "TSK_CONFLICT",
  "TSK_UNKNOWN_NAME",
  "TSK_UNKNOWN_VARIABLE",
  "TSK_NO_KEY",
  "TSK_OLD_WORD",
  "TSK_TYPE",
]);

/** A line and the next one as one, when they make sense so. */
function joinedLines(source: Source, line: number): string | undefined {
  if (line < 1) return undefined;
  const text = `${source.line(line)}${source.line(line + 1).trimStart()}`;
  return isSound(new Source(source.file, `${source.compat ? "" : "#!tusker 1\n"}${text}`)) ? text : undefined;
}

/** Problems of a name of which a part may stand on the next line, or on the line before. */
const broken: ReadonlySet<string> = new Set([
  "TSK_UNKNOWN_OPERATOR",
  "TSK_UNKNOWN_VARIABLE",
  "TSK_UNKNOWN_NAME",
  "TSK_NO_KEY",
  "TSK_OLD_WORD",
  "TSK_DUPLICATE",
  "TSK_ARGUMENTS",
]);

/** Problems of what a name means. */
const lookups: ReadonlySet<string> = new Set([
  "TSK_UNKNOWN_NAME",
  "TSK_UNKNOWN_VARIABLE",
  "TSK_NO_KEY",
  "TSK_OLD_WORD",
  "TSK_TYPE",
]);

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}_][\p{L}\d_-]*/gu) ?? [];
}
