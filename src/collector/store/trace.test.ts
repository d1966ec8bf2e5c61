import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nothingDropped, type SpanData } from "../../telemetry/index.ts";
import { buildTrace, type SpanNode, sharedSpanAttribute, walk } from "./trace.ts";

const traceId = "a".repeat(32);
const id = (n: number) => n.toString(16).padStart(16, "0");

function span(
  n: number,
  parent: number | undefined,
  over: Partial<SpanData> & { service?: string } = {},
): SpanData {
  const { service = "s", ...rest } = over;
  return {
    resource: { service, attributes: {} },
    traceId,
    spanId: id(n),
    parentSpanId: parent === undefined ? undefined : id(parent),
    traceState: undefined,
    flags: 1,
    name: `span ${n}`,
    kind: "internal",
    startUs: n * 10,
    durationUs: 5,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: nothingDropped,
    ...rest,
  };
}

/** A tree as nested names: "1(2 3(4))", orphans with a star. */
function shape(nodes: readonly SpanNode[]): string {
  return nodes
    .map(({ span: own, orphan, children }) => {
      const name = `${Number.parseInt(own.spanId, 16)}${orphan ? "*" : ""}`;
      return children.length === 0 ? name : `${name}(${shape(children)})`;
    })
    .join(" ");
}
const shapeOf = (...spans: SpanData[]) => shape(buildTrace(traceId, spans, false).roots);

test("spans stand below the parents they name, in any order of arrival", () => {
  const spans = [span(4, 2), span(3, 1), span(1, undefined), span(2, 1)];
  assert.equal(shapeOf(...spans), "1(2(4) 3)");
  assert.equal(shapeOf(...spans.toReversed()), "1(2(4) 3)");
});

test("children stand by their start, not by their ids", () => {
  assert.equal(
    shapeOf(span(1, undefined), span(2, 1, { startUs: 90 }), span(3, 1, { startUs: 20 })),
    "1(3 2)",
  );
});

test("a span whose parent never arrived is an orphan among the roots, with what is below it", () => {
  assert.equal(shapeOf(span(1, undefined), span(5, 9), span(6, 5)), "1 5*(6)");
  assert.equal(shapeOf(span(2, 9), span(1, 9)), "1* 2*");
});

test("several roots stand side by side", () => {
  assert.equal(shapeOf(span(2, undefined), span(1, undefined)), "1 2");
});

test("circles are cut at their earliest span and lose nothing", () => {
  assert.equal(shapeOf(span(1, 1)), "1*");
  assert.equal(shapeOf(span(1, 2), span(2, 1)), "1*(2)");
  assert.equal(shapeOf(span(3, 1), span(1, 2), span(2, 3), span(4, 2)), "1*(3(2(4)))");
  assert.equal(shapeOf(span(1, undefined), span(2, 3), span(3, 2), span(4, 4)), "1 2*(3) 4*");
});

test("the sums of a trace", () => {
  const trace = buildTrace(
    traceId,
    [
      span(1, undefined, { service: "gateway", startUs: 1000, durationUs: 50 }),
      span(2, 1, {
        service: "orders",
        startUs: 1010,
        durationUs: 100,
        status: { code: "error", message: "x" },
      }),
    ],
    true,
  );
  assert.deepEqual(
    [trace.startUs, trace.durationUs, trace.spanCount, trace.errorCount, trace.complete],
    [1000, 110, 2, 1, true],
  );
  assert.deepEqual(trace.services, ["gateway", "orders"]);
});

test("what a service did below a shared id stands under its own half of the call", () => {
  const half = span(7, 1, { service: "b", kind: "server", attributes: { [sharedSpanAttribute]: id(1) } });
  const client = span(1, undefined, { service: "a", kind: "client" });
  assert.equal(
    shapeOf(client, half, span(8, 1, { service: "b" }), span(9, 1, { service: "a" })),
    "1(7(8) 9)",
  );
});

test("a trace is plain data", () => {
  const trace = buildTrace(traceId, [span(1, undefined), span(2, 1)], false);
  assert.equal(JSON.parse(JSON.stringify(trace)).roots[0].children[0].span.spanId, id(2));
});

test("every span appears exactly once, whatever parents they name", () => {
  const links = fc.array(fc.option(fc.nat({ max: 25 }), { nil: undefined }), { maxLength: 20 });
  fc.assert(
    fc.property(links, fc.array(fc.nat({ max: 50 }), { minLength: 20, maxLength: 20 }), (parents, starts) => {
      const spans = parents.map((parent, i) => span(i + 1, parent, { startUs: starts[i]! }));
      const trace = buildTrace(traceId, spans, false);
      const seen = [...walk(trace.roots)].map(({ node }) => node.span.spanId);
      assert.deepEqual(seen.toSorted(), spans.map((s) => s.spanId).toSorted());
      for (const { node } of walk(trace.roots))
        for (const child of node.children) assert.equal(child.span.parentSpanId, node.span.spanId);
    }),
    { numRuns: 500 },
  );
});

test("a chain of ten thousand spans is neither too deep nor too slow", () => {
  const spans = Array.from({ length: 10_000 }, (_, i) => span(i + 1, i === 0 ? undefined : i));
  const depths = [...walk(buildTrace(traceId, spans, false).roots)].map(({ depth }) => depth);
  assert.equal(depths.at(-1), 9_999);
});
