import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../kernel/index.ts";
import type { ExportRequest } from "./exporters/exporter.ts";
import { observeSpans } from "./exporters/meters.ts";
import { createLogger } from "./logger.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { startTracing, type TracingOptions } from "./tracing.ts";

function setUp(options: Partial<TracingOptions> = {}) {
  const sent: ExportRequest[] = [];
  const tracing = startTracing({
    service: "shop",
    instance: "shop-1",
    settings: { enabled: true, sampling_rate: 1 },
    endpoints: ["http://c:4318"],
    send: async (request) => {
      sent.push(request);
      return { status: 200 };
    },
    clock: manualClock(),
    random: seededRandom(1),
    ...options,
  });
  return { tracing, sent };
}

test("a span reaches each endpoint in its own protocol", async () => {
  const { tracing, sent } = setUp({
    endpoints: ["http://c:4318", "http://c:4318/v1/traces", "http://j:14268/api/traces", "http://z:9411"],
  });
  tracing.tracer.startSpan("x").end();
  await tracing[Symbol.asyncDispose]();
  assert.deepEqual(
    sent.map((request) => [request.url, request.headers[1]]),
    [
      ["http://c:4318/v1/traces", "application/x-protobuf"],
      ["http://j:14268/api/traces", "application/x-thrift"],
      ["http://z:9411/api/v2/spans", "application/json"],
    ],
  );
});

test("enabled false means no spans at all, and sampling_rate 0 no new ones", async () => {
  for (const settings of [
    { enabled: false, sampling_rate: 1 },
    { enabled: true, sampling_rate: 0 },
  ]) {
    const { tracing, sent } = setUp({ settings });
    tracing.tracer.startSpan("x").end();
    await tracing[Symbol.asyncDispose]();
    assert.deepEqual(sent, []);
  }
});

test("what happens to an endpoint is logged", async () => {
  const lines: string[] = [];
  let away = true;
  const { tracing } = setUp({
    log: createLogger({ service: "shop", clock: manualClock(), write: (line) => lines.push(line) }),
    send: async () => {
      if (away) throw new Error("connection refused");
      return { status: 200 };
    },
  });
  tracing.tracer.startSpan("x").end();
  await tracing.batcher.flush();
  away = false;
  await tracing.batcher.flush();
  await tracing[Symbol.asyncDispose]();
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).level),
    ["warn", "info"],
  );
});

test("metrics say what became of every span", async () => {
  const statuses = [200, 400];
  const { tracing } = setUp({ send: async () => ({ status: statuses.shift() ?? 200 }) });
  const metrics = createMetrics();
  observeSpans(metrics, tracing.batcher);
  for (const names of [["a", "b"], ["c"]]) {
    for (const name of names) tracing.tracer.startSpan(name).end();
    await tracing.batcher.flush();
  }
  tracing.tracer.startSpan("d").end();
  const value = (name: string) =>
    new RegExp(`^tusker_spans_${name} (\\d+)$`, "m").exec(metrics.render())?.[1];
  assert.deepEqual(["recorded", "sent", "dropped", "waiting"].map(value), ["4", "2", "1", "0"]);
  await tracing[Symbol.asyncDispose]();
  assert.equal(value("sent"), "3");
});
