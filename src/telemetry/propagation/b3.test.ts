import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readB3 } from "./b3.ts";

const trace = "80f198ee56343ba864fe8b2a57d3eff7";
const span = "e457b5a2e4d86bd1";
const from = (fields: Record<string, string>) => readB3((name) => fields[name]);

test("the single header with each of its states", () => {
  const flags = (state: string) => from({ b3: `${trace}-${span}-${state}` })?.flags;
  assert.deepEqual([flags("1"), flags("0"), flags("d")], [1, 0, 1]);
  assert.deepEqual(from({ b3: `${trace}-${span}-1-05e3ac9a4f6e3b90` }), {
    traceId: trace,
    spanId: span,
    flags: 1,
  });
});

test("an absent state leaves the decision to us", () => {
  assert.equal(from({ b3: `${trace}-${span}` })?.deferred, true);
  assert.equal(from({ "x-b3-traceid": trace, "x-b3-spanid": span })?.deferred, true);
});

test("a 64-bit trace id is padded, and hex of either case is read", () => {
  assert.equal(from({ b3: `64fe8b2a57d3eff7-${span}-1` })?.traceId, "000000000000000064fe8b2a57d3eff7");
  assert.equal(from({ b3: `${trace.toUpperCase()}-${span.toUpperCase()}-1` })?.traceId, trace);
});

test("the set of headers with its states", () => {
  const base = { "x-b3-traceid": trace, "x-b3-spanid": span };
  assert.equal(from({ ...base, "x-b3-sampled": "1" })?.flags, 1);
  assert.equal(from({ ...base, "x-b3-sampled": "0" })?.flags, 0);
  assert.equal(from({ ...base, "x-b3-sampled": "true" })?.flags, 1);
  assert.equal(from({ ...base, "x-b3-sampled": "false" })?.flags, 0);
  assert.equal(from({ ...base, "x-b3-flags": "1" })?.flags, 1);
});

test("the single header wins over the set", () => {
  const fields = {
    b3: `${trace}-${span}-0`,
    "x-b3-traceid": "a".repeat(32),
    "x-b3-spanid": span,
    "x-b3-sampled": "1",
  };
  assert.deepEqual(from(fields), { traceId: trace, spanId: span, flags: 0 });
});

test("a bare refusal is obeyed with an unsampled trace", () => {
  for (const refused of [from({ b3: "0" }), from({ "x-b3-sampled": "0" })]) {
    assert.match(refused?.traceId ?? "", /^[0-9a-f]{32}$/);
    assert.equal((refused?.flags ?? 1) & 1, 0);
  }
});

test("a bare consent carries no ids and is ignored", () => {
  assert.equal(from({ b3: "1" }), undefined);
  assert.equal(from({ b3: "d" }), undefined);
  assert.equal(from({ "x-b3-sampled": "1" }), undefined);
  assert.equal(from({}), undefined);
});

test("anything malformed begins a new trace", () => {
  const wrong = [
    "",
    "-",
    trace,
    `${trace}-${span}-2`,
    `${trace}-${span}-1-zzz`,
    `${trace}-${span}-1-${span}-1`,
    `${"0".repeat(32)}-${span}-1`,
    `${trace}-${"0".repeat(16)}-1`,
    `${trace.slice(1)}-${span}-1`,
    `${trace}-${span.slice(1)}-1`,
  ];
  for (const b3 of wrong) assert.equal(from({ b3 }), undefined, b3);
  assert.equal(from({ "x-b3-traceid": trace }), undefined);
  assert.equal(from({ "x-b3-spanid": span }), undefined);
});

test("no text makes the reader throw", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (b3, a, b) => {
      from({ b3 });
      from({ "x-b3-traceid": a, "x-b3-spanid": b, "x-b3-sampled": b3 });
    }),
  );
});
