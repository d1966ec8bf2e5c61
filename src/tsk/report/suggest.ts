/**
 * The candidate that was probably meant, or undefined when none is close: at most a third of the letters may be
 * wrong, a swap of neighbours counts as one. Words of one or two letters are too short to guess.
 *
 * @example didYouMean("timout", ["timeout", "retries"]) // "timeout"
 */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length < 3) return undefined;
  let best: string | undefined;
  let least = Math.floor(Math.min(word.length, maxWord) / 3) + 1;
  const folded = fold(word);
  // Of the word only what can be told apart: a letter that is none of these is wrong once.
  const letters = lettersOf(folded.replace(/[^\0-\x7f]/g, ""));
  let compared = 0;
  for (const candidate of candidates) {
    if (++compared > maxCandidates) break;
    if (candidate === word || Math.abs(candidate.length - word.length) >= least) continue;
    // Each letter that the candidate lacks is wrong at least once: most candidates are given up here.
    if (count(letters & ~lettersOf(candidate)) >= least) continue;
    const cost = distance(folded, fold(candidate), least);
    if (cost < least) {
      least = cost;
      best = candidate;
    }
  }
  return best;
}

// A candidate longer than this is not compared: the cost grows with the product of the lengths.
const maxWord = 64;

// Nor more candidates than this.
const maxCandidates = 2000;

/** `retryAttempts` and `retry_attempts` are the same word to a reader. */
function fold(word: string): string {
  return word.slice(0, maxWord).toLowerCase().replace(/[-_]/g, "");
}

/** Which letters are in a word, a bit for each, great or small; all of them for what is not ASCII. */
function lettersOf(word: string): number {
  let letters = 0;
  for (let index = 0; index < word.length; index++) {
    const code = word.charCodeAt(index);
    if (code > 127) return -1;
    letters |= 1 << (code & 31);
  }
  return letters;
}

function count(bits: number): number {
  let found = 0;
  for (let left = bits; left !== 0; left &= left - 1) found++;
  return found;
}

/** Optimal string alignment distance; at least `limit` when it reaches that. */
function distance(a: string, b: string, limit: number): number {
  // Three rows that take turns: of many candidates most are given up after a few letters.
  let before: number[] = [];
  let previous: number[] = [];
  let row: number[] = [];
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  let leastBefore = 0;
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (previous[j - 1] ?? 0) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row[j] = cost;
      if (cost < least) least = cost;
    }
    // A swap reaches back two rows; when neither leaves room, nothing below does.
    if (least >= limit && leastBefore >= limit) return limit;
    leastBefore = least;
    [before, previous, row] = [previous, row, before];
  }
  return previous[b.length] ?? 0;
}
