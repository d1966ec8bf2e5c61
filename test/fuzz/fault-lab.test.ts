import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chaos } from "../../bench/fault-lab/virtual/chaos.ts";
import { limits } from "../../bench/fault-lab/virtual/limits.ts";
import { outage } from "../../bench/fault-lab/virtual/outage.ts";
import { overload } from "../../bench/fault-lab/virtual/overload.ts";
import { type Figure, figureMisses } from "../../bench/figure.ts";

/** A seeded slice of `npm run bench -- fault-lab`, held to the same budgets; one bad endpoint is simulated in the room. */
const scenarios: Readonly<Record<string, () => AsyncIterable<Figure>>> = {
  "a total outage": () => outage([4]),
  "three times the load": () => overload(12),
  "clients that ask five times their limit": () => limits(300),
  "random schedules": () => chaos(60),
};

const budgets = JSON.parse(readFileSync(new URL("../../bench/budgets.json", import.meta.url), "utf8")).bench[
  "fault-lab"
];

for (const [name, figures] of Object.entries(scenarios)) {
  test(`${name}: every figure keeps its budget`, async () => {
    const missed: string[] = [];
    let seen = 0;
    for await (const figure of figures()) {
      seen++;
      missed.push(...figureMisses(figure, { maxRatio: {}, minRatio: {}, ...budgets[figure.name] }));
    }
    assert.ok(seen > 0);
    assert.deepEqual(missed, []);
  });
}
