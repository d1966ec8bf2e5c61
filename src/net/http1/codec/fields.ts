import { lf } from "./characters.ts";
import { headTooLarge, tooManyFields } from "./clauses.ts";
import { Cursor, type Scan } from "./cursor.ts";
import type { KnownLine } from "./head-memory.ts";
import { scanFieldLine } from "./lines.ts";
import type { WireProblem } from "./problem.ts";

/** What a head may be. */
export interface HeadLimits {
  readonly maxHeadBytes: number;
  readonly maxFields: number;
}

const headEnd = Buffer.from("\r\n\r\n");

/**
 * Turns pieces of bytes into the text of a head, line by line. What belongs to a line that is not complete is kept
 * until its rest comes; never more than `maxHeadBytes`.
 */
export class HeadText {
  readonly cursor: Cursor = new Cursor();
  readonly #limits: HeadLimits;
  readonly tooLarge: () => WireProblem;
  #rest = "";
  /** Where among the lines that may come again this head is. */
  #line = 0;
  /** Characters of this head before `cursor.text`. */
  #used = 0;
  /** Where the piece that was given begins within `cursor.text`, and within its bytes. */
  #pieceAt = 0;
  #pieceFrom = 0;

  constructor(limits: HeadLimits) {
    this.#limits = limits;
    this.tooLarge = () => headTooLarge(limits.maxHeadBytes);
  }

  /** True when something of a head has come that has not ended yet. */
  get begun(): boolean {
    return this.#used > 0 || this.#rest !== "";
  }

  reset(): void {
    this.#rest = "";
    this.#used = 0;
    this.#line = 0;
    this.cursor.resumeAt = 0;
    this.cursor.problem = undefined;
  }

  /**
   * Takes the next bytes up to the end of their first line, so that what follows can be looked at as bytes first.
   *
   * @returns where the line ends, or the bytes do
   */
  giveLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf(lf, from) + 1;
    return this.#give(bytes, from, end === 0 ? bytes.length : end);
  }

  /** Takes the next bytes, at most up to the end of the head. */
  give(bytes: Buffer, from: number): void {
    const end = bytes.indexOf(headEnd, from);
    this.#give(bytes, from, end < 0 ? bytes.length : end + 4);
  }

  /** Whether so many bytes may follow the lines that were read, and nothing of another line has been. */
  hasRoom(length: number): boolean {
    return this.#rest === "" && this.#used + length <= this.#limits.maxHeadBytes;
  }

  /** Takes the next line as what it was the last time, if it is the same. */
  #takeKnown(like: readonly KnownLine[]): boolean {
    const { cursor } = this;
    const known = like[this.#line];
    if (known === undefined || cursor.resumeAt > 0) return false;
    const end = cursor.at + known.text.length;
    if (end > cursor.limit || !cursor.text.startsWith(known.text, cursor.at)) return false;
    cursor.name = known.name;
    cursor.value = known.value;
    cursor.at = end;
    this.#line++;
    return true;
  }

  /** Finds the place behind the field that was read, which may have changed its value, or come or gone. */
  #align(like: readonly KnownLine[]): void {
    const last = Math.min(like.length, this.#line + 4);
    for (let i = this.#line; i < last; i++) {
      const known = like[i];
      if (known?.name !== this.cursor.name) continue;
      // The same text, but one whose hash is known.
      this.cursor.name = known.name;
      this.#line = i + 1;
      return;
    }
  }

  #give(bytes: Buffer, from: number, to: number): number {
    const room = this.#limits.maxHeadBytes - this.#used;
    const upTo = Math.min(to, from + Math.max(0, room - this.#rest.length) + 1);
    const piece = bytes.toString("latin1", from, upTo);
    this.#pieceAt = this.#rest.length;
    this.#pieceFrom = from;
    this.cursor.text = this.#rest === "" ? piece : this.#rest + piece;
    this.cursor.at = 0;
    this.cursor.limit = room;
    return upTo;
  }

  /** Keeps the incomplete line for the next piece. */
  keep(): void {
    const { cursor } = this;
    const at = cursor.at;
    this.#rest = at === 0 ? cursor.text : cursor.text.slice(at);
    this.#used += at;
    if (cursor.resumeAt > 0) {
      cursor.resumeAt -= at;
      cursor.valueFrom -= at;
      cursor.nameEnd -= at;
    }
    cursor.text = "";
  }

  /** Where in the given bytes the cursor stands. */
  get position(): number {
    return this.#pieceFrom + this.cursor.at - this.#pieceAt;
  }

  /**
   * Reads fields up to the empty line; appends them to `fields` and tells each to `seen`.
   *
   * @param like lines that may come again, in this order
   */
  scanFields(
    fields: string[],
    seen: (name: string, value: string) => WireProblem | undefined,
    like: readonly KnownLine[] = [],
  ): Scan {
    const { cursor } = this;
    for (;;) {
      if (!this.#takeKnown(like)) {
        const scan = scanFieldLine(cursor, this.tooLarge);
        if (scan !== "line") return scan;
        this.#align(like);
      }
      if (fields.length >= 2 * this.#limits.maxFields)
        return cursor.fail(tooManyFields(this.#limits.maxFields));
      fields.push(cursor.name, cursor.value);
      const problem = seen(cursor.name, cursor.value);
      if (problem !== undefined) return cursor.fail(problem);
    }
  }
}
