import { seededRandom } from "../../../src/kernel/index.ts";
import type { Diagnostic } from "../../../src/tsk/index.ts";
import type { Judged } from "./judge.ts";
import type { Slipped } from "./pick.ts";
import { slipsIn } from "./slip.ts";

/** A stretch of a text, and what takes its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Two slips in one text, each of which is a mistake alone, on lines at least two apart. */
export interface Pair {
  readonly what: string;
  readonly name: string;
  readonly text: string;
  /** True when each has a diagnostic of its own, or one is told at the very line that the other has spoilt. */
  readonly told: boolean;
  /** What is told of each when it is alone. */
  readonly alone: readonly (readonly Diagnostic[])[];
  /** What is told of both. */
  readonly found: readonly Diagnostic[];
}

/** So many pairs in correct texts; the same for the same seed. */
export function* pairsIn(texts: readonly Judged[], count: number, seed: number): Iterable<Pair> {
  const random = seededRandom(seed);
  const judges = new Map(texts.map((one) => [one.text, one]));
  for (let made = 0; made < count; ) {
    // Slips of one text at a time: most of two would be in different ones.
    const [text, judged] = [...judges][random.below(judges.size)] ?? ["", undefined];
    if (judged === undefined) continue;
    const slips = [...slipsIn([text], 40, random.below(2 ** 31))];
    for (const pair of paired(judged, slips)) {
      yield pair;
      if (++made === count) return;
    }
  }
}

/** How many problems are told of a mistake that is alone: one, or any number. */
export type Alone = "one" | "any";

/** Those of some slips that are a mistake alone. */
export function mistakesOf(
  judged: Judged,
  slips: readonly Slipped[],
  alone: Alone = "one",
): readonly Mistake[] {
  return slips
    .map((slip) => ({ slip, edit: editOf(judged.text, slip.text), told: judged.judge(slip.text) }))
    .filter(({ told }) => told.length === 1 || (alone === "any" && told.length > 1));
}

function* paired(judged: Judged, slips: readonly Slipped[]): Iterable<Pair> {
  const mistakes = mistakesOf(judged, slips);
  for (let at = 0; at + 1 < mistakes.length; at += 2) {
    const [one, other] = [mistakes[at], mistakes[at + 1]];
    if (one === undefined || other === undefined) continue;
    const [first, second] = one.edit.start <= other.edit.start ? [one, other] : [other, one];
    if (linesBetween(judged.text, first.edit, second.edit) < 2) continue;
    const text = edited(edited(judged.text, second.edit), first.edit);
    const found = judged.judge(text);
    const told = areTold(judged.text, [first, second], found);
    const alone = [first.told, second.told];
    // Two slips may undo each other.
    if (found.length === 0) continue;
    yield { what: `${first.slip.what}\n${second.slip.what}`, name: judged.name, text, told, alone, found };
  }
}

/** A slip that is a mistake. */
export interface Mistake {
  readonly slip: Slipped;
  readonly edit: Edit;
  readonly told: readonly Diagnostic[];
}

/** True when each of two mistakes has a diagnostic of its own. */
function areTold(
  correct: string,
  [first, second]: readonly [Mistake, Mistake],
  found: readonly Diagnostic[],
): boolean {
  const shift = lineCount(first.edit.text) - lineCount(correct.slice(first.edit.start, first.edit.end));
  const later = lineCount(second.edit.text) - lineCount(correct.slice(second.edit.start, second.edit.end));
  const firstLast = lineCount(correct.slice(0, first.edit.end));
  const secondLast = lineCount(correct.slice(0, second.edit.end));
  // Lines of a text with one slip, in the text with both.
  const ofFirst = linesOf(first, correct, (line) => (line >= secondLast + shift ? line + later : line));
  const ofSecond = linesOf(second, correct, (line) => (line >= firstLast ? line + shift : line));
  const matches = (lines: ReadonlySet<number>): readonly Diagnostic[] =>
    found.filter((one) => [one, ...(one.related ?? [])].some(({ line }) => lines.has(line)));
  const [a, b] = [matches(ofFirst), matches(ofSecond)];
  if (a.some((one) => b.some((two) => one !== two))) return true;
  // What is told of the one at the very line that the other has spoilt waits for its repair.
  const places = (lines: ReadonlySet<number>): readonly Diagnostic[] =>
    found.filter(({ line }) => lines.has(line));
  return places(ofFirst).some((one) => ofSecond.has(one.line));
}

/** Lines on which a slip may be told: its own, and those of what is told of it alone. */
function linesOf(
  { edit, told }: Mistake,
  correct: string,
  moved: (line: number) => number,
): ReadonlySet<number> {
  const from = lineCount(correct.slice(0, edit.start));
  const own = Array.from({ length: lineCount(edit.text) }, (_, index) => from + index);
  const places = told.flatMap((one) => [one, ...(one.related ?? [])]).map(({ line }) => line);
  return new Set([...own, ...places].map(moved));
}

/** Lines of a text, of which the last may be empty. */
export function lineCount(text: string): number {
  return text.split("\n").length;
}

/** How many lines lie between two edits; -1 when they touch. */
export function linesBetween(text: string, first: Edit, second: Edit): number {
  return second.start < first.end ? -1 : text.slice(first.end, second.start).split("\n").length - 1;
}

function editOf(before: string, after: string): Edit {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  let tail = 0;
  const most = Math.min(before.length, after.length) - start;
  while (tail < most && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  return { start, end: before.length - tail, text: after.slice(start, after.length - tail) };
}

/** A text with an edit made to it. */
export function edited(text: string, { start, end, text: written }: Edit): string {
  return text.slice(0, start) + written + text.slice(end);
}
