import type { Diagnostic } from "../diagnostic.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Source } from "../source.ts";
import type { Tree } from "../syntax/tree.ts";

/**
 * What the syntax of a document's files has lost. A name that stands on a line that cannot be read, or a map that a
 * forgotten brace has moved, makes values wrong that are written right: that is the mistake already told.
 */
export class Damage {
  /** Lines that cannot be read, by file. */
  readonly #lines = new Map<string, ReadonlySet<number>>();
  /** Words on them, in all files. */
  readonly #words = new Set<string>();
  /** True when a bracket may be missing or too many: which key stands where is a guess. */
  #moved = false;
  #guesses = 100;

  /** Notes what is wrong with a file that was read. */
  add({ source, diagnostics }: Tree): void {
    const errors = diagnostics.filter((one) => one.severity === "error");
    if (errors.length === 0) return;
    this.#lines.set(source.file, new Set(errors.map((one) => one.line)));
    for (const { code, line } of errors) {
      const text = source.line(line);
      if (moving.has(code) || /[{}[\]<>]/.test(text)) this.#moved = true;
      for (const word of wordsOf(text)) this.#words.add(word);
    }
  }

  /** True when a problem of a value follows from what was lost. */
  explains(found: Diagnostic, source: Source | undefined): boolean {
    if (this.#lines.size === 0) return false;
    if (this.#lines.get(found.file)?.has(found.line) === true || found.code === "TSK_CYCLE") return true;
    if (structural.has(found.code) && this.#moved) return true;
    if (!lookups.has(found.code) || source === undefined) return false;
    const words = wordsOf(source.text.slice(found.start, found.end));
    return words.some((word) => this.#words.has(word) || this.#isNear(word));
  }

  /** A name that was spoilt itself; only so often, each costs a look at every word. */
  #isNear(word: string): boolean {
    return this.#guesses-- > 0 && didYouMean(word, this.#words) !== undefined;
  }
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
