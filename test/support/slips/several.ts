import { type Random, seededRandom } from "../../../src/kernel/index.ts";
import type { Diagnostic } from "../../../src/tsk/index.ts";
import type { Judged } from "./judge.ts";
import { type Alone, edited, lineCount, linesBetween, type Mistake, mistakesOf } from "./pair.ts";
import { slipsIn } from "./slip.ts";

/** A file with several mistakes, and how somebody gets rid of them who repairs what is told and runs again. */
export interface Repaired {
  readonly name: string;
  readonly what: readonly string[];
  readonly text: string;
  readonly mistakes: number;
  /** Mistakes of which the first run tells. */
  readonly told: number;
  /** Problems that the first run tells. */
  readonly found: readonly Diagnostic[];
  /** Runs until the file is right, the one that says so not counted. */
  readonly runs: number;
}

/**
 * So many files with so many mistakes each, on lines at least two apart; the same for the same seed.
 *
 * @param alone what is told of a mistake that is alone: one problem, or any number
 */
export function* severalIn(
  texts: readonly Judged[],
  count: number,
  mistakes: number,
  seed: number,
  alone: Alone = "one",
): Iterable<Repaired> {
  const random = seededRandom(seed);
  for (let made = 0; made < count; ) {
    const judged = texts[random.below(texts.length)];
    if (judged === undefined) continue;
    const chosen = apart(judged, { count: mistakes, random, alone });
    if (chosen.length < mistakes) continue;
    yield repaired(judged, chosen);
    made++;
  }
}

interface Drawn {
  readonly count: number;
  readonly random: Random;
  readonly alone: Alone;
}

function apart(judged: Judged, { count, random, alone }: Drawn): readonly Mistake[] {
  const chosen: Mistake[] = [];
  const slips = [...slipsIn([judged.text], count * 4, random.below(2 ** 31))];
  for (const mistake of mistakesOf(judged, slips, alone)) {
    const isApart = chosen.every((one) => {
      const [first, second] =
        one.edit.start <= mistake.edit.start ? [one.edit, mistake.edit] : [mistake.edit, one.edit];
      return linesBetween(judged.text, first, second) >= 2;
    });
    if (isApart) chosen.push(mistake);
    if (chosen.length === count) break;
  }
  return chosen.toSorted((a, b) => a.edit.start - b.edit.start);
}

function repaired({ name, text, judge }: Judged, mistakes: readonly Mistake[]): Repaired {
  const all = withMistakes(text, mistakes);
  const found = judge(all);
  const told = toldOf(text, mistakes, found);
  let left = mistakes;
  let runs = 0;
  for (let now = found; left.length > 0 && now.length > 0; now = judge(withMistakes(text, left))) {
    runs++;
    const known = new Set(runs === 1 ? told : toldOf(text, left, now));
    // Whoever finds no mistake where one is told looks around until there is one.
    left = known.size === 0 ? left.slice(1) : left.filter((one) => !known.has(one));
  }
  const what = mistakes.map(({ slip }) => slip.what);
  return { name, what, text: all, mistakes: mistakes.length, told: told.length, found, runs };
}

function withMistakes(text: string, mistakes: readonly Mistake[]): string {
  return mistakes.toReversed().reduce((now, { edit }) => edited(now, edit), text);
}

/** The mistakes that have a problem of their own; or none, for a problem of another one is told at the very line they spoil. */
function toldOf(
  text: string,
  mistakes: readonly Mistake[],
  found: readonly Diagnostic[],
): readonly Mistake[] {
  const lines = mistakes.map((one) => linesOf(one, mistakes, text));
  const owner = new Map<Diagnostic, number>();
  const take = (index: number, seen: Set<Diagnostic>): boolean => {
    for (const one of found) {
      const places = [one, ...(one.related ?? [])];
      if (seen.has(one) || !places.some(({ line }) => lines[index]?.has(line))) continue;
      seen.add(one);
      const other = owner.get(one);
      if (other !== undefined && !take(other, seen)) continue;
      owner.set(one, index);
      return true;
    }
    return false;
  };
  return mistakes.filter((_, index) => take(index, new Set()));
}

/** Lines on which a mistake may be told: its own, and those of what is told of it alone, in the text with all. */
function linesOf({ edit, told }: Mistake, all: readonly Mistake[], text: string): ReadonlySet<number> {
  const from = lineCount(text.slice(0, edit.start));
  const [before, after] = [lineCount(text.slice(edit.start, edit.end)), lineCount(edit.text)];
  const shiftAt = (correct: number): number =>
    all.reduce((sum, other) => {
      const isAbove = other.edit.end <= edit.start || other.edit.start > edit.start;
      const last = lineCount(text.slice(0, other.edit.end));
      if (other.edit === edit || !isAbove || last > correct) return sum;
      return sum + lineCount(other.edit.text) - lineCount(text.slice(other.edit.start, other.edit.end));
    }, 0);
  const moved = (line: number): number => {
    if (line < from) return line + shiftAt(line);
    if (line < from + after) return line + shiftAt(from);
    return line + shiftAt(line - after + before);
  };
  const own = Array.from({ length: after }, (_, index) => from + index);
  const places = told.flatMap((one) => [one, ...(one.related ?? [])]).map(({ line }) => line);
  return new Set([...own, ...places].map(moved));
}
