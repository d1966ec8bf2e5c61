import { Merges } from "./scan-merge.ts";
import { reading } from "./scan-number.ts";
import { oldText, type Search } from "./scan-old.ts";
import { type Report, Strings } from "./scan-string.ts";
import { type Codes, codesOf } from "./store/codes.ts";
import { kind, Tokens } from "./token.ts";

const other = 0;
const letter = 1;
const digit = 2;
const blank = 3;

/** Classes of the ASCII characters; everything else is looked up in Unicode, once per character, off the fast path. */
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  if ((code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95) return letter;
  if (code >= 48 && code <= 57) return digit;
  return code === 32 || code === 9 ? blank : other;
});

type Found = readonly [kind: number, width: number];

const single: Readonly<Record<number, Found>> = {
  40: [kind.openParen, 1],
  41: [kind.closeParen, 1],
  42: [kind.times, 1],
  43: [kind.plus, 1],
  44: [kind.comma, 1],
  45: [kind.minus, 1],
  46: [kind.dot, 1],
  47: [kind.divide, 1],
  58: [kind.colon, 1],
  59: [kind.semicolon, 1],
  64: [kind.at, 1],
  91: [kind.openBracket, 1],
  93: [kind.closeBracket, 1],
  37: [kind.modulo, 1],
  33: [kind.not, 1],
  60: [kind.less, 1],
  61: [kind.equals, 1],
  62: [kind.greater, 1],
  63: [kind.question, 1],
};

/** Signs that are one token whatever follows; 0 for all other characters. */
const signs = Uint8Array.from({ length: 128 }, (_, code) => {
  const alone = ":,;()[]@".includes(String.fromCharCode(code));
  return alone ? (single[code]?.[0] ?? 0) : 0;
});

const unicodeLetter = /\p{L}/u;

/**
 * Cuts a text into tokens. Never fails: what is no token becomes `kind.invalid` and is reported.
 *
 * @param report hears of characters and quotes that are wrong, by position
 * @param compat true to read texts of the older dialects
 * @param tokens where they are put; default new ones
 */
export function scan(
  text: string,
  report: Report,
  compat = false,
  tokens = new Tokens(Math.ceil(text.length / 3) + 16),
): Tokens {
  const scanner = new Scanner(text, tokens, report, compat);
  scanner.to(scanner.begin(), text.length);
  return scanner.end();
}

/** Cuts stretches of a text; what stands between two calls is the caller's. */
export class Scanner {
  readonly tokens: Tokens;
  readonly #text: string;
  readonly #codes: Codes;
  readonly #report: Report;
  readonly #compat: boolean;
  readonly #strings: Strings;
  readonly #search: Search;
  readonly #merges: Merges;

  constructor(text: string, tokens: Tokens, report: Report, compat: boolean) {
    this.tokens = tokens;
    this.#text = text;
    this.#codes = codesOf(text);
    this.#report = report;
    this.#compat = compat;
    this.#strings = new Strings({ text, codes: this.#codes }, tokens, report, compat);
    this.#search = { left: 4 * text.length, isEndless: false };
    this.#merges = new Merges(text);
  }

  /** True when no string is open: what follows does not depend on what was before. */
  get isClean(): boolean {
    return this.#strings.isClean;
  }

