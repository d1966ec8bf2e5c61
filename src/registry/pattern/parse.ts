import { CharReader } from "./char-reader.ts";
import { type CharTest, classEscape, readClass } from "./classes.ts";

/** What stands between two characters; -1: the text begins or ends there. */
export type EdgeTest = (before: number, after: number) => boolean;

/** A pattern taken apart. */
export type Part =
  | { readonly kind: "empty" }
  | { readonly kind: "char"; readonly test: CharTest }
  | { readonly kind: "edge"; readonly test: EdgeTest }
  | { readonly kind: "all" | "any"; readonly parts: readonly Part[] }
  /** `most` may be infinite. */
  | { readonly kind: "repeat"; readonly part: Part; readonly least: number; readonly most: number };

interface Flags {
  readonly anyCase: boolean;
  readonly lines: boolean;
  readonly dotAll: boolean;
}

const maxChars = 1_024;
const maxDepth = 64;
/** As Go: a higher count is a mistake or an attack. */
const maxCount = 1_000;

const empty: Part = { kind: "empty" };
const noFlags: Flags = { anyCase: false, lines: false, dotAll: false };

/**
 * Reads a regular expression in the syntax that can be matched in linear time, that of RE2
 * (https://github.com/google/re2/wiki/Syntax): no look-around and no back-references. Not known here: `\p`, `\Q`, `\C`.
 *
 * @throws Error in the words of Go's parser, saying what is wrong with it
 */
export function parsePattern(written: string): Part {
  if (written.length > maxChars) throw new Error(`expression longer than ${maxChars} characters`);
  const parser = new Parser(new CharReader(written));
  return parser.whole();
}

class Parser {
  readonly #text: CharReader;
  #flags = noFlags;
  #depth = 0;

  constructor(text: CharReader) {
    this.#text = text;
  }

  whole(): Part {
    const part = this.#branches();
    if (!this.#text.ended) throw new Error(`unexpected ): \`${this.#text.written}\``);
    return part;
  }

  #branches(): Part {
    if (++this.#depth > maxDepth) throw new Error("expression nests too deeply");
    const parts = [this.#sequence()];
    while (this.#text.take("|")) parts.push(this.#sequence());
    this.#depth--;
    return parts.length === 1 ? (parts[0] ?? empty) : { kind: "any", parts };
  }

  #sequence(): Part {
    const parts: Part[] = [];
    while (!this.#text.ended && !this.#text.sees("|") && !this.#text.sees(")")) {
      const part = this.#repeated();
      if (part.kind !== "empty") parts.push(part);
    }
    return parts.length === 0 ? empty : parts.length === 1 ? (parts[0] ?? empty) : { kind: "all", parts };
  }

  #repeated(): Part {
    const text = this.#text;
    const part = this.#atom();
    const operators = text.at;
    const count = this.#count();
    if (count === undefined) return part;
    // Whether it takes much or little first says nothing of whether it matches.
    text.take("?");
    if (this.#count() !== undefined)
      throw new Error(`invalid nested repetition operator: \`${text.since(operators)}\``);
    return part.kind === "empty" ? empty : { kind: "repeat", part, ...count };
  }

  #count(): { readonly least: number; readonly most: number } | undefined {
    const text = this.#text;
    if (text.take("*")) return { least: 0, most: Number.POSITIVE_INFINITY };
    if (text.take("+")) return { least: 1, most: Number.POSITIVE_INFINITY };
    if (text.take("?")) return { least: 0, most: 1 };
    const [written, low = "", comma, high = ""] = text.match(/\{(\d+)(,)?(\d*)\}/y) ?? [];
    // Braces around anything else are braces.
    if (written === undefined) return undefined;
    const least = Number(low);
    const most = comma === undefined ? least : high === "" ? Number.POSITIVE_INFINITY : Number(high);
    const counted = Number.isFinite(most) ? most : least;
    if (counted > maxCount || least > most) throw new Error(`invalid repeat count: \`${written}\``);
    return { least, most };
  }

  #atom(): Part {
    const text = this.#text;
    if (text.sees("*") || text.sees("+") || text.sees("?")) throw missing(text.next());
    if (text.take("(")) return this.#group();
    if (text.take("[")) return this.#char(readClass(text));
    if (text.take(".")) return { kind: "char", test: this.#flags.dotAll ? () => true : notLineEnd };
    if (text.take("^")) return { kind: "edge", test: this.#flags.lines ? lineStart : textStart };
    if (text.take("$")) return { kind: "edge", test: this.#flags.lines ? lineEnd : textEnd };
    if (text.sees("\\")) return this.#escape();
    return this.#char(exactly(text.nextCode()));
  }

  #group(): Part {
    const text = this.#text;
    const before = this.#flags;
    const flags = text.match(/\?([imsU]*)(?:-([imsU]+))?([:)])/y);
    if (flags !== undefined) {
      const [, on = "", off = "", end] = flags;
      this.#flags = changed(before, on, off);
      // For the rest of the group around it.
      if (end === ")") return empty;
    } else if (text.sees("?") && text.match(/\?P?<[A-Za-z_]\w*>/y) === undefined) {
      throw new Error(`invalid or unsupported Perl syntax: \`(${text.rest.slice(0, 2)}\``);
    }
    const inner = this.#branches();
    if (!text.take(")")) throw new Error(`missing closing ): \`${text.written}\``);
    this.#flags = before;
    return inner;
  }

  #escape(): Part {
    const text = this.#text;
    const edge = edges[text.rest.slice(0, 2)];
    if (edge !== undefined) {
      text.skip(2);
      return { kind: "edge", test: edge };
    }
    return this.#char(classEscape(text) ?? exactly(text.escapedCode()));
  }

  #char(test: CharTest): Part {
    return { kind: "char", test: this.#flags.anyCase ? inAnyCase(test) : test };
  }
}

function changed(flags: Flags, on: string, off: string): Flags {
  const next = (now: boolean, letter: string): boolean =>
    (now || on.includes(letter)) && !off.includes(letter);
  return {
    anyCase: next(flags.anyCase, "i"),
    lines: next(flags.lines, "m"),
    dotAll: next(flags.dotAll, "s"),
  };
}

const lineFeed = 10;
const notLineEnd: CharTest = (code) => code !== lineFeed;
const textStart: EdgeTest = (before) => before === -1;
const textEnd: EdgeTest = (_, after) => after === -1;
const lineStart: EdgeTest = (before) => before === -1 || before === lineFeed;
const lineEnd: EdgeTest = (_, after) => after === -1 || after === lineFeed;
const wordEdge: EdgeTest = (before, after) => isWord(before) !== isWord(after);

const edges: Readonly<Record<string, EdgeTest>> = {
  "\\A": textStart,
  "\\z": textEnd,
  "\\b": wordEdge,
  "\\B": (before, after) => !wordEdge(before, after),
};

function isWord(code: number): boolean {
  return code >= 0 && /\w/.test(String.fromCodePoint(code));
}

function exactly(wanted: number): CharTest {
  return (code) => code === wanted;
}

function inAnyCase(test: CharTest): CharTest {
  return (code) => {
    const char = String.fromCodePoint(code);
    return [code, codeOf(char.toLowerCase()), codeOf(char.toUpperCase())].some(test);
  };
}

function codeOf(text: string): number {
  return text.codePointAt(0) ?? -1;
}

function missing(operator: string): Error {
  return new Error(`missing argument to repetition operator: \`${operator}\``);
}
