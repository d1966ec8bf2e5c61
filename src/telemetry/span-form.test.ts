import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../kernel/index.ts";
import type { SpanContext } from "./context.ts";
import { idsFrom } from "./ids.ts";
import { ratioSampler } from "./sampler.ts";
import type { Span } from "./span.ts";
import type { SpanData } from "./span-data.ts";
import { SpanForm } from "./span-form.ts";
import { createTracer, type Tracer } from "./tracer.ts";

/** The same ids and the same time for each tracer made so. */
function setUp(rate = 1): { tracer: Tracer; spans: SpanData[] } {
  const spans: SpanData[] = [];
  const tracer = createTracer({
    service: "shop",
    sampler: ratioSampler(rate),
    sink: { accept: (span) => spans.push(span) },
    clock: manualClock(),
    ids: idsFrom(seededRandom(1)),
  });
  return { tracer, spans };
}

/** What a span says, however it came to say it. */
function said(span: SpanData | undefined): object {
  assert.ok(span !== undefined);
  const { resource, traceId, spanId, parentSpanId, traceState, flags, name, kind, attributes } = span;
  const { startUs, durationUs, events, links, status, dropped } = span;
  const identity = { resource, traceId, spanId, parentSpanId, traceState, flags };
  return { ...identity, name, kind, attributes, startUs, durationUs, events, links, status, dropped };
}

const remote: SpanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), flags: 3, traceState: "v=1" };

const name = fc.constantFrom("a", "b", "c", "error.type", "__proto__", "");
const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(undefined), fc.array(fc.string()));
const attributes = fc.dictionary(name, value, { maxKeys: 6 });
const word = fc.oneof(
  fc.tuple(name, value).map(
    ([key, given]) =>
      (span: Span) =>
        span.setAttribute(key, given),
  ),
  attributes.map((given) => (span: Span) => span.setAttributes(given)),
  fc.constant((span: Span) => span.recordError(new Error("boom"))),
  fc.constant((span: Span) => span.addEvent("e", { k: 1 })),
  fc.string().map((text) => (span: Span) => span.updateName(text)),
);

test("a span that follows a form says what it would have said without one, whatever it says besides", () => {
  fc.assert(
    fc.property(
      attributes,
      attributes,
      fc.array(word, { maxLength: 5 }),
      fc.constantFrom<SpanContext | "root">("root", remote),
      (common, own, words, parent) => {
        const [formed, free] = [setUp(), setUp()];
        const spans = [
          formed.tracer
            .startFormed(new SpanForm("GET /", "server", common, ["a", "b"]), parent)
            .setAttributes(own),
          free.tracer
            .startSpan("GET /", { kind: "server", parent, attributes: { ...common } })
            .setAttributes(own),
        ];
        for (const span of spans) {
          for (const say of words) say(span);
          span.end();
        }
        const [one, other] = [formed.spans[0], free.spans[0]];
        // An error's stack is where it was made.
        assert.deepEqual(said(one), { ...said(other), events: one?.events });
      },
    ),
  );
});

test("who is asked for a sample is asked once, with or without a form", () => {
  const counts = [0.25, 0.25].map((rate, i) => {
    const { tracer, spans } = setUp(rate);
    const form = new SpanForm("GET /", "server", {});
    for (let n = 0; n < 2_000; n++)
      (i === 0 ? tracer.startFormed(form, "root") : tracer.startSpan("GET /", { parent: "root" })).end();
    return spans.length;
  });
  assert.equal(counts[0], counts[1]);
  assert.ok((counts[0] ?? 0) > 400 && (counts[0] ?? 0) < 600, `${counts}`);
});

test("a span that is not recorded carries the trace on, with or without a form", () => {
  const { tracer, spans } = setUp();
  const span = tracer
    .startFormed(new SpanForm("GET /", "server", {}), { ...remote, flags: 2 })
    .setAttribute("a", 1);
  span.end();
  assert.deepEqual([span.recording, span.context.traceId, spans.length], [false, remote.traceId, 0]);
});

test("a form cannot be changed, and keeps to the limits of a span", () => {
  const form = new SpanForm("GET /", "server", { long: "x".repeat(5_000), gone: undefined });
  assert.equal(String(form.attributes.long).length, 4_096);
  assert.deepEqual(Object.keys(form.attributes), ["long"]);
  assert.ok(Object.isFrozen(form.attributes));
});
