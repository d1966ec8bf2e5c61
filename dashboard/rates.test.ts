import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRates } from "./rates.ts";

const edge = (calls: number) => [{ caller: "gateway", callee: "users", calls, errors: 0 }];

test("one look is no rate", () => {
  const rates = edgeRates();
  rates.note(1_000, edge(50));
  assert.equal(rates.rate(2_000, "gateway", "users"), 0);
  assert.equal(rates.rate(2_000, "gateway", "orders"), 0);
});

test("calls between two looks count over the time between them", () => {
  const rates = edgeRates();
  rates.note(0, edge(10));
  rates.note(5_000, edge(60));
  assert.equal(rates.rate(5_000, "gateway", "users"), 10);
});

test("two looks at once do not make a rate of infinity", () => {
  const rates = edgeRates();
  rates.note(0, edge(0));
  rates.note(1, edge(7));
  assert.equal(rates.rate(1, "gateway", "users"), 7);
});

test("calls from before the window are not counted", () => {
  const rates = edgeRates(10_000);
  rates.note(0, edge(0));
  rates.note(60_000, edge(1_000));
  rates.note(65_000, edge(1_010));
  rates.note(70_000, edge(1_020));
  assert.equal(rates.rate(70_000, "gateway", "users"), 2);
});

test("a rate falls to nothing when the calls end", () => {
  const rates = edgeRates(10_000);
  rates.note(0, edge(0));
  rates.note(1_000, edge(100));
  assert.equal(rates.rate(4_000, "gateway", "users"), 25);
  assert.equal(rates.rate(60_000, "gateway", "users"), 0);
});

test("counting begins anew when old traces left the store", () => {
  const rates = edgeRates();
  rates.note(0, edge(500));
  rates.note(1_000, edge(20));
  assert.equal(rates.rate(1_000, "gateway", "users"), 0);
  rates.note(3_000, edge(24));
  assert.equal(rates.rate(3_000, "gateway", "users"), 2);
});
