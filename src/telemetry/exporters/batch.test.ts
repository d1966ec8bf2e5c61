import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ManualClock, manualClock, seededRandom } from "../../kernel/index.ts";
import type { SpanData } from "../span-data.ts";
import { type BatcherOptions, batchSpans, deliveryMessage, type SpanBatcher } from "./batch.ts";
import type { DeliveryEvent } from "./delivery.ts";
import type { ExportAnswer, Exporter } from "./exporter.ts";
import { otlpExporter } from "./otlp/send.ts";

type Outcome = number | "away" | ExportAnswer | Promise<ExportAnswer>;

/** An exporter whose body is the names of its spans, and a network that answers as told. */
function setUp(options: Partial<BatcherOptions> & { endpoints?: string[] } = {}) {
  const clock: ManualClock = manualClock();
  const sent: { url: string; names: string }[] = [];
  const outcomes = new Map<string, Outcome[]>();
  const events: DeliveryEvent[] = [];
  const exporters: Exporter[] = (options.endpoints ?? ["http://a"]).map((url) => ({
    protocol: "otlp",
    url,
    encode: (spans) => [{ url, headers: [], body: Buffer.from(spans.map((s) => s.name).join()) }],
  }));
  const batcher = batchSpans({
    exporters,
    clock,
    random: seededRandom(1),
    onEvent: (event) => events.push(event),
    send: async ({ url, body }) => {
      sent.push({ url, names: Buffer.from(body).toString() });
      const outcome = outcomes.get(url)?.shift() ?? 200;
      if (outcome === "away") throw new Error("connection refused");
      return typeof outcome === "number" ? { status: outcome } : outcome;
    },
    ...options,
  });
  const answers = (url: string, ...list: Outcome[]) => void outcomes.set(url, list);
  return { clock, sent, events, batcher, answers };
}

function span(name: string): SpanData {
  return {
    resource: { service: "s", attributes: {} },
    traceId: "a".repeat(32),
    spanId: "b".repeat(16),
    parentSpanId: undefined,
    traceState: undefined,
    flags: 1,
    name,
    kind: "internal",
    startUs: 0,
    durationUs: 0,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: { attributes: 0, events: 0, links: 0 },
  };
}

