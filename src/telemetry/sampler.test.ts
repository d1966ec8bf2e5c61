import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../kernel/index.ts";
import { DrawnTrace } from "./drawn-context.ts";
import { idsFrom } from "./ids.ts";
import { ratioSampler } from "./sampler.ts";

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((d) => d.join(""));

test("rate 1 keeps and rate 0 drops every trace", () => {
  fc.assert(
    fc.property(hex(32), (id) => {
      assert.equal(ratioSampler(1).decide(id), true);
      assert.equal(ratioSampler(0).decide(id), false);
    }),
  );
});

test("a trace kept at a low rate is kept at every higher rate", () => {
  const rate = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(hex(32), rate, rate, (id, a, b) => {
      const low = ratioSampler(Math.min(a, b)).decide(id);
      const high = ratioSampler(Math.max(a, b)).decide(id);
      assert.ok(!low || high);
    }),
  );
});

test("about the asked share is kept", () => {
  const ids = idsFrom(seededRandom(42));
  const sampler = ratioSampler(0.25);
  const kept = Array.from({ length: 8000 }, () => new DrawnTrace(ids).text).filter((id) =>
    sampler.decide(id),
  ).length;
  assert.ok(kept > 1850 && kept < 2150, `kept ${kept} of 8000`);
});

test("only the random half of the id decides, so that ids with a fixed beginning are sampled fairly", () => {
  const sampler = ratioSampler(0.5);
  assert.equal(sampler.decide(`${"0".repeat(18)}ffffffffffffff`), true);
  assert.equal(sampler.decide(`${"f".repeat(18)}00000000000000`), false);
});

test("a rate outside 0 to 1 is brought inside", () => {
  assert.equal(ratioSampler(7).rate, 1);
  assert.equal(ratioSampler(-1).rate, 0);
});
