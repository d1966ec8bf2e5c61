import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { CheckStatus } from "../state/model.ts";
import { statusMachine } from "./status-machine.ts";

const machine = (successBeforePassing = 0, failuresBeforeCritical = 0, failuresBeforeWarning?: number) =>
  statusMachine({
    successBeforePassing,
    failuresBeforeCritical,
    failuresBeforeWarning: failuresBeforeWarning ?? failuresBeforeCritical,
  });
const run = (m: ReturnType<typeof machine>, results: string) =>
  [...results].map((letter) => {
    const result: CheckStatus = letter === "p" ? "passing" : letter === "w" ? "warning" : "critical";
    return m.next(result)?.[0] ?? "-";
  });

test("without thresholds every result applies at once", () => {
  assert.equal(run(machine(), "ppcwcp").join(""), "ppcwcp");
});

test("the first result applies at once, whatever the thresholds", () => {
  assert.equal(run(machine(5, 5), "p").join(""), "p");
  assert.equal(run(machine(5, 5), "c").join(""), "c");
});

test("it takes that many successes in a row to pass again", () => {
  assert.equal(run(machine(3, 0), "cppcppp").join(""), "c--c--p");
});

test("it takes that many failures in a row to be critical", () => {
  assert.equal(run(machine(0, 3), "pccpccc").join(""), "p--p--c");
});

test("a warning counts as a success", () => {
  assert.equal(run(machine(2, 0), "cww").join(""), "c-w");
});

test("fewer failures may warn first", () => {
  assert.equal(run(machine(0, 3, 2), "pcccc").join(""), "p-wcc");
});

test("after enough equal results the status is that result", () => {
  const result = fc.constantFrom("p", "w", "c");
  fc.assert(
    fc.property(fc.nat(5), fc.nat(5), fc.array(result), result, (s, f, history, last) => {
      const m = machine(s, f);
      run(m, history.join(""));
      assert.equal(run(m, last.repeat(6)).at(-1), last);
    }),
  );
});