/** Lets promises that are ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function accept(batcher: SpanBatcher, ...names: string[]): void {
  for (const name of names) batcher.accept(span(name));
}

test("spans leave together after the interval of the first", async () => {
  const { batcher, clock, sent } = setUp();
  accept(batcher, "a");
  clock.advance(150);
  accept(batcher, "b");
  await settle();
  assert.deepEqual(sent, []);
  clock.advance(50);
  await settle();
  assert.deepEqual(sent, [{ url: "http://a", names: "a,b" }]);
  assert.equal(batcher.stats().endpoints[0]?.sent, 2);
});

test("a full batch leaves without waiting", async () => {
  const { batcher, clock, sent } = setUp({ maxBatch: 3 });
  accept(batcher, "a", "b", "c");
  assert.equal(sent.length, 0, "the span that fills the batch does not pay for it");
  clock.advance(0);
  await settle();
  assert.equal(sent[0]?.names, "a,b,c");
});

test("a protocol that can writes each span when it ends, and a batch is full by its bytes too", async () => {
  const written: string[] = [];
  const { batcher, clock, sent } = setUp({
    exporters: [
      {
        protocol: "otlp",
        url: "http://a",
        encode: () => assert.fail("spans were kept"),
        begin() {
          const names: string[] = [];
          return {
            add({ name }) {
              written.push(name);
              names.push(name);
              return names.length * 600_000;
            },
            finish: () => [{ url: "http://a", headers: [], body: Buffer.from(names.join()) }],
          };
        },
      },
    ],
  });
  accept(batcher, "a", "b", "c");
  assert.deepEqual(written, ["a", "b", "c"]);
  clock.advance(0);
  await settle();
  accept(batcher, "d");
  await batcher.flush();
  assert.deepEqual(
    sent.map(({ names }) => names),
    ["a,b,c", "d"],
  );
  assert.equal(batcher.stats().endpoints[0]?.sent, 4);
});

test("what is sent again is what was sent, although others were written in the meantime", async () => {
  const bodies: string[] = [];
  const statuses = [503, 503, 200, 200, 200];
  const { batcher, clock } = setUp({
    exporters: [otlpExporter("http://a/v1/traces")],
    send: async ({ body }) => {
      bodies.push(Buffer.from(body).toString("latin1"));
      return { status: statuses.shift() ?? 200 };
    },
  });
  for (const name of ["first", "second", "third"]) {
    accept(batcher, ...Array.from({ length: 20 }, () => name));
    await batcher.flush();
  }
  clock.advance(60_000);
  await settle();
  await batcher.flush();
  const names = bodies.map((body) => ["first", "second", "third"].filter((name) => body.includes(name)));
  assert.deepEqual(names, [["first"], ["first"], ["first"], ["second"], ["third"]]);
  assert.equal(new Set(bodies.slice(0, 3)).size, 1);
  assert.equal(batcher.stats().endpoints[0]?.sent, 60);
});

test("flush sends what is there and waits for it", async () => {
  const { batcher, sent } = setUp();
  accept(batcher, "a");
  await batcher.flush();
  assert.equal(sent.length, 1);
  await batcher.flush();
  assert.equal(sent.length, 1);
});

test("an endpoint that does not answer is reported once, kept for, and reported once when it is back", async () => {
  const { batcher, clock, sent, events, answers } = setUp();
  answers("http://a", "away", "away", "away", 200);
  accept(batcher, "a");
  clock.advance(200);
  await settle();
  for (let i = 0; i < 5; i++) {
    accept(batcher, `later${i}`);
    clock.advance(5000);
    await settle();
  }
  assert.deepEqual(
    events.map((event) => event.kind),
    ["unreachable", "reachable"],
  );
  assert.deepEqual(
    sent.slice(0, 4).map((s) => s.names),
    ["a", "a", "a", "a"],
  );
  const [stats] = batcher.stats().endpoints;
  assert.deepEqual([stats?.sent, stats?.dropped, stats?.waiting, stats?.reachable], [6, 0, 0, true]);
});

test("pauses between probes grow to half a minute, however many spans arrive", async () => {
  const { batcher, clock, sent, answers } = setUp();
  answers("http://a", ...Array.from({ length: 1000 }, () => "away" as const));
  for (let second = 0; second < 600; second++) {
    accept(batcher, "x");
    clock.advance(1000);
    await settle();
  }
  assert.ok(sent.length < 50, `${sent.length} requests in ten minutes`);
  assert.ok(sent.length > 15, `${sent.length} requests in ten minutes`);
});

test("past the limit the oldest waiting spans are dropped and counted", async () => {
  const { batcher, clock, sent, answers } = setUp({ maxWaiting: 4 });
  answers("http://a", "away");
  for (const name of ["a", "b", "c", "d", "e", "f"]) {
    accept(batcher, name);
    clock.advance(200);
    await settle();
  }
  await batcher.flush();
  const [stats] = batcher.stats().endpoints;
  assert.equal((stats?.sent ?? 0) + (stats?.dropped ?? 0), 6);
  assert.ok((stats?.waiting ?? 9) === 0);
  assert.equal(sent.at(-1)?.names, "f");
});

test("busy answers are tried again with pauses, five times at most", async () => {
  for (const status of [429, 502, 503, 504]) {
    const { batcher, clock, sent, answers, events } = setUp();
    answers("http://a", ...Array.from({ length: 9 }, () => status));
    accept(batcher, "a");
    for (let i = 0; i < 12; i++) {
      clock.advance(10_000);
      await settle();
    }
    assert.equal(sent.length, 5);
    assert.equal(batcher.stats().endpoints[0]?.dropped, 1);
    assert.deepEqual(events, [{ kind: "refused", url: "http://a", status }]);
  }
});

test("other answers are final: the batch is dropped, the next one is sent, and the refusal is told once", async () => {
  const { batcher, sent, answers, events } = setUp();
  answers("http://a", 400, 400, 200, 400);
  for (const name of ["a", "b", "c", "d"]) {
    accept(batcher, name);
    await batcher.flush();
  }
  assert.equal(sent.length, 4);
  assert.deepEqual(
    events.map((event) => event.kind),
    ["refused", "refused"],
  );
  const [stats] = batcher.stats().endpoints;
  assert.deepEqual([stats?.sent, stats?.dropped], [1, 3]);
});

test("Retry-After holds the next try back", async () => {
  const { batcher, clock, sent, answers } = setUp();
  answers("http://a", { status: 503, header: (name) => (name === "retry-after" ? "20" : undefined) }, 200);
  accept(batcher, "a");
  clock.advance(200);
  await settle();
  clock.advance(19_000);
  await settle();
  assert.equal(sent.length, 1);
  clock.advance(1_000);
  await settle();
  assert.equal(sent.length, 2);
});

test("a slow endpoint does not hold up the other, and nothing is sent twice at once", async () => {
  const { batcher, clock, sent, answers } = setUp({ endpoints: ["http://slow", "http://fast"] });
  const slow = Promise.withResolvers<ExportAnswer>();
  answers("http://slow", slow.promise);
  for (const name of ["a", "b", "c"]) {
    accept(batcher, name);
    clock.advance(200);
    await settle();
  }
  assert.equal(sent.filter((s) => s.url === "http://fast").length, 3);
  assert.equal(sent.filter((s) => s.url === "http://slow").length, 1);
  slow.resolve({ status: 200 });
  await settle();
  assert.equal(sent.filter((s) => s.url === "http://slow").length, 3);
});

test("a request that hangs is cancelled after ten seconds", async () => {
  const clock = manualClock();
  let cancelled = false;
  const batcher = batchSpans({
    exporters: [
      {
        protocol: "otlp",
        url: "http://a",
        encode: () => [{ url: "http://a", headers: [], body: new Uint8Array() }],
      },
    ],
    clock,
    random: seededRandom(1),
    send: (_request, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          cancelled = true;
          reject(new Error("cancelled"));
        });
      }),
  });
  accept(batcher, "a");
  clock.advance(200);
  await settle();
  clock.advance(9_999);
  assert.equal(cancelled, false);
  clock.advance(1);
  await settle();
  assert.equal(cancelled, true);
  assert.equal(batcher.stats().endpoints[0]?.reachable, false);
  batcher.shutdown();
});

test("shutdown sends what is left, then nothing more", async () => {
  const { batcher, sent, clock } = setUp();
  accept(batcher, "a");
  await batcher.shutdown();
  accept(batcher, "late");
  clock.advance(10_000);
  await settle();
  assert.deepEqual(
    sent.map((s) => s.names),
    ["a"],
  );
  assert.equal(batcher.stats().late, 1);
  assert.equal(clock.pending, 0);
});

test("shutdown does not wait longer than its grace for an endpoint that hangs", async () => {
  const { batcher, clock, answers } = setUp();
  answers("http://a", new Promise<ExportAnswer>(() => {}));
  accept(batcher, "a");
  const ended = batcher.shutdown(500);
  await settle();
  clock.advance(500);
  await ended;
  assert.equal(batcher.stats().endpoints[0]?.dropped, 1);
});

test("without endpoints spans are counted and let go", async () => {
  const { batcher, clock } = setUp({ endpoints: [] });
  accept(batcher, "a", "b");
  assert.equal(clock.pending, 0);
  assert.equal(batcher.stats().accepted, 2);
  await batcher.shutdown();
});

test("one that has several requests per batch goes on where it stopped", async () => {
  const clock = manualClock();
  const sent: string[] = [];
  const outcomes = [200, 503, 200];
  const batcher = batchSpans({
    exporters: [
      {
        protocol: "jaeger",
        url: "http://j",
        encode: () =>
          ["one", "two"].map((text) => ({ url: "http://j", headers: [], body: Buffer.from(text) })),
      },
    ],
    clock,
    random: seededRandom(1),
    send: async ({ body }) => {
      sent.push(Buffer.from(body).toString());
      return { status: outcomes.shift() ?? 200 };
    },
  });
  accept(batcher, "a");
  clock.advance(200);
  await settle();
  clock.advance(1000);
  await settle();
  assert.deepEqual(sent, ["one", "two", "two"]);
  assert.equal(batcher.stats().endpoints[0]?.sent, 1);
});

test("every event reads as a sentence with its address", () => {
  const events: DeliveryEvent[] = [
    { kind: "unreachable", url: "http://a", reason: "refused" },
    { kind: "reachable", url: "http://a" },
    { kind: "refused", url: "http://a", status: 400 },
  ];
  for (const event of events) assert.match(deliveryMessage(event), /http:\/\/a/);
});

test("whatever an endpoint does, every span is sent, dropped or waiting, and waiting ones are bounded", async () => {
  const outcome = fc.oneof(fc.constantFrom(200, 202, 400, 429, 503), fc.constant("away" as const));
  const step = fc.record({ spans: fc.nat({ max: 5 }), passMs: fc.constantFrom(0, 100, 250, 1000, 40_000) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { maxLength: 30 }),
      fc.array(step, { maxLength: 15 }),
      async (answers, steps) => {
        const { batcher, clock, ...network } = setUp({ maxBatch: 4, maxWaiting: 8 });
        network.answers("http://a", ...answers);
        for (const { spans, passMs } of steps) {
          for (let i = 0; i < spans; i++) batcher.accept(span("x"));
          clock.advance(passMs);
          await settle();
          const [stats] = batcher.stats().endpoints;
          // One batch may be on its way besides those that wait.
          assert.ok((stats?.waiting ?? 0) <= 8 + 5, `${stats?.waiting} waiting`);
        }
        await batcher.shutdown();
        const { accepted, endpoints } = batcher.stats();
        const [stats] = endpoints;
        assert.equal((stats?.sent ?? 0) + (stats?.dropped ?? 0), accepted);
        assert.equal(stats?.waiting, 0);
        assert.equal(clock.pending, 0);
      },
    ),
    { numRuns: 150 },
  );
});

test("events tell each change once: never twice the same in a row", async () => {
  const { batcher, clock, events, answers } = setUp();
  answers("http://a", "away", "away", 200, "away", 200, 200);
  for (let i = 0; i < 8; i++) {
    accept(batcher, "x");
    clock.advance(40_000);
    await settle();
  }
  assert.deepEqual(
    events.map((event) => event.kind),
    ["unreachable", "reachable", "unreachable", "reachable"],
  );
});

test("disposing is shutting down", async () => {
  const { batcher, sent } = setUp();
  accept(batcher, "a");
  await batcher[Symbol.asyncDispose]();
  assert.equal(sent.length, 1);
  await batcher.shutdown();
});
