import type { TskCode } from "../codes.ts";
import { linesEnd } from "./scan-old.ts";
import type { Codes } from "./store/codes.ts";
import { kind, type Tokens } from "./token.ts";

/** Hears of a problem at a span of the text. */
export type Report = (code: TskCode, start: number, end: number, message: string) => void;

/** A text, and its units. */
interface Written {
  readonly text: string;
  readonly codes: Codes;
}

/** Characters in a string on one line that mean nothing but themselves, by their codes in ASCII. */
const ordinary = Uint8Array.from({ length: 128 }, (_, code) =>
  (code >= 32 || code === 9) && !'"\\$'.includes(String.fromCharCode(code)) ? 1 : 0,
);

/** A string that was left for a `${`: its tokens go on after the matching `}`. */
interface Left {
  readonly start: number;
  /** Three quotes: may hold line ends. */
  readonly block: boolean;
  /** Braces opened inside the interpolation. */
  braces: number;
}

/** The part of the scanner that knows quotes. Keeps which strings are open around the current `${`. */
export class Strings {
  readonly #text: string;
  readonly #codes: Codes;
  readonly #tokens: Tokens;
  readonly #report: Report;
  readonly #left: Left[] = [];

  readonly #compat: boolean;

  constructor({ text, codes }: Written, tokens: Tokens, report: Report, compat: boolean) {
    this.#compat = compat;
    this.#text = text;
    this.#codes = codes;
    this.#tokens = tokens;
    this.#report = report;
  }

  /** True when no string is open around the current place. */
  get isClean(): boolean {
    return this.#left.length === 0;
  }

  /** At a `"`. Returns where scanning goes on. */
  quoted(at: number): number {
    if (this.#codes[at + 1] === 34 && this.#codes[at + 2] === 34)
      return this.#block(at + 3, at, kind.block, kind.blockHead);
    return this.#line(at + 1, at, kind.string, kind.head);
  }

  /** At a `'`: no interpolation, and only `\'` and `\\` are escapes. */
  raw(start: number): number {
    const text = this.#text;
    if (text.startsWith("'''", start)) {
      const end = text.indexOf("'''", start + 3);
      if (end < 0) return this.#broken(start, start + 3, text.length, "'''");
      return this.#add(kind.rawBlock, end + 3);
    }
    for (let at = start + 1; ; at++) {
      const code = text.charCodeAt(at);
      if (code === 39) return this.#add(kind.raw, at + 1);
      if (at >= text.length || code === 10)
        return this.#broken(start, start + 1, this.#beforeLineEnd(at), "'");
      if (code === 92 && (text.charCodeAt(at + 1) === 39 || text.charCodeAt(at + 1) === 92)) at++;
      else if (code < 32) this.#control(at, code);
    }
  }

  openBrace(at: number): number {
    const left = this.#left.at(-1);
    if (left !== undefined) left.braces++;
    return this.#add(kind.openBrace, at + 1);
  }

  /** At a `}`: ends the interpolation when no brace is open inside it. */
  closeBrace(at: number): number {
    const left = this.#left.at(-1);
    if (left === undefined) return this.#add(kind.closeBrace, at + 1);
    if (left.braces > 0) {
      left.braces--;
      return this.#add(kind.closeBrace, at + 1);
    }
    this.#left.pop();
    if (left.block) return this.#block(at + 1, left.start, kind.blockTail, kind.blockMiddle);
    return this.#line(at + 1, left.start, kind.tail, kind.middle);
  }

  /** A line ends: strings of one line that are open around it never close. */
  endLine(): void {
    let open: Left | undefined;
    while (this.#left.at(-1)?.block === false) open = this.#left.pop();
    if (open !== undefined) this.#unclosed(open.start, open.start + 1, '"');
  }

  endText(): void {
    const open = this.#left[0];
    if (open !== undefined)
      this.#unclosed(open.start, open.start + (open.block ? 3 : 1), open.block ? '"""' : '"');
    this.#left.length = 0;
  }

  #line(from: number, start: number, whole: number, part: number): number {
    const text = this.#text;
    const codes = this.#codes;
    for (let at = from; ; at++) {
      const code = codes[at];
      if (code !== undefined && (code > 127 || ordinary[code] === 1)) continue;
      if (code === 34) return this.#add(whole, at + 1);
      if (code === undefined || code === 10) {
        const old = this.#compat && this.#left.length === 0 && from === start + 1;
        const end = old ? linesEnd(text, start) : 0;
        if (end > 0) return this.#add(kind.oldText, end);
        return this.#broken(start, start + 1, this.#beforeLineEnd(at), '"');
      }
      if (code === 92) {
        if (codes[at + 1] !== 10 && codes[at + 1] !== 13) at++;
      } else if (code === 36 && codes[at + 1] === 123) {
        this.#left.push({ start, block: false, braces: 0 });
        return this.#add(part, at + 2);
      } else if (code < 32 && code !== 9) this.#control(at, code);
    }
  }

  #block(from: number, start: number, whole: number, part: number): number {
    const text = this.#text;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 92) at++;
      else if (code === 34 && text.startsWith('"""', at)) return this.#add(whole, at + 3);
      else if (code === 36 && text.charCodeAt(at + 1) === 123) {
        this.#left.push({ start, block: true, braces: 0 });
        return this.#add(part, at + 2);
      }
    }
    return this.#broken(start, start + 3, text.length, '"""');
  }

  #add(tokenKind: number, end: number): number {
    this.#tokens.add(tokenKind, end);
    return end;
  }

  #broken(start: number, open: number, end: number, quotes: string): number {
    // Inside an interpolation whose own string ends here too, that one is reported.
    const around = this.#left.at(-1);
    if (around === undefined || (around.block && end < this.#text.length))
      this.#unclosed(start, open, quotes);
    return this.#add(kind.broken, end);
  }

  #unclosed(start: number, end: number, quotes: string): void {
    const scope = quotes.length === 3 ? "in the file" : "on its line";
    this.#report(
      "TSK_STRING_OPEN",
      start,
      end,
      `the string that begins here has no closing ${quotes} ${scope}`,
    );
  }

  /** A string that misses its quote gives the line end back. */
  #beforeLineEnd(at: number): number {
    // A backslash that is the last character takes one more along that is not there.
    if (at >= this.#text.length) return this.#text.length;
    return at > 0 && this.#text.charCodeAt(at - 1) === 13 ? at - 1 : at;
  }

  #control(at: number, code: number): void {
    if (code === 9 || (code === 13 && this.#text.charCodeAt(at + 1) === 10)) return;
    const hex = code.toString(16).padStart(2, "0");
    this.#report("TSK_CHARACTER", at, at + 1, `a control character must be written as \\x${hex} in a string`);
  }
}
