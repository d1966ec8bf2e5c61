import assert from "node:assert/strict";
import { test } from "node:test";
import { type ManualClock, manualClock, Secret, seededRandom, TuskerError } from "../kernel/index.ts";
import { spanLimits } from "./bounded.ts";
import type { SpanContext } from "./context.ts";
import { currentSpan, withSpan } from "./current.ts";
import { idsFrom } from "./ids.ts";
import { ratioSampler } from "./sampler.ts";

import type { SpanData } from "./span-data.ts";
import { createTracer, type Tracer } from "./tracer.ts";

function setUp(options: { rate?: number; enabled?: boolean } = {}): {
  tracer: Tracer;
  spans: SpanData[];
  clock: ManualClock;
} {
  const spans: SpanData[] = [];
  const clock = manualClock(1_000_000);
  const tracer = createTracer({
    service: "shop",
    instance: "shop-1",
    attributes: { "service.version": "1.2.0" },
    sampler: ratioSampler(options.rate ?? 1),
    enabled: options.enabled ?? true,
    sink: { accept: (span) => spans.push(span) },
    clock,
    ids: idsFrom(seededRandom(1)),
  });
  return { tracer, spans, clock };
}

const remote: SpanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), flags: 1, traceState: "v=1" };

test("a span says what was said about it, once, when it ends", () => {
  const { tracer, spans, clock } = setUp();
  const span = tracer.startSpan("GET /x", { kind: "server", attributes: { a: 1, gone: undefined } });
  clock.advance(12.5);
  span
    .setAttribute("b", true)
    .setAttributes({ c: ["x", "y"] })
    .addEvent("cache miss", { key: "k" });
  clock.advance(7.5);
  span.updateName("GET /x/{id}").setStatus("ok");
  assert.equal(spans.length, 0);
  span.end();
  span.end();
  assert.equal(spans.length, 1);
  assert.deepEqual(spans[0], {
    resource: {
      service: "shop",
      attributes: { "service.instance.id": "shop-1", "service.version": "1.2.0" },
    },
    traceId: span.context.traceId,
    spanId: span.context.spanId,
    parentSpanId: undefined,
    traceState: undefined,
    flags: 3,
    name: "GET /x/{id}",
    kind: "server",
    startUs: 1_000_000_000,
    durationUs: 20_000,
    attributes: { a: 1, b: true, c: ["x", "y"] },
    events: [{ timeUs: 1_000_012_500, name: "cache miss", attributes: { key: "k" } }],
    links: [],
    status: { code: "ok" },
    dropped: { attributes: 0, events: 0, links: 0 },
  } satisfies SpanData);
});

test("nothing changes after the end", () => {
  const { tracer, spans } = setUp();
  const span = tracer.startSpan("x");
  span.end();
  span.setAttribute("late", 1).addEvent("late").setStatus("error", "late").updateName("late");
  assert.equal(span.recording, false);
  assert.deepEqual(spans[0]?.attributes, {});
  assert.equal(spans[0]?.name, "x");
});

test("the current span is the parent, across awaits and not beyond its scope", async () => {
  const { tracer, spans } = setUp();
  const parent = tracer.startSpan("parent");
  await withSpan(parent, async () => {
    await Promise.resolve();
    assert.equal(currentSpan(), parent);
    tracer.startSpan("child").end();
  });
  assert.equal(currentSpan(), undefined);
  tracer.startSpan("stranger").end();
  assert.equal(spans[0]?.parentSpanId, parent.context.spanId);
  assert.equal(spans[0]?.traceId, parent.context.traceId);
  assert.equal(spans[1]?.parentSpanId, undefined);
  assert.notEqual(spans[1]?.traceId, parent.context.traceId);
});

test("two chains of work that run at once keep their own parents", async () => {
  const { tracer, spans } = setUp();
  const chain = (name: string) =>
    tracer.inSpan(name, {}, async (span) => {
      for (let i = 0; i < 3; i++) {
        await Promise.resolve();
        tracer.startSpan(`${name}-${i}`).end();
      }
      return span.context.spanId;
    });
  const [left, right] = await Promise.all([chain("left"), chain("right")]);
  const parents = (name: string) =>
    spans.filter((s) => s.name.startsWith(`${name}-`)).map((s) => s.parentSpanId);
  assert.deepEqual(parents("left"), [left, left, left]);
  assert.deepEqual(parents("right"), [right, right, right]);
});

