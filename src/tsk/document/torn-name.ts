/** Names of keys, to be known again when a sign stands between their letters or one letter is lost. */
export class TornNames {
  /** The letters of each, and of longer ones those that are left without one of them, by length. */
  readonly #letters = new Map<number, Set<string>>();

  constructor(names: Iterable<string>) {
    for (const name of names) {
      const letters = lettersOf(name);
      if (letters.length < 3 || letters.length > longestName) continue;
      this.#add(letters);
      if (letters.length < leastTorn) continue;
      for (let at = 0; at < letters.length; at++) this.#add(letters.slice(0, at) + letters.slice(at + 1));
    }
  }

  /** Spans of a line that are values behind such a name: a text in quotes, or else the rest of the line. */
  valuesOn(line: string): readonly { readonly start: number; readonly end: number }[] {
    if (this.#letters.size === 0) return [];
    return [...line.matchAll(valueBehind)].flatMap(({ 0: whole, 1: value = "", index }) => {
      const before = lettersOf(line.slice(Math.max(0, index - 2 * longestName), index));
      if (!this.#endsWithOne(before)) return [];
      const start = index + whole.length;
      return [{ start, end: start + value.length }];
    });
  }

  #add(letters: string): void {
    const same = this.#letters.get(letters.length);
    if (same === undefined) this.#letters.set(letters.length, new Set([letters]));
    else same.add(letters);
  }

  #endsWithOne(letters: string): boolean {
    for (const [length, names] of this.#letters)
      if (letters.length >= length && names.has(letters.slice(-length))) return true;
    return false;
  }
}

/** A longer name is not compared. */
const longestName = 60;

/** Without a letter a shorter name is the end of too many words. */
const leastTorn = 6;

const valueBehind = /["']?[ \t]{0,20}[:=][ \t]{0,20}(?=("[^"\n]*"|'[^'\n]*'|["'\p{L}\d][^\n]*))/gu;

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\d]/gu, "").toLowerCase();
}
