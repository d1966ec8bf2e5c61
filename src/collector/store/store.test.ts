import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock } from "../../kernel/index.ts";
import { nothingDropped, type SpanData } from "../../telemetry/index.ts";
import { type SpanStore, spanStore } from "./store.ts";

const hex = (n: number, length: number) => n.toString(16).padStart(length, "0");

interface Short extends Partial<Omit<SpanData, "traceId" | "spanId" | "parentSpanId">> {
  readonly trace?: number;
  readonly id: number;
  readonly parent?: number;
  readonly service?: string;
}

function span({ trace = 1, id, parent, service = "s", ...over }: Short): SpanData {
  return {
    resource: { service, attributes: {} },
    traceId: hex(trace, 32),
    spanId: hex(id, 16),
    parentSpanId: parent === undefined ? undefined : hex(parent, 16),
    traceState: undefined,
    flags: 1,
    name: `op ${id}`,
    kind: "internal",
    startUs: trace * 1_000_000 + id,
    durationUs: 100,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: nothingDropped,
    ...over,
  };
}

const error = { code: "error", message: "no" } as const;
const add = (store: SpanStore, ...spans: Short[]) => store.add(spans.map(span));
const setUp = (limits: Partial<Parameters<typeof spanStore>[0]> = {}) => {
  const clock = manualClock();
  return { clock, store: spanStore({ clock, ...limits }) };
};
const traceIds = (store: SpanStore, query?: Parameters<SpanStore["traces"]>[0]) =>
  store.traces(query).map(({ traceId }) => Number.parseInt(traceId, 16));

test("a span is stored once, however often it arrives", () => {
  const { store } = setUp();
  assert.deepEqual(add(store, { id: 1 }, { id: 2, parent: 1 }), {
    stored: 2,
    duplicate: 0,
    late: 0,
    overflow: 0,
  });
  assert.deepEqual(add(store, { id: 1 }, { id: 3 }), { stored: 1, duplicate: 1, late: 0, overflow: 0 });
  assert.equal(store.trace(hex(1, 32))?.spanCount, 3);
  assert.equal(store.stats().duplicate, 1);
});

test("the services of a trace are listed as the request went, not as spans arrived", () => {
  const { store } = setUp();
  add(store, { id: 3, parent: 2, service: "user" });
  add(store, { id: 1, service: "gateway" }, { id: 2, parent: 1, service: "order" });
  add(store, { id: 4, parent: 2, service: "order" });
  assert.deepEqual(store.traces()[0]?.services, [
    { service: "gateway", spanCount: 1 },
    { service: "order", spanCount: 2 },
    { service: "user", spanCount: 1 },
  ]);
});

test("a refused call is no error of its trace, whichever of its halves arrives first", () => {
  const http = { "http.response.status_code": 404 };
  const client = { id: 1, kind: "client", status: error, attributes: http } as const;
  const server = { id: 2, parent: 1, kind: "server", service: "t", attributes: http } as const;
  for (const halves of [
    [client, server],
    [server, client],
  ]) {
    const { store } = setUp();
    add(store, ...halves);
    assert.deepEqual(traceIds(store, { error: true }), []);
    assert.equal(store.traces()[0]?.errorCount, 0);
    assert.equal(store.trace(hex(1, 32))?.errorCount, 0);
  }
});

test("a client's 4xx counts while nobody else speaks of the call, and a server's failure always", () => {
  const client = {
    id: 1,
    kind: "client",
    status: error,
    attributes: { "http.response.status_code": 404 },
  } as const;
  const cases: [more: readonly Short[], errors: number][] = [
    [[], 1],
    [[{ id: 2, parent: 1, kind: "internal" }], 1],
    [[{ id: 2, parent: 1, kind: "server", status: error }], 2],
    // Two tries of one call: the second was refused.
    [
      [
        { id: 2, parent: 1, kind: "server", status: error },
        { id: 3, parent: 1, kind: "server" },
        { id: 4, parent: 1, kind: "server" },
      ],
      1,
    ],
  ];
  for (const [more, errors] of cases) {
    const { store } = setUp();
    add(store, client, ...more);
    assert.equal(store.traces()[0]?.errorCount, errors);
    assert.equal(store.trace(hex(1, 32))?.errorCount, errors);
  }
});

test("a gRPC call that was refused is told by the server's status, as text or number", () => {
  for (const status of [5, "5"]) {
    const { store } = setUp();
    add(
      store,
      { id: 1, kind: "client", status: error },
      { id: 2, parent: 1, kind: "server", attributes: { "rpc.grpc.status_code": status } },
    );
    assert.equal(store.traces()[0]?.errorCount, 0);
  }
});

test("the same span id in another trace is another span", () => {
  const { store } = setUp();
  add(store, { trace: 1, id: 1 }, { trace: 2, id: 1 });
  assert.equal(store.stats().spans, 2);
});

test("a trace nobody stored is undefined", () => assert.equal(setUp().store.trace(hex(9, 32)), undefined));