  /** Before the first token of the text. Returns where that is. */
  begin(): number {
    // A byte order mark is allowed at the very beginning (RFC 3629 §6) and nowhere else.
    if (this.#text.charCodeAt(0) !== 0xfeff) return 0;
    this.tokens.add(kind.space, 1);
    return 1;
  }

  /** From an offset up to the first token that ends at or behind another. Returns where that is. */
  to(from: number, until: number): number {
    const [text, codes, tokens, strings] = [this.#text, this.#codes, this.tokens, this.#strings];
    let at = from;
    while (at < until) {
      const code = codes[at] ?? 0;
      const group = code < 128 ? classes[code] : other;
      if (group === letter) {
        at = nameEnd(text, codes, at + 1);
        tokens.add(kind.name, at);
      } else if (group === blank) {
        do at++;
        while (codes[at] === 32 || codes[at] === 9);
        tokens.add(kind.space, at);
      } else if (group === digit) {
        at = number(text, codes, at, tokens);
      } else if (code === 10 || (code === 13 && codes[at + 1] === 10)) {
        strings.endLine();
        at += code === 10 ? 1 : 2;
        tokens.add(kind.newline, at);
      } else if (code === 34) at = strings.quoted(at);
      else if (code === 39) at = strings.raw(at);
      else if (code === 123) at = strings.openBrace(at);
      else if (code === 125) at = strings.closeBrace(at);
      else if (code < 128 && (signs[code] ?? 0) > 0) tokens.add(signs[code] ?? 0, ++at);
      else if (code === 35 || (code === 47 && startsComment(codes[at + 1])))
        at = comment(text, at, tokens, this.#report, this.#search);
      else at = this.#seldom(at, code);
    }
    return at;
  }

  /** Behind the last token of the text. */
  end(): Tokens {
    this.#strings.endText();
    this.tokens.add(kind.end, this.#text.length);
    return this.tokens;
  }

  #seldom(at: number, code: number): number {
    const text = this.#text;
    // White space in JSON (RFC 8259 §2), though it ends no line.
    if (code === 13) {
      this.tokens.add(kind.space, at + 1);
      return at + 1;
    }
    const isMarker = (code >= 60 && code <= 62) || code === 124;
    const merge = isMarker ? this.#merges.at(at, this.tokens, this.#report) : 0;
    if (merge > 0) return merge;
    const old = this.#compat ? oldText(text, at, code, this.tokens, this.#search) : 0;
    return old > 0 ? old : this.#rest(at, code);
  }

  /** Variables, punctuation, letters beyond ASCII, and what is nothing of the language. */
  #rest(at: number, code: number): number {
    const [text, codes, tokens] = [this.#text, this.#codes, this.tokens];
    if (code === 36) {
      const end = nameStart(text, at + 1);
      if (end > at + 1) {
        tokens.add(kind.variable, nameEnd(text, codes, end));
        return tokens.end(tokens.count - 1);
      }
    }
    const width = code < 128 ? 0 : letterAt(text, at);
    if (width > 0) {
      const end = nameEnd(text, codes, at + width);
      tokens.add(kind.name, end);
      return end;
    }
    const found = punctuation(text, at, code);
    if (found === undefined) return invalid(text, at, tokens, this.#report);
    tokens.add(found[0], at + found[1]);
    return at + found[1];
  }
}

function nameEnd(text: string, codes: Codes, from: number): number {
  let at = from;
  for (; ; at++) {
    const code = codes[at];
    if (code === undefined) return at;
    if (code < 128) {
      const group = classes[code];
      if (group !== letter && group !== digit && code !== 45) return at;
    } else {
      const width = letterAt(text, at);
      if (width === 0) return at;
      at += width - 1;
    }
  }
}

/**
 * The code point at `at`. Not `codePointAt`: of half a pair at the end of a string that is a slice of another, V8's reads
 * the other half behind the slice (Node 26, once the call is warm), and a token would end outside of its text.
 */
function pointAt(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if ((first & 0xfc00) !== 0xd800 || at + 1 >= text.length) return first;
  const second = text.charCodeAt(at + 1);
  return (second & 0xfc00) === 0xdc00 ? 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00) : first;
}

/** UTF-16 units of the non-ASCII letter at `at`; 0 when it is none. */
function letterAt(text: string, at: number): number {
  const point = pointAt(text, at);
  if (point < 128 || !unicodeLetter.test(String.fromCodePoint(point))) return 0;
  return point > 0xffff ? 2 : 1;
}

function number(text: string, codes: Codes, start: number, tokens: Tokens): number {
  let at = start + 1;
  while (classes[codes[at] ?? 0] === digit) at++;
  const next = codes[at];
  // Most numbers are plain: the next character cannot belong to any other literal.
  if (
    next === undefined ||
    (next < 128 && classes[next] !== letter && next !== 46 && next !== 45 && next !== 37)
  ) {
    tokens.add(kind.int, at);
    return at;
  }
  const read = reading(text, start, next);
  tokens.add(read.kind, read.end);
  return read.end;
}

function startsComment(next: number | undefined): boolean {
  return next === 47 || next === 42;
}

function comment(text: string, at: number, tokens: Tokens, report: Report, search: Search): number {
  let end: number;
  if (text.charCodeAt(at) === 47 && text.charCodeAt(at + 1) === 42) {
    // Looked for once: many comments without an end must not cost the square of their number.
    end = search.isEndless ? 1 : text.indexOf("*/", at + 2) + 2;
    if (end === 1) {
      search.isEndless = true;
      report("TSK_COMMENT_OPEN", at, at + 2, "this comment has no */");
      entryBelow.lastIndex = at;
      // Where entries follow it was none.
      end = entryBelow.test(text) ? lineEnd(text, at) : text.length;
    }
  } else end = lineEnd(text, at);
  tokens.add(kind.comment, end);
  return end;
}

/** The rest of a line and a next one that is an entry, a header or the end of a block. */
const entryBelow =
  /[^\n]{0,1000}\n\s{0,100}(?:(?:\$?[\p{L}_][^\n:={"']{0,100}|"[^"\n]{1,100}"|'[^'\n]{1,100}')\s{0,9}[:={]|\[[^\]\n]{1,100}\]|[}\])])/uy;

function lineEnd(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  if (end < 0) return text.length;
  return text.charCodeAt(end - 1) === 13 ? end - 1 : end;
}

/** Past the first letter of a name, or `at` when there is none. */
function nameStart(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code < 128) return classes[code] === letter ? at + 1 : at;
  return at + (at < text.length ? letterAt(text, at) : 0);
}

/**
 * `|x| x + 1` or `$(date)`, up to the end of the line, or up to a brace that opens more of them; only so long, or a file of `|` would cost
 * the square of its length.
 */
const codeOnLine = /(?:\|[\w\s,:&]{0,100}\|[ \t]|\$\()(?:[^\n]{0,200}(?=\{[ \t]*\r?\n)|[^\n]{1,200})/y;

/** Where that ends; 0 when it is something else. */
function codeEnd(text: string, at: number): number {
  codeOnLine.lastIndex = at;
  return codeOnLine.test(text) ? codeOnLine.lastIndex : 0;
}

function invalid(text: string, at: number, tokens: Tokens, report: Report): number {
  if (text.startsWith("${", at)) return strayInterpolation(text, at, tokens, report);
  if (text.charCodeAt(at) === 124 || text.startsWith("$(", at)) {
    const end = codeEnd(text, at);
    if (end > 0) {
      const name = text.charCodeAt(at) === 36 ? "a command of a shell" : "a lambda";
      report("TSK_CODE", at, end, `${name} is program code; nothing in a file is ever run`);
      tokens.add(kind.invalid, end);
      return end;
    }
  }
  if (text.charCodeAt(at) === 96) return backticks(text, at, tokens, report);
  if (curly.test(text[at] ?? "")) return curlyQuotes(text, at, tokens, report);
  const point = pointAt(text, at);
  const width = point > 0xffff ? 2 : 1;
  let end = at + width;
  // A row of the same character is one mistake.
  while (end < text.length && pointAt(text, end) === point) end += width;
  const shown = point < 33 || point === 127 ? "" : ` "${String.fromCodePoint(point)}"`;
  const hex = point.toString(16).toUpperCase().padStart(4, "0");
  report("TSK_CHARACTER", at, end, `the character${shown} (U+${hex}) means nothing here; text needs quotes`);
  tokens.add(kind.invalid, end);
  return end;
}

/** Text in backticks, as scripts write it: one problem, up to the closing one if that is on the same line. */
function backticks(text: string, at: number, tokens: Tokens, report: Report): number {
  const near = text.slice(at, at + 1000);
  const end = at + (/^`[^`\n]*`/.exec(near)?.[0].length ?? 1);
  report("TSK_CHARACTER", at, end, "text stands in double or single quotes, not in backticks");
  tokens.add(kind.invalid, end);
  return end;
}

const curly = /[“”„‟«»‘’‚‛]/;
/** Up to a quote behind which a value may end, else up to the next one. */
const curlyText = /^.[^\n]*?[“”„‟«»‘’‚‛"'](?=[ \t\r]*(?:[\n,;:=}\])#]|$))|^.[^\n]*?[“”„‟«»‘’‚‛]/;

/** Text in the quotes of a word processor: one problem, up to the closing one if that is on the same line. */
function curlyQuotes(text: string, at: number, tokens: Tokens, report: Report): number {
  const near = text.slice(at, at + 1000);
  const found = curlyText.exec(near)?.[0] ?? near.slice(0, 1);
  const end = at + found.length;
  const message = `text stands in straight quotes, " or ', not in ${found[0]} or ${found.at(-1)}`;
  report("TSK_CHARACTER", at, end, message);
  tokens.add(kind.invalid, end);
  return end;
}

/** `${x}` outside a string: one problem, up to its brace if that is on the same line. */
function strayInterpolation(text: string, at: number, tokens: Tokens, report: Report): number {
  // Only so far: a file of nothing but `${` would cost the square of its length.
  const near = text.slice(at, at + 100);
  const close = near.search(/[}\n]/);
  const end = near[close] === "}" ? at + close + 1 : at + 2;
  report("TSK_CHARACTER", at, end, "an interpolation stands in text in double quotes only");
  tokens.add(kind.invalid, end);
  return end;
}

const double: Readonly<Record<string, Found>> = {
  "==": [kind.equal, 2],
  "!=": [kind.unequal, 2],
  "<=": [kind.lessEqual, 2],
  ">=": [kind.greaterEqual, 2],
  "??": [kind.coalesce, 2],
  "||": [kind.or, 2],
  "&&": [kind.and, 2],
};

function punctuation(text: string, at: number, code: number): Found | undefined {
  const next = text.charCodeAt(at + 1);
  if (next === 61 || next === code) {
    if (code === 46 && text.charCodeAt(at + 2) === 46) return [kind.spread, 3];
    const found = double[text.slice(at, at + 2)];
    if (found !== undefined) return found;
  }
  return single[code];
}
