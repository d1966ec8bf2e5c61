import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { idsFrom } from "../ids.ts";
import { ratioSampler } from "../sampler.ts";
import type { SpanData } from "../span-data.ts";
import { createTracer } from "../tracer.ts";
import { extract, inject } from "./propagate.ts";

// What the harness of w3c/trace-context (test/test.py) asks of a service: it sends headers in, the service calls out,
// and the harness looks at the headers of that call.

const traceId = "12345678901234567890123456789012";
const parentId = "1234567890123456";
const good = `00-${traceId}-${parentId}-01`;

function service(rate = 1) {
  const spans: SpanData[] = [];
  const tracer = createTracer({
    service: "s",
    sampler: ratioSampler(rate),
    sink: { accept: (span) => spans.push(span) },
    clock: manualClock(),
    ids: idsFrom(seededRandom(3)),
  });
  /** Handles one request and makes one call; gives the headers of the call. */
  const handle = (headers: readonly string[]) => {
    const server = tracer.startSpan("in", { kind: "server", parent: extract(headers) ?? "root" });
    const client = tracer.startSpan("out", { kind: "client", parent: server.context });
    const out = inject(client.context);
    client.end();
    server.end();
    const [, traceparent = "", , tracestate] = out;
    const [version, trace, span, flags] = traceparent.split("-");
    return { version, trace, span, flags, tracestate };
  };
  return { handle, spans };
}

test("nothing came in: a new trace goes out", () => {
  const { handle } = service();
  const out = handle([]);
  assert.equal(out.version, "00");
  assert.match(out.trace ?? "", /^[0-9a-f]{32}$/);
  assert.match(out.span ?? "", /^[0-9a-f]{16}$/);
  assert.equal(out.flags, "03");
  assert.equal(out.tracestate, undefined);
});

test("a trace that came in goes on, under a parent id of our own", () => {
  const { handle, spans } = service();
  const out = handle(["traceparent", good]);
  assert.equal(out.trace, traceId);
  assert.notEqual(out.span, parentId);
  assert.deepEqual(
    spans.map((span) => [span.kind, span.parentSpanId]),
    [
      ["client", spans[1]?.spanId],
      ["server", parentId],
    ],
  );
});

test("two requests of one trace go out under two parent ids", () => {
  const { handle } = service();
  const one = handle(["traceparent", good]);
  const other = handle(["traceparent", good]);
  assert.equal(one.trace, other.trace);
  assert.notEqual(one.span, other.span);
});

test("tracestate without a readable traceparent stays behind", () => {
  const { handle } = service();
  assert.equal(handle(["tracestate", "foo=1"]).tracestate, undefined);
  const out = handle(["traceparent", `${good}-`, "tracestate", "foo=1,bar=2"]);
  assert.notEqual(out.trace, traceId);
  assert.equal(out.tracestate, undefined);
});

test("tracestate goes on as it came, over several fields and in their order", () => {
  const { handle } = service();
  const out = handle([
    "traceparent",
    good,
    "tracestate",
    "foo=1",
    "tracestate",
    "",
    "tracestate",
    "bar=2,baz=3",
  ]);
  assert.equal(out.tracestate, "foo=1,bar=2,baz=3");
});

test("a bad tracestate is dropped and the trace goes on", () => {
  const out = service().handle(["traceparent", good, "tracestate", "foo =1"]);
  assert.equal(out.trace, traceId);
  assert.equal(out.tracestate, undefined);
});

test("512 characters of tracestate go through", () => {
  const list = `bar01=${"01".repeat(100)},bar02=${"02".repeat(100)},bar03=${"03".repeat(40)},bar=${"4".repeat(10)}`;
  assert.ok(list.length >= 500);
  assert.equal(service().handle(["traceparent", good, "tracestate", list]).tracestate, list);
});

test("the random flag goes on as it came, the sampled flag as it was decided", () => {
  const { handle } = service();
  assert.equal(handle(["traceparent", `00-${traceId}-${parentId}-03`]).flags, "03");
  assert.equal(handle(["traceparent", `00-${traceId}-${parentId}-02`]).flags, "02");
  assert.equal(handle(["traceparent", `00-${traceId}-${parentId}-00`]).flags, "00");
  assert.equal(handle(["traceparent", `00-${traceId}-${parentId}-ff`]).flags, "03");
});

test("a trace nobody samples is carried through without a span", () => {
  const { handle, spans } = service(0);
  const out = handle(["traceparent", `00-${traceId}-${parentId}-00`, "tracestate", "a=1"]);
  assert.deepEqual([out.trace, out.flags, out.tracestate], [traceId, "00", "a=1"]);
  assert.notEqual(out.span, parentId);
  assert.deepEqual(spans, []);
});

test("B3 comes in, W3C goes out", () => {
  const { handle } = service();
  const out = handle(["b3", `${traceId}-${parentId}-1`]);
  assert.deepEqual([out.version, out.trace, out.flags], ["00", traceId, "01"]);
});
