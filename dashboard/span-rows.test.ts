import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanNodeView, TraceView } from "../src/control/api.ts";
import { parentRow, spanRows, ticks } from "./span-rows.ts";

function node(spanId: string, ...children: readonly SpanNodeView[]): SpanNodeView {
  const resource = { service: "shop", attributes: {} };
  const common = { kind: "internal", startUs: 0, durationUs: 1, attributes: {}, events: [] } as const;
  return {
    span: { ...common, resource, spanId, name: spanId, status: { code: "unset" } },
    orphan: false,
    failed: false,
    children,
  };
}

function trace(...roots: readonly SpanNodeView[]): TraceView {
  return { traceId: "t", startUs: 0, durationUs: 1, spanCount: 1, errorCount: 0, services: ["shop"], roots };
}

const shop = trace(node("gateway", node("order", node("user"), node("payment"))), node("orphan"));
const ids = (rows: ReturnType<typeof spanRows>): readonly string[] => rows.map((row) => row.node.span.spanId);

test("parents stand before their children, in order", () => {
  const rows = spanRows(shop, new Set());
  assert.deepEqual(ids(rows), ["gateway", "order", "user", "payment", "orphan"]);
  assert.deepEqual(
    rows.map((row) => row.depth),
    [0, 1, 2, 2, 0],
  );
  assert.deepEqual(
    rows.map((row) => [row.place, row.siblings]),
    [
      [1, 2],
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 2],
    ],
  );
});

test("what is below a folded span is left out", () => {
  const rows = spanRows(shop, new Set(["order", "user"]));
  assert.deepEqual(ids(rows), ["gateway", "order", "orphan"]);
  assert.deepEqual(
    rows.map((row) => row.folded),
    [false, true, false],
  );
});

test("the parent of a row is the nearest above that is less deep", () => {
  const rows = spanRows(shop, new Set());
  assert.deepEqual(
    rows.map((_, at) => parentRow(rows, at)),
    [undefined, 0, 1, 1, undefined],
  );
});

test("a trace ten thousand spans deep is walked without a deep stack", () => {
  let deep = node("0");
  for (let at = 1; at < 10_000; at++) deep = node(String(at), deep);
  const rows = spanRows(trace(deep), new Set());
  assert.equal(rows.length, 10_000);
  assert.equal(rows.at(-1)?.depth, 9_999);
});

test("ticks are round, begin at 0 and stay within the trace", () => {
  assert.deepEqual(ticks(18_400), [0, 5_000, 10_000, 15_000]);
  assert.deepEqual(ticks(0), [0]);
  assert.deepEqual(ticks(1, 5), [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600_000_000 }), (us) => {
      const marks = ticks(us);
      assert.ok(marks.length >= 2 && marks.length <= 6);
      assert.equal(marks[0], 0);
      assert.ok((marks.at(-1) ?? 0) <= us * 1.0001);
    }),
  );
});
