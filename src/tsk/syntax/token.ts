/**
 * Kinds of tokens. Small numbers, so that a file of tokens is two typed arrays. Up to `invalid` they are trivia.
 * A string with `${}` is cut as head, middle…, tail, with ordinary tokens between. `broken` is a string that never
 * ends; it is reported already. `oldText` is a text over several lines as the older dialects write it.
 */
export const kind = {
  space: 0,
  comment: 1,
  invalid: 2,
  newline: 3,
  end: 4,
  name: 5,
  variable: 6,
  word: 7,
  int: 8,
  float: 9,
  duration: 10,
  size: 11,
  percent: 12,
  range: 13,
  date: 14,
  string: 15,
  raw: 16,
  block: 17,
  rawBlock: 18,
  head: 19,
  middle: 20,
  tail: 21,
  blockHead: 22,
  blockMiddle: 23,
  blockTail: 24,
  openBrace: 25,
  closeBrace: 26,
  openBracket: 27,
  closeBracket: 28,
  openParen: 29,
  closeParen: 30,
  colon: 31,
  equals: 32,
  comma: 33,
  semicolon: 34,
  dot: 35,
  spread: 36,
  at: 37,
  question: 38,
  coalesce: 39,
  or: 40,
  and: 41,
  equal: 42,
  unequal: 43,
  less: 44,
  lessEqual: 45,
  greater: 46,
  greaterEqual: 47,
  plus: 48,
  minus: 49,
  times: 50,
  divide: 51,
  modulo: 52,
  not: 53,
  broken: 54,
  oldText: 55,
} as const;

/** One of the numbers in `kind`. */
export type Kind = (typeof kind)[keyof typeof kind];

/**
 * The tokens of a text, trivia included. They partition it: token i covers [start(i), end(i)), the next begins where
 * it ends, the last is `kind.end` and empty. That is what makes a tree lossless.
 */
export class Tokens {
  #kinds: Uint8Array;
  #ends: Uint32Array;
  #count = 0;

  constructor(expected: number) {
    this.#kinds = new Uint8Array(expected);
    this.#ends = new Uint32Array(expected);
  }

  /** Tokens that say something: neither white space nor comments nor line ends. */
  get significant(): number {
    let found = 0;
    for (let index = 0; index < this.#count; index++) if ((this.#kinds[index] ?? 0) > kind.newline) found++;
    return found;
  }

  get count(): number {
    return this.#count;
  }

  kind(index: number): number {
    return this.#kinds[index] ?? kind.end;
  }

  start(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }

  end(index: number): number {
    return this.#ends[index] ?? 0;
  }

  add(tokenKind: number, end: number): void {
    if (this.#count === this.#kinds.length) this.#grow();
    this.#kinds[this.#count] = tokenKind;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  /** Adds the tokens [from, to) of another text, which stand `delta` further on in this one. */
  addAll(other: Tokens, from: number, to: number, delta: number): void {
    for (let index = from; index < to; index++) this.add(other.kind(index), other.end(index) + delta);
  }

  /** Takes all off, to be filled anew. */
  clear(): void {
    this.#kinds.fill(kind.end, 0, this.#count);
    this.#count = 0;
  }

  /** Index of the token that begins at or covers an offset. */
  indexAt(offset: number): number {
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end(middle) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const size = this.#kinds.length * 2 + 16;
    const kinds = new Uint8Array(size);
    const ends = new Uint32Array(size);
    kinds.set(this.#kinds);
    ends.set(this.#ends);
    this.#kinds = kinds;
    this.#ends = ends;
  }
}