test("the beginning of an id finds the newest trace that begins so", () => {
  const { store } = setUp();
  const ids = ["ab".padEnd(32, "1"), "ac".padEnd(32, "2"), "ab".padEnd(32, "3")];
  for (const [i, traceId] of ids.entries()) store.add([{ ...span({ id: i + 1 }), traceId }]);
  assert.equal(store.trace("ac")?.traceId, ids[1]);
  assert.equal(store.trace("ab")?.traceId, ids[2]);
  assert.equal(store.trace("ab1")?.traceId, ids[0]);
  assert.equal(store.trace("b"), undefined);
  assert.equal(store.trace(""), undefined);
});

test("a summary tells the root, the sums and the services", () => {
  const { store } = setUp();
  add(
    store,
    {
      id: 2,
      parent: 1,
      service: "orders",
      name: "child",
      startUs: 1_000_010,
      durationUs: 500,
      status: error,
    },
    { id: 1, service: "gateway", name: "POST /orders", startUs: 1_000_000, durationUs: 300 },
    { id: 3, parent: 1, service: "orders" },
  );
  assert.deepEqual(store.traces()[0], {
    traceId: hex(1, 32),
    name: "POST /orders",
    service: "gateway",
    startUs: 1_000_000,
    durationUs: 510,
    spanCount: 3,
    errorCount: 1,
    services: [
      { service: "gateway", spanCount: 1 },
      { service: "orders", spanCount: 2 },
    ],
    complete: false,
  });
});

test("while the root is missing the earliest span names the trace", () => {
  const { store } = setUp();
  add(
    store,
    { id: 3, parent: 1, startUs: 30, name: "late" },
    { id: 2, parent: 1, startUs: 20, name: "early" },
  );
  assert.equal(store.traces()[0]?.name, "early");
  add(store, { id: 1, startUs: 50, name: "root" });
  assert.equal(store.traces()[0]?.name, "root");
});

test("traces are listed newest first, by their start and not by their arrival", () => {
  const { store } = setUp();
  for (const trace of [2, 3, 1]) add(store, { trace, id: 1 });
  assert.deepEqual(traceIds(store), [3, 2, 1]);
  assert.deepEqual(traceIds(store, { limit: 2 }), [3, 2]);
});

test("each filter of a query acts", () => {
  const { store } = setUp();
  add(store, { trace: 1, id: 1, service: "a", durationUs: 5_000, name: "slow" });
  add(store, { trace: 2, id: 1, service: "a", status: error });
  add(store, { trace: 3, id: 1, service: "b" });
  assert.deepEqual(traceIds(store, { service: "a" }), [2, 1]);
  assert.deepEqual(traceIds(store, { service: "nobody" }), []);
  assert.deepEqual(traceIds(store, { minDurationMs: 5 }), [1]);
  assert.deepEqual(traceIds(store, { maxDurationMs: 1 }), [3, 2]);
  assert.deepEqual(traceIds(store, { error: true }), [2]);
  assert.deepEqual(traceIds(store, { error: false }), [3, 1]);
  assert.deepEqual(traceIds(store, { sinceUs: 2_000_000 }), [3, 2]);
  assert.deepEqual(traceIds(store, { untilUs: 2_500_000 }), [2, 1]);
  assert.deepEqual(traceIds(store, { name: "slow" }), [1]);
  assert.deepEqual(traceIds(store, { service: "a", error: true, name: "op 1" }), [2]);
});

test("services and the names of their spans are known", () => {
  const { store } = setUp();
  add(
    store,
    { id: 1, service: "b", name: "y" },
    { id: 2, service: "a", name: "z" },
    { id: 3, service: "b", name: "x" },
  );
  assert.deepEqual(store.services(), [
    { service: "a", spanCount: 1 },
    { service: "b", spanCount: 2 },
  ]);
  assert.deepEqual(store.spanNames("b"), ["x", "y"]);
  assert.deepEqual(store.spanNames("nobody"), []);
});

test("a trace is complete after its time and takes no late spans", () => {
  const { store, clock } = setUp({ maxTraceDurationMs: 60_000 });
  add(store, { id: 1 });
  clock.advance(60_000);
  assert.equal(add(store, { id: 2 }).stored, 1);
  assert.equal(store.traces()[0]?.complete, false);
  clock.advance(1);
  assert.deepEqual(add(store, { id: 3 }), { stored: 0, duplicate: 0, late: 1, overflow: 0 });
  assert.equal(add(store, { id: 2 }).duplicate, 1, "a known span is no late one");
  assert.equal(store.trace(hex(1, 32))?.complete, true);
  assert.equal(store.trace(hex(1, 32))?.spanCount, 2);
  assert.equal(store.stats().late, 1);
});

const call: readonly Short[] = [
  { id: 1, service: "gateway", kind: "client" },
  { id: 2, parent: 1, service: "orders", kind: "server" },
  { id: 3, parent: 2, service: "orders", kind: "client", status: error },
  { id: 4, parent: 3, service: "payments", kind: "server", status: error },
  { id: 5, parent: 2, service: "orders" },
];

