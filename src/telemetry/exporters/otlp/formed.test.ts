import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../../kernel/index.ts";
import type { SpanContext } from "../../context.ts";
import { FormedSpan } from "../../formed-span.ts";
import { idsFrom } from "../../ids.ts";
import { ratioSampler } from "../../sampler.ts";
import type { SpanData } from "../../span-data.ts";
import { SpanForm } from "../../span-form.ts";
import { createTracer } from "../../tracer.ts";
import { encodeOtlp } from "./encode.ts";

/** Without the form, so that every byte is written anew. */
function plainly(span: SpanData): SpanData {
  const { resource, traceId, spanId, parentSpanId, traceState, flags, name, kind, attributes } = span;
  const { startUs, durationUs, events, links, status, dropped } = span;
  const identity = { resource, traceId, spanId, parentSpanId, traceState, flags };
  return { ...identity, name, kind, attributes, startUs, durationUs, events, links, status, dropped };
}

// From spans so short that their length takes another room, to spans whose length needs three bytes.
const common = fc.constantFrom({}, { "http.route": "/*" }, { agent: "x".repeat(200) });
const said = fc.constantFrom<Readonly<Record<string, string | number>>>(
  {},
  { "url.path": "/small", status: 200 },
  { "url.path": "/small", status: 404 },
  { "url.path": "/other", status: 200 },
  { "url.path": "/ä", status: -0 },
  { status: -0 },
  { status: 0 },
  { "url.path": "y".repeat(4_000), status: "y".repeat(4_000) },
);
const remote: SpanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), flags: 1 };

test("spans of a form are written as they would be without one, however often they say the same", () => {
  fc.assert(
    fc.property(
      common,
      fc.array(
        fc.tuple(
          said,
          fc.constantFrom("root", "remote", "child", "state"),
          fc.nat(100_000),
          fc.integer({ min: 1, max: 4 }),
        ),
        { minLength: 1, maxLength: 12 },
      ),
      (attributes, steps) => {
        const spans: SpanData[] = [];
        const clock = manualClock();
        const sink = { accept: (span: SpanData) => spans.push(span) };
        const ids = idsFrom(seededRandom(5));
        const tracer = createTracer({ service: "shop", sampler: ratioSampler(1), sink, clock, ids });
        const form = new SpanForm("GET /*", "server", attributes, ["url.path", "status"]);
        for (const [own, from, ms, times] of steps)
          for (let n = 0; n < times; n++) {
            const parent = {
              root: "root" as const,
              remote,
              child: tracer.startSpan("outer", { parent: "root" }).context,
              state: { ...remote, traceState: "v=1" },
            }[from];
            const span = tracer.startFormed(form, parent).setAttributes(own);
            clock.advance(ms);
            span.end();
          }
        assert.ok(spans.every((span) => span instanceof FormedSpan));
        assert.deepEqual(Buffer.from(encodeOtlp(spans)), Buffer.from(encodeOtlp(spans.map(plainly))));
      },
    ),
    { numRuns: 200 },
  );
});
