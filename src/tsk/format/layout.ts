import { withLineFeeds } from "../source.ts";

const indentation = "  ";

/** The text that is being written: decides between a space, a line end and nothing only when the next word comes. */
export class Layout {
  readonly #parts: string[] = [];
  /** Level of the line that is being written. */
  level = 0;
  #next: "nothing" | "space" | "line" = "nothing";
  #nextLevel = 0;
  #blank = false;
  #opening = false;

  /** True when the next word begins a line. */
  get atLineStart(): boolean {
    return this.#next === "line" || this.#parts.length === 0;
  }

  /** True when a bracket has just been opened and nothing stands behind it yet. */
  get isOpening(): boolean {
    return this.#opening;
  }

  /** Writes a word, a space before it unless it begins a line. */
  word(text: string): void {
    this.#begin();
    this.#parts.push(text);
    this.#next = "space";
  }

  /** Writes a word without a space before it. */
  glued(text: string): void {
    if (this.#next === "space") this.#next = "nothing";
    this.word(text);
  }

  /** Writes a comment at the end of the line that is already written. */
  trailing(text: string): void {
    this.#parts.push(this.#parts.length === 0 ? text : ` ${text}`);
    if (this.#next !== "line") this.#next = "space";
  }

  /** After an opening bracket of a group on one line: what follows stands close, or has a space before it. */
  opened(space: boolean): void {
    this.#next = space ? "space" : "nothing";
  }

  /** What follows begins a line at a level; asked twice, the last level counts. */
  lineEnd(level: number, opening = false): void {
    this.#opening = opening;
    this.#next = "line";
    this.#nextLevel = level;
  }

  /** One blank line before what follows, unless a bracket has just been opened or the text begins. */
  blank(): void {
    if (!this.#opening) this.#blank = true;
  }

  /** No blank line before a closing bracket. */
  noBlank(): void {
    this.#blank = false;
  }

  finish(): string {
    return this.#parts.length === 0 ? "" : withLineFeeds(`${this.#parts.join("")}\n`);
  }

  #begin(): void {
    if (this.#parts.length === 0) this.#next = "nothing";
    else if (this.#next === "line") {
      this.#parts.push(this.#blank ? "\n\n" : "\n", indentation.repeat(this.#nextLevel));
      this.level = this.#nextLevel;
    } else if (this.#next === "space") this.#parts.push(" ");
    this.#blank = false;
    this.#opening = false;
  }
}
