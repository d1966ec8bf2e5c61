/**
 * Several slips of the hand in one file, and how many of them a tool tells in its first run: the same fleets, written as TuskLang, as
 * YAML, as JSON and as TOML, with slips of the same kinds, drawn from the same seed. Mistakes are what a tool itself says is one when
 * nothing else is wrong; schemas are not asked. All that is random comes from one seed, so figures repeat to the digit.
 */
import { type Repaired, severalIn } from "../../test/support/slips/several.ts";
import type { Figure } from "../figure.ts";
import { writtenFor } from "./notations.ts";

const seed = 2026;
/** Files of each kind: with so many mistakes, so many. */
const kinds = [
  { name: "two mistakes", mistakes: 2, files: 120 },
  { name: "six mistakes", mistakes: 6, files: 50 },
];

export async function* figures(): AsyncIterable<Figure> {
  const notations = writtenFor(6, seed);
  for (const { name, mistakes, files } of kinds) {
    const { tusker = [], ...others } = mapped(notations, (texts) => [
      ...severalIn(texts, files, mistakes, seed, "any"),
    ]);
    for (const [what, unit, of] of measures) {
      const peers = mapped(others, of);
      yield { name: `${name}: ${what}`, value: of(tusker), unit, peers };
    }
  }
}

type Repairs = readonly Repaired[];

const measures: readonly (readonly [what: string, unit: string, of: (files: Repairs) => number])[] = [
  ["told in the first run", "%", (files) => (100 * sum(files, (one) => one.told)) / mistakesIn(files)],
  ["runs until nothing is wrong, mean", "runs", (files) => sum(files, (one) => one.runs) / files.length],
  ["runs until nothing is wrong, worst", "runs", (files) => Math.max(...files.map((one) => one.runs))],
  [
    "problems told for each mistake",
    "",
    (files) => sum(files, (one) => one.found.length) / mistakesIn(files),
  ],
];

function mistakesIn(files: Repairs): number {
  return sum(files, (one) => one.mistakes);
}

function sum(files: Repairs, of: (one: Repaired) => number): number {
  return files.reduce((all, one) => all + of(one), 0);
}

function mapped<A, B>(record: Readonly<Record<string, A>>, give: (one: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(record).map(([name, one]) => [name, give(one)]));
}