test("what came in from the wire is the parent, and its trace state goes on", () => {
  const { tracer, spans } = setUp();
  const span = tracer.startSpan("x", { parent: remote });
  span.end();
  assert.equal(spans[0]?.traceId, remote.traceId);
  assert.equal(spans[0]?.parentSpanId, remote.spanId);
  assert.equal(span.context.traceState, "v=1");
  // The caller did not promise random ids, so neither do we.
  assert.equal(span.context.flags, 1);
});

test("root begins a new trace inside another span, and can link to it", () => {
  const { tracer, spans } = setUp();
  const outer = tracer.startSpan("outer");
  withSpan(outer, () =>
    tracer
      .startSpan("job", {
        parent: "root",
        links: [{ context: outer.context, attributes: { why: "queued" } }],
      })
      .end(),
  );
  assert.notEqual(spans[0]?.traceId, outer.context.traceId);
  assert.deepEqual(spans[0]?.links, [
    { traceId: outer.context.traceId, spanId: outer.context.spanId, attributes: { why: "queued" } },
  ]);
});

test("the caller's decision holds whatever our own rate is", () => {
  const never = setUp({ rate: 0 });
  never.tracer.startSpan("kept", { parent: remote }).end();
  assert.equal(never.spans.length, 1);
  const always = setUp({ rate: 1 });
  const span = always.tracer.startSpan("left", { parent: { ...remote, flags: 2 } });
  span.end();
  assert.equal(always.spans.length, 0);
  assert.equal(span.context.flags, 2);
  assert.equal(span.context.traceState, "v=1");
});

test("a caller that left the decision to us gets ours", () => {
  const deferred: SpanContext = { traceId: "f".repeat(32), spanId: "b".repeat(16), flags: 0, deferred: true };
  const { tracer, spans } = setUp({ rate: 1 });
  const span = tracer.startSpan("x", { parent: deferred });
  span.end();
  assert.equal(spans.length, 1);
  assert.equal(span.context.flags & 1, 1);
  assert.equal(setUp({ rate: 0 }).tracer.startSpan("x", { parent: deferred }).recording, false);
});

test("a span that is not sampled still carries ids of one trace down the chain", () => {
  const { tracer, spans } = setUp({ rate: 0 });
  const parent = tracer.startSpan("parent");
  const child = withSpan(parent, () => tracer.startSpan("child"));
  assert.equal(child.recording, false);
  assert.equal(child.context.traceId, parent.context.traceId);
  assert.notEqual(child.context.spanId, parent.context.spanId);
  assert.equal(child.context.flags, 2);
  assert.equal(child.context, child.context);
  child.setAttribute("a", 1).setAttributes({}).addEvent("e").recordError(new Error("x")).setStatus("ok");
  child.updateName("n").end();
  assert.deepEqual(spans, []);
});

test("a disabled tracer makes no spans and hands a caller's context on untouched", () => {
  const { tracer, spans } = setUp({ enabled: false });
  const span = tracer.startSpan("x", { parent: remote });
  assert.equal(span.context, remote);
  const inner = withSpan(span, () => tracer.startSpan("y"));
  assert.deepEqual(inner.context, remote);
  assert.equal(span.setAttribute("a", 1).addEvent("b").recording, false);
  span.setAttributes({}).recordError("x").setStatus("ok").updateName("z").end();
  const own = tracer.startSpan("z");
  assert.equal(own.context.flags, 2);
  assert.equal(withSpan(own, () => tracer.startSpan("below")).context, own.context);
  own.end();
  assert.deepEqual(spans, []);
});

