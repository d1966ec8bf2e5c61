import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanContext } from "../context.ts";
import { extract, inject, propagationFields } from "./propagate.ts";

const digits = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((d) => d.join(""))
    .filter((id) => !/^0+$/.test(id));
const key = fc.stringMatching(/^[a-z0-9][a-z0-9_\-*/@]{0,20}$/);
const value = fc.stringMatching(/^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,20}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/).filter(
  // White space around a member belongs to the list, so a value cannot begin with it and come back whole.
  (text) => text.trim() === text,
);
const context: fc.Arbitrary<SpanContext> = fc.record(
  {
    traceId: digits(32),
    spanId: digits(16),
    flags: fc.integer({ min: 0, max: 3 }),
    traceState: fc
      .uniqueArray(fc.tuple(key, value), { selector: ([k]) => k, minLength: 1, maxLength: 32 })
      .map((members) => members.map(([k, v]) => `${k}=${v}`).join(",")),
  },
  { requiredKeys: ["traceId", "spanId", "flags"], noNullPrototype: true },
);

test("what is injected is extracted, from pairs and through a lookup", () => {
  fc.assert(
    fc.property(context, (sent) => {
      const pairs = inject(sent);
      assert.deepEqual(extract(pairs), sent);
      const fields = new Map<string, string>();
      for (let i = 0; i + 1 < pairs.length; i += 2) fields.set(pairs[i]!, pairs[i + 1]!);
      assert.deepEqual(
        extract((name) => fields.get(name)),
        sent,
      );
    }),
  );
});

test("names of fields are read in any case", () => {
  const sent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  assert.equal(extract(["Host", "x", "TraceParent", sent, "TRACESTATE", "a=1"])?.traceState, "a=1");
});

test("a repeated traceparent begins a new trace, whichever comes first", () => {
  const one = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const other = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
  assert.equal(extract(["traceparent", one, "traceparent", other]), undefined);
  assert.equal(extract(["traceparent", one, "accept", "*/*", "Traceparent", one]), undefined);
});

test("repeated tracestate fields are one list in order", () => {
  const pairs = [
    "tracestate",
    "a=1",
    "traceparent",
    `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    "tracestate",
    "b=2",
  ];
  assert.equal(extract(pairs)?.traceState, "a=1,b=2");
});

test("W3C comes before B3, B3 before Jaeger", () => {
  const w3c = ["traceparent", `00-${"1".repeat(32)}-${"2".repeat(16)}-01`];
  const b3 = ["b3", `${"3".repeat(32)}-${"4".repeat(16)}-1`];
  const uber = ["uber-trace-id", `${"5".repeat(32)}:${"6".repeat(16)}:0:1`];
  assert.equal(extract([...uber, ...b3, ...w3c])?.traceId, "1".repeat(32));
  assert.equal(extract([...uber, ...b3])?.traceId, "3".repeat(32));
  assert.equal(extract(uber)?.traceId, "5".repeat(32));
  assert.equal(extract([]), undefined);
});

test("Jaeger ids may be unpadded and percent-encoded, debug means sampled", () => {
  const read = (text: string) => extract(["uber-trace-id", text]);
  assert.deepEqual(read("abc:def:0:1"), {
    traceId: `${"0".repeat(29)}abc`,
    spanId: `${"0".repeat(13)}def`,
    flags: 1,
  });
  assert.equal(read("abc%3Adef%3a0%3A3")?.flags, 1);
  assert.equal(read("abc:def:0:2")?.flags, 1);
  assert.equal(read("abc:def:0:0")?.flags, 0);
  for (const wrong of [
    "",
    "abc",
    "0:1:0:1",
    "abc:0:0:1",
    "abc:def:0:zz",
    `${"a".repeat(33)}:b:0:1`,
    "a:b:0:1:1",
  ])
    assert.equal(read(wrong), undefined, wrong);
});

test("no header can make extract throw", () => {
  const field = fc.constantFrom(...propagationFields);
  fc.assert(fc.property(fc.array(fc.tuple(field, fc.string())), (fields) => void extract(fields.flat())));
  fc.assert(fc.property(fc.array(fc.string()), (pairs) => void extract(pairs)));
});
