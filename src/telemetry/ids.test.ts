import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, seededRandom } from "../kernel/index.ts";
import { isSpanId, isTraceId } from "./context.ts";
import { idsFrom, randomIds } from "./ids.ts";

test("ids are valid W3C ids and do not repeat", () => {
  const ids = randomIds();
  const traces = Array.from({ length: 2000 }, () => ids.traceId());
  const spans = Array.from({ length: 2000 }, () => ids.spanId());
  assert.ok(traces.every(isTraceId));
  assert.ok(spans.every(isSpanId));
  assert.equal(new Set(traces).size, 2000);
  assert.equal(new Set(spans).size, 2000);
});

test("the same chance gives the same ids", () => {
  const one = idsFrom(seededRandom(7));
  const other = idsFrom(seededRandom(7));
  assert.deepEqual([one.traceId(), one.spanId()], [other.traceId(), other.spanId()]);
});

test("an all-zero id is drawn again", () => {
  let draws = 0;
  const zeroFirst: Random = { next: () => 0, below: () => (draws++ < 8 ? 0 : 0xab) };
  assert.equal(idsFrom(zeroFirst).spanId(), "ab".repeat(8));
});

test("only lowercase hex of the right length that is not zero is an id", () => {
  assert.ok(isTraceId("0af7651916cd43dd8448eb211c80319c"));
  assert.ok(!isTraceId("0AF7651916CD43DD8448EB211C80319C"));
  assert.ok(!isTraceId("0".repeat(32)));
  assert.ok(!isTraceId("0af7651916cd43dd"));
  assert.ok(isSpanId("b7ad6b7169203331"));
  assert.ok(!isSpanId("0".repeat(16)));
  assert.ok(!isSpanId("b7ad6b716920333g"));
});
