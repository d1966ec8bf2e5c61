/** The text of a pattern, read from left to right. */
export class CharReader {
  readonly written: string;
  #at = 0;

  constructor(written: string) {
    this.written = written;
  }

  get at(): number {
    return this.#at;
  }

  get ended(): boolean {
    return this.#at >= this.written.length;
  }

  /** What was not read yet. */
  get rest(): string {
    return this.written.slice(this.#at);
  }

  /** What was read since a position. */
  since(start: number): string {
    return this.written.slice(start, this.#at);
  }

  sees(text: string): boolean {
    return this.written.startsWith(text, this.#at);
  }

  /** Reads it if it stands here. */
  take(text: string): boolean {
    const here = this.sees(text);
    if (here) this.#at += text.length;
    return here;
  }

  skip(chars: number): void {
    this.#at += chars;
  }

  /** Reads what a sticky expression finds here. */
  match(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.written) ?? undefined;
    this.#at += found?.[0].length ?? 0;
    return found;
  }

  /** The next character; empty at the end. */
  next(): string {
    return String.fromCodePoint(this.written.codePointAt(this.#at) ?? 0);
  }

  /** Reads one character. */
  nextCode(): number {
    const code = this.written.codePointAt(this.#at) ?? 0;
    this.#at += code > 0xffff ? 2 : 1;
    return code;
  }

  /** Reads an escape that stands for one character. @throws Error for one that stands for none */
  escapedCode(): number {
    const [written, hex = "", braced = hex] =
      this.match(/\\(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\})/y) ?? [];
    if (written !== undefined) return Number.parseInt(braced, 16);
    const [, letter] = this.match(/\\([afnrtv])/y) ?? [];
    if (letter !== undefined) return controls[letter] ?? 0;
    const [, mark] = this.match(/\\([!-/:-@[-`{-~])/y) ?? [];
    if (mark !== undefined) return mark.charCodeAt(0);
    const found = this.rest.slice(0, 2);
    throw new Error(
      found === "\\"
        ? "trailing backslash at end of expression: ``"
        : `invalid escape sequence: \`${found}\``,
    );
  }
}

const controls: Readonly<Record<string, number>> = { a: 7, t: 9, n: 10, v: 11, f: 12, r: 13 };