test("calls between services are counted in any order of arrival", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...call], { minLength: call.length }), (spans) => {
      const { store } = setUp();
      for (const each of spans) add(store, each);
      assert.deepEqual(store.dependencies(), [
        { caller: "gateway", callee: "orders", calls: 1, errors: 0 },
        { caller: "orders", callee: "payments", calls: 1, errors: 1 },
      ]);
    }),
  );
});

test("a span that arrives twice is one call", () => {
  const { store } = setUp();
  add(store, ...call, ...call);
  add(store, ...call);
  assert.equal(store.dependencies()[0]?.calls, 1);
});

test("a work step below a foreign parent is no call", () => {
  const { store } = setUp();
  add(store, { id: 1, service: "a" }, { id: 2, parent: 1, service: "b" });
  assert.deepEqual(store.dependencies(), []);
});

test("dependencies can be asked for a window of time", () => {
  const { store } = setUp();
  for (const trace of [1, 2]) add(store, ...call.map((each) => ({ ...each, trace })));
  assert.equal(store.dependencies()[0]?.calls, 2);
  assert.equal(store.dependencies({ sinceUs: 2_000_000 })[0]?.calls, 1);
  assert.deepEqual(store.dependencies({ sinceUs: 9_000_000 }), []);
});

test("what is evicted no longer counts anywhere", () => {
  const { store } = setUp({ maxSpans: 10 });
  for (let trace = 1; trace <= 40; trace++) add(store, ...call.map((each) => ({ ...each, trace })));
  const { spans, traces, evicted, stored } = store.stats();
  assert.ok(spans <= 10);
  assert.equal(stored - evicted, spans);
  assert.equal(store.dependencies()[0]?.calls, traces);
  assert.equal(
    store.services().reduce((sum, each) => sum + each.spanCount, 0),
    spans,
  );
  assert.equal(store.trace(hex(1, 32)), undefined);
  assert.equal(store.trace(hex(40, 32))?.spanCount, 5);
});

test("a noisy service loses its own traces, not those of a quiet one", () => {
  const { store } = setUp({ maxSpans: 100 });
  add(store, { trace: 1, id: 1, service: "quiet" }, { trace: 2, id: 1, service: "quiet" });
  for (let trace = 3; trace < 1000; trace++) add(store, { trace, id: 1, service: "noisy" });
  assert.deepEqual(
    store.services().map(({ service, spanCount }) => [service, spanCount <= 98 && spanCount > 0]),
    [
      ["noisy", true],
      ["quiet", true],
    ],
  );
  assert.deepEqual(traceIds(store, { service: "quiet" }), [2, 1]);
  assert.equal(traceIds(store, { service: "noisy", limit: 1 })[0], 999);
});

test("large spans are bounded by bytes, not by their number", () => {
  const { store } = setUp({ maxBytes: 100_000 });
  for (let trace = 1; trace < 200; trace++)
    add(store, {
      trace,
      id: 1,
      attributes: { body: "x".repeat(5000) },
      status: { code: "error", message: "y" },
    });
  const { bytes, traces } = store.stats();
  assert.ok(bytes <= 100_000 && bytes > 50_000, `${bytes}`);
  assert.ok(traces < 20);
});

test("one trace cannot fill the store", () => {
  const { store } = setUp({ maxSpansPerTrace: 5 });
  const result = add(store, ...Array.from({ length: 8 }, (_, i) => ({ id: i + 1 })));
  assert.deepEqual(result, { stored: 5, duplicate: 0, late: 0, overflow: 3 });
});

test("limits and sums hold after any sequence of spans", () => {
  const any = fc.record({
    trace: fc.integer({ min: 1, max: 12 }),
    id: fc.integer({ min: 1, max: 30 }),
    parent: fc.integer({ min: 1, max: 30 }),
    service: fc.constantFrom("a", "b", "c"),
    kind: fc.constantFrom("server" as const, "client" as const),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 120 }), (spans) => {
      const { store } = setUp({ maxSpans: 20 });
      for (const each of spans) add(store, each);
      const stats = store.stats();
      const listed = store.traces({ limit: 1000 });
      assert.ok(stats.spans <= 20);
      assert.equal(stats.stored - stats.evicted, stats.spans);
      assert.equal(listed.length, stats.traces);
      assert.equal(
        listed.reduce((sum, trace) => sum + trace.spanCount, 0),
        stats.spans,
      );
      assert.deepEqual(store.dependencies(), store.dependencies({ sinceUs: 0 }));
      if (stats.spans === 0) assert.equal(stats.bytes, 0);
    }),
    { numRuns: 300 },
  );
});

test("listeners hear of each stored span once, until they leave", () => {
  const { store } = setUp();
  const heard: string[] = [];
  const subscription = store.subscribe((spans) => heard.push(spans.map((each) => each.name).join()));
  add(store, { id: 1 }, { id: 2 });
  add(store, { id: 2 });
  add(store, { id: 2 }, { id: 3 });
  subscription[Symbol.dispose]();
  add(store, { id: 4 });
  assert.deepEqual(heard, ["op 1,op 2", "op 3"]);
});
