import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, seededRandom } from "../kernel/index.ts";
import { isSpanId, isTraceId } from "./context.ts";
import { childOf, DrawnContext, DrawnTrace } from "./drawn-context.ts";
import { type IdSource, idsFrom, randomIds } from "./ids.ts";
import { writeTraceparent } from "./propagation/w3c.ts";

const drawn = (ids: IdSource): DrawnContext => new DrawnContext(ids, new DrawnTrace(ids), 3);

test("ids are valid W3C ids and do not repeat", () => {
  const ids = randomIds();
  const contexts = Array.from({ length: 2000 }, () => drawn(ids));
  const traces = contexts.map(({ traceId }) => traceId);
  const spans = contexts.map(({ spanId }) => spanId);
  assert.ok(traces.every(isTraceId));
  assert.ok(spans.every(isSpanId));
  assert.equal(new Set(traces).size, 2000);
  assert.equal(new Set(spans).size, 2000);
});

test("every bit of an id is random", () => {
  const ids = randomIds();
  const [zeros, ones] = [new Set<string>(), new Set<string>()];
  for (let n = 0; n < 200; n++) {
    const { traceId, spanId } = drawn(ids);
    for (const [at, bit] of [...BigInt(`0x1${traceId}${spanId}`).toString(2)].entries())
      (bit === "0" ? zeros : ones).add(String(at));
  }
  // Beside the 1 that keeps the zeros in front: 192 bits, each of them seen both ways.
  assert.equal(zeros.size, 192);
  assert.equal(ones.size, 193);
});

test("the same chance gives the same ids", () => {
  const [one, other] = [drawn(idsFrom(seededRandom(7))), drawn(idsFrom(seededRandom(7)))];
  assert.deepEqual([one.traceId, one.spanId], [other.traceId, other.spanId]);
});

test("an all-zero id is drawn again", () => {
  let draws = 0;
  const zeroFirst: Random = { next: () => 0, below: () => (draws++ % 8 < 4 ? 0 : 0xabab_abab) };
  const { traceId, spanId } = drawn(idsFrom(zeroFirst));
  assert.equal(traceId, "ab".repeat(16));
  assert.equal(spanId, "ab".repeat(8));
});

test("what travels is what the ids say, whoever drew them and whenever they are asked", () => {
  const ids = idsFrom(seededRandom(9));
  for (const trace of [new DrawnTrace(ids), "0af7651916cd43dd8448eb211c80319c"]) {
    const one = new DrawnContext(ids, trace, 3);
    const other = childOf(one, ids, 1);
    const first = writeTraceparent(one);
    assert.equal(writeTraceparent(other), `00-${other.traceId}-${other.spanId}-01`);
    assert.equal(first, `00-${one.traceId}-${one.spanId}-03`);
    assert.equal(writeTraceparent(one), first);
    assert.equal(other.traceId, one.traceId);
    assert.notEqual(other.spanId, one.spanId);
  }
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