test("inSpan ends the span and records a failure, which passes through", async () => {
  const { tracer, spans } = setUp();
  assert.equal(await tracer.inSpan("fine", {}, () => 42), 42);
  const failure = new TuskerError("NET_RESET", "the peer went away");
  await assert.rejects(
    tracer.inSpan("bad", {}, () => Promise.reject(failure)),
    failure,
  );
  await assert.rejects(
    tracer.inSpan("worse", {}, () => {
      throw new RangeError("no");
    }),
  );
  assert.deepEqual(
    spans.map((s) => [s.name, s.status.code, s.attributes["error.type"]]),
    [
      ["fine", "unset", undefined],
      ["bad", "error", "NET_RESET"],
      ["worse", "error", "RangeError"],
    ],
  );
});

test("an unexpected error leaves its stack in the event, an expected one only its code", () => {
  const { tracer, spans } = setUp();
  tracer.startSpan("a").recordError(new TypeError("oops")).end();
  tracer.startSpan("b").recordError(new TuskerError("NET_RESET", "gone")).end();
  tracer.startSpan("c").recordError("just text").end();
  const event = (i: number) => spans[i]?.events[0];
  assert.equal(event(0)?.name, "exception");
  assert.match(String(event(0)?.attributes["exception.stacktrace"]), /TypeError: oops/);
  assert.deepEqual(event(1)?.attributes, { "exception.type": "NET_RESET", "exception.message": "gone" });
  assert.deepEqual(event(2)?.attributes, { "exception.type": "string", "exception.message": "just text" });
});

test("ok is final, error can still become ok", () => {
  const { tracer, spans } = setUp();
  tracer.startSpan("a").setStatus("ok").setStatus("error", "no").end();
  tracer.startSpan("b").setStatus("error", "no").setStatus("ok").end();
  assert.deepEqual(
    spans.map((s) => s.status),
    [{ code: "ok" }, { code: "ok" }],
  );
});

test("limits cut and count, they never throw", () => {
  const { tracer, spans } = setUp();
  const links = Array.from({ length: spanLimits.links + 3 }, () => ({ context: remote }));
  const span = tracer.startSpan("x", { links });
  for (let i = 0; i < spanLimits.attributes + 5; i++) span.setAttribute(`k${i}`, i);
  span.setAttribute("k0", "again");
  for (let i = 0; i < spanLimits.events + 2; i++) span.addEvent("e");
  span.end();
  const [data] = spans;
  assert.equal(Object.keys(data?.attributes ?? {}).length, spanLimits.attributes);
  assert.equal(data?.attributes.k0, "again");
  assert.equal(data?.events.length, spanLimits.events);
  assert.equal(data?.links.length, spanLimits.links);
  assert.deepEqual(data?.dropped, { attributes: 5, events: 2, links: 3 });
});

test("long text is cut, wherever it stands", () => {
  const { tracer, spans } = setUp();
  const long = "x".repeat(spanLimits.valueLength + 10);
  tracer
    .startSpan("x", { attributes: { a: long, b: [long] } })
    .addEvent("e", { c: long })
    .setStatus("error", long)
    .end();
  const [data] = spans;
  assert.equal(String(data?.attributes.a).length, spanLimits.valueLength);
  assert.deepEqual(data?.attributes.b, [long.slice(0, spanLimits.valueLength)]);
  assert.equal(String(data?.events[0]?.attributes.c).length, spanLimits.valueLength);
  assert.ok(data?.status.code === "error" && data.status.message.length === spanLimits.valueLength);
});

test("values that types forbid do no harm, and secrets stay secret", () => {
  const { tracer, spans } = setUp();
  const hostile = JSON.parse('{"__proto__": ["polluted"], "": "no name", "n": null}');
  const span = tracer.startSpan("x", { attributes: hostile });
  const values: unknown[] = [new Secret("sk_live"), 10n, { a: 1 }, [new Secret("sk_live"), null]];
  values.forEach((value, i) => {
    span.setAttribute(`v${i}`, value as string);
  });
  span.addEvent("e", { s: new Secret("sk_live") as unknown as string });
  span.end();
  assert.equal(Object.getPrototypeOf(spans[0]?.attributes), Object.prototype);
  assert.deepEqual(spans[0]?.attributes, {
    n: "null",
    v0: "[secret]",
    v1: "10",
    v2: "[object Object]",
    v3: ["[secret]", "null"],
  });
  assert.ok(!JSON.stringify(spans).includes("sk_live"));
});
