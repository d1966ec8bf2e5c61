import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { manualClock, seededRandom, systemClock, TuskerError } from "../kernel/index.ts";
import { type HttpClient, httpClient, serveHttp1 } from "../net/index.ts";
import { encodeJaeger, encodeOtlp, nothingDropped, type SpanData, startTracing } from "../telemetry/index.ts";
import { type Collector, type CollectorOptions, startCollector } from "./collector.ts";
import { decodeOtlp } from "./otlp/decode.ts";
import { traceReader } from "./query/reader.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";

function span(n: number, over: Partial<SpanData> = {}): SpanData {
  return {
    resource: { service: "shop", attributes: {} },
    traceId,
    spanId: n.toString(16).padStart(16, "0"),
    parentSpanId: n === 1 ? undefined : "0000000000000001",
    traceState: undefined,
    flags: 1,
    name: `op ${n}`,
    kind: "server",
    startUs: 1_767_225_600_000_000 + n,
    durationUs: 100,
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: nothingDropped,
    ...over,
  };
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly bytes: Buffer;
  header(name: string): string | undefined;
}

/** One collector on ports of its own, and a way to talk to it. */
async function withCollector(
  run: (collector: Collector, ask: typeof asker) => Promise<void>,
  options: Partial<CollectorOptions> = {},
): Promise<void> {
  await using client = httpClient();
  await using collector = await startCollector({
    otlpPort: 0,
    zipkinPort: 0,
    jaegerPort: 0,
    clock: manualClock(),
    ...options,
  });
  await run(collector, (...args) => ask(client, ...args));
}
declare const asker: (
  url: string,
  options?: { method?: string; type?: string; encoding?: string; body?: string | Uint8Array },
) => Promise<Answered>;

async function ask(client: HttpClient, ...[url, options = {}]: Parameters<typeof asker>): Promise<Answered> {
  const { body, type, encoding, method = body === undefined ? "GET" : "POST" } = options;
  const headers = [
    ...(type === undefined ? [] : ["content-type", type]),
    ...(encoding === undefined ? [] : ["content-encoding", encoding]),
  ];
  const answer = await client.request({ method, url, headers, ...(body === undefined ? {} : { body }) });
  const bytes = Buffer.from(await answer.bytes(10_000_000));
  return {
    status: answer.status,
    type: answer.header("content-type") ?? "",
    bytes,
    header: (name) => answer.header(name),
  };
}

const protobuf = "application/x-protobuf";
const json = "application/json";

test("OTLP protobuf is stored and answered with an empty protobuf message", () =>
  withCollector(async (collector, ask) => {
    const answer = await ask(`${collector.url("otlp")}/v1/traces`, {
      type: protobuf,
      body: encodeOtlp([span(1), span(2)]),
    });
    assert.deepEqual([answer.status, answer.type, answer.bytes.length], [200, protobuf, 0]);
    assert.equal(collector.store.trace(traceId)?.spanCount, 2);
  }));

test("OTLP JSON is stored and answered in JSON, gzip is read", () =>
  withCollector(async (collector, ask) => {
    const url = `${collector.url("otlp")}/v1/traces`;
    const body = JSON.stringify({
      resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId: "b".repeat(16) }] }] }],
    });
    const answer = await ask(url, { type: "application/json; charset=utf-8", body });
    assert.deepEqual([answer.status, answer.type, answer.bytes.toString()], [200, json, "{}"]);
    const zipped = await ask(url, {
      type: protobuf,
      encoding: "gzip",
      body: gzipSync(encodeOtlp([span(1)])),
    });
    assert.equal(zipped.status, 200);
    assert.equal(collector.store.trace(traceId)?.spanCount, 2);
  }));

test("an empty OTLP request succeeds", () =>
  withCollector(async (collector, ask) => {
    const url = `${collector.url("otlp")}/v1/traces`;
    assert.equal((await ask(url, { type: protobuf, body: new Uint8Array() })).status, 200);
    assert.equal((await ask(url, { type: json, body: "{}" })).status, 200);
  }));

test("spans that are refused are told as partial success, in the language of the request", () =>
  withCollector(
    async (collector, ask) => {
      const url = `${collector.url("otlp")}/v1/traces`;
      const body = encodeOtlp([span(1), span(2), span(3)]);
      const answer = await ask(url, { type: protobuf, body });
      // ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1: 1, error_message = 2 } }
      assert.equal(answer.status, 200);
      assert.deepEqual([...answer.bytes.subarray(0, 5)], [0x0a, answer.bytes.length - 2, 0x08, 0x01, 0x12]);
      const wrong = {
        resourceSpans: [{ scopeSpans: [{ spans: [{}, { traceId: "c".repeat(32), spanId: "1" }] }] }],
      };
      const told = JSON.parse((await ask(url, { type: json, body: JSON.stringify(wrong) })).bytes.toString());
      assert.equal(told.partialSuccess.rejectedSpans, "2");
      assert.equal(typeof told.partialSuccess.errorMessage, "string");
    },
    { limits: { maxSpansPerTrace: 2 } },
  ));

test("bad OTLP bodies are 400 with a status message in the language of the request", () =>
  withCollector(async (collector, ask) => {
    const url = `${collector.url("otlp")}/v1/traces`;
    const binary = await ask(url, { type: protobuf, body: Buffer.from([0x0a, 0x7f]) });
    assert.deepEqual([binary.status, binary.type], [400, protobuf]);
    assert.deepEqual([...binary.bytes.subarray(0, 3)], [0x08, 3, 0x12]);
    const text = await ask(url, { type: json, body: "{" });
    assert.deepEqual([text.status, JSON.parse(text.bytes.toString()).code], [400, 3]);
    const zipped = await ask(url, { type: json, encoding: "gzip", body: "no gzip" });
    assert.equal(zipped.status, 400);
  }));

test("limits hold before and after decompression", () =>
  withCollector(
    async (collector, ask) => {
      const url = `${collector.url("otlp")}/v1/traces`;
      const long = await ask(url, { type: json, body: `{"a":"${"x".repeat(2000)}"}` });
      assert.equal(long.status, 413);
      const bomb = gzipSync(Buffer.alloc(1_000_000));
      assert.ok(bomb.length < 2000);
      const answer = await ask(url, { type: protobuf, encoding: "gzip", body: bomb });
      assert.deepEqual([answer.status, answer.type], [413, protobuf]);
    },
    { limits: { maxBodyBytes: 1500 } },
  ));

test("media types and encodings nobody reads are 415", () =>
  withCollector(async (collector, ask) => {
    const posts: [string, { type?: string; encoding?: string }][] = [
      [`${collector.url("otlp")}/v1/traces`, { type: "text/plain" }],
      [`${collector.url("otlp")}/v1/traces`, {}],
      [`${collector.url("otlp")}/v1/traces`, { type: json, encoding: "br" }],
      [`${collector.url("zipkin")}/api/v2/spans`, { type: "application/x-thrift" }],
      [`${collector.url("jaeger")}/api/traces`, { type: json }],
    ];
    for (const [url, options] of posts)
      assert.equal((await ask(url, { ...options, body: "[]" })).status, 415, url);
  }));

test("Zipkin and Jaeger are answered 202 and stored, bad bodies 400", () =>
  withCollector(async (collector, ask) => {
    const zipkin = `${collector.url("zipkin")}/api/v2/spans`;
    const body = JSON.stringify([
      { traceId, id: "0000000000000005", parentId: "0000000000000001", name: "z" },
    ]);
    assert.equal((await ask(zipkin, { type: json, body })).status, 202);
    assert.equal((await ask(zipkin, { type: json, body: "{}" })).status, 400);
    const jaeger = `${collector.url("jaeger")}/api/traces`;
    const batch = encodeJaeger({ service: "shop", attributes: {} }, [span(1)]);
    assert.equal((await ask(jaeger, { type: "application/x-thrift", body: batch })).status, 202);
    assert.equal(
      (
        await ask(`${jaeger}?format=jaeger.thrift`, {
          type: "application/vnd.apache.thrift.binary",
          body: batch,
        })
      ).status,
      202,
    );
    assert.equal((await ask(jaeger, { type: "application/x-thrift", body: "\u000b" })).status, 400);
    assert.equal(collector.store.trace(traceId)?.spanCount, 2);
    assert.equal(collector.store.stats().duplicate, 1);
  }));

test("unknown paths are 404 and other methods 405 with Allow", () =>
  withCollector(async (collector, ask) => {
    const base = collector.url("otlp");
    assert.equal((await ask(`${base}/nothing`)).status, 404);
    const wrong = await ask(`${base}/v1/traces`);
    assert.deepEqual([wrong.status, wrong.header("allow")], [405, "POST"]);
    assert.equal(JSON.parse(wrong.bytes.toString()).code, "COLLECTOR_METHOD");
    const logs = await ask(`${base}/v1/logs`, { type: protobuf, body: new Uint8Array() });
    assert.equal(logs.status, 404, "what is not stored is not taken");
    assert.equal((await ask(`${base}/health`)).status, 200);
    assert.equal((await ask(`${base}/health`, { method: "HEAD" })).bytes.length, 0);
  }));

test("what clients did to its connections is told for Prometheus", () =>
  withCollector(async (collector, ask) => {
    const base = collector.url("otlp");
    assert.equal((await ask(`${base}/${"x".repeat(9_000)}`)).status, 414);
    const told = await ask(`${base}/metrics`);
    assert.match(told.type, /^text\/plain; version=0\.0\.4/);
    const series = 'tusker_collector_connection_limits_total{limit="target_bytes"} 1\n';
    assert.ok(told.bytes.toString().includes(series));
    assert.equal(collector.metrics(), told.bytes.toString());
  }));

test("a taken port makes its receiver stand down, the others go on", async () => {
  await using taken = await serveHttp1((exchange) => exchange.respond({ status: 200 }), { port: 0 });
  await withCollector(
    async (collector, ask) => {
      assert.deepEqual(collector.standDown, [{ protocol: "zipkin", port: taken.port }]);
      assert.deepEqual(
        collector.listening.map(({ protocol }) => protocol),
        ["otlp", "jaeger"],
      );
      assert.equal(collector.url("zipkin"), undefined);
      assert.equal((await ask(`${collector.url("otlp")}/health`)).status, 200);
    },
    { zipkinPort: taken.port },
  );
});

test("a collector knows which addresses are its own", () =>
  withCollector(async (collector) => {
    const [{ port } = { port: 0 }] = collector.listening;
    assert.equal(collector.owns(`http://localhost:${port}/v1/traces`), true);
    assert.equal(collector.owns(`http://127.0.0.1:${port}`), true);
    assert.equal(collector.owns(`http://localhost:${port === 1 ? 2 : 1}`), false);
    assert.equal(collector.owns(`http://backend.example:${port}`), false);
    assert.equal(collector.owns("http://localhost"), false);
    assert.equal(collector.owns("no address"), false);
  }));

test("an address that cannot be listened on is an error, and nothing stays open", async () => {
  await assert.rejects(
    startCollector({ host: "203.0.113.7", otlpPort: 0, clock: manualClock() }),
    (error) => error instanceof TuskerError && error.code === "NET_BIND",
  );
});

test("one trace through three services and three protocols is one tree with true parents", async () => {
  await using client = httpClient();
  await withCollector(async (collector) => {
    const paths = { otlp: "/v1/traces", zipkin: "/api/v2/spans", jaeger: "/api/traces" } as const;
    const process = (service: string, ...protocols: (keyof typeof paths)[]) =>
      startTracing({
        service,
        settings: { enabled: true, sampling_rate: 1 },
        endpoints: protocols.map((protocol) => `${collector.url(protocol)}${paths[protocol]}`),
        clock: systemClock,
        random: seededRandom(1),
        send: async (request, signal) => {
          const answer = await client.request({ method: "POST", ...request, signal });
          await answer.bytes(1_000_000);
          return answer;
        },
      });
    // The gateway exports everything three times; it must count once.
    const gateway = process("gateway", "otlp", "zipkin", "jaeger");
    const orders = process("orders", "zipkin");
    const payments = process("payments", "jaeger");
    await gateway.tracer.inSpan("POST /api/orders", { kind: "server" }, (root) =>
      gateway.tracer.inSpan("call orders", { kind: "client" }, (call) =>
        orders.tracer.inSpan("POST /orders", { kind: "server", parent: call.context }, async () => {
          await orders.tracer.inSpan("call payments", { kind: "client" }, (inner) =>
            payments.tracer
              .inSpan("POST /payments", { kind: "server", parent: inner.context }, () => {
                throw new Error("declined");
              })
              .catch(() => root.context.traceId),
          );
        }),
      ),
    );
    for (const { batcher } of [gateway, orders, payments]) await batcher.shutdown(5000);
    const reader = traceReader(collector.url("otlp") ?? "", client);
    const [summary] = await reader.traces({ error: true });
    assert.deepEqual(
      [summary?.service, summary?.name, summary?.spanCount, summary?.errorCount],
      ["gateway", "POST /api/orders", 5, 1],
    );
    const trace = await reader.trace(summary?.traceId ?? "");
    const names: string[] = [];
    for (let nodes = trace.roots; nodes.length > 0; nodes = nodes[0]?.children ?? []) {
      assert.equal(nodes.length, 1);
      names.push(`${nodes[0]?.span.resource.service} ${nodes[0]?.span.name}`);
    }
    assert.deepEqual(names, [
      "gateway POST /api/orders",
      "gateway call orders",
      "orders POST /orders",
      "orders call payments",
      "payments POST /payments",
    ]);
    assert.deepEqual(await reader.dependencies(), [
      { caller: "gateway", callee: "orders", calls: 1, errors: 0 },
      { caller: "orders", callee: "payments", calls: 1, errors: 1 },
    ]);
    assert.equal(collector.store.stats().duplicate, 4);
  });
});

test("a reader gives exactly the trace that is stored", async () => {
  await using client = httpClient();
  await withCollector(async (collector) => {
    const stored = span(1, {
      traceState: "a=1",
      attributes: { a: 1.5, b: ["x"], c: true },
      events: [{ timeUs: 7, name: "e", attributes: {} }],
      links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: {} }],
      status: { code: "error", message: "é" },
      dropped: { attributes: 1, events: 0, links: 0 },
    });
    collector.store.add([stored, span(2)]);
    const reader = traceReader(collector.url("otlp") ?? "", client);
    assert.deepEqual(await reader.trace(traceId), collector.store.trace(traceId));
    assert.deepEqual(await reader.trace("0AF76"), collector.store.trace(traceId));
    assert.deepEqual(await reader.traces({ service: "shop", limit: 5 }), collector.store.traces());
    assert.deepEqual(await reader.traces({ service: "nobody" }), []);
    assert.deepEqual(await reader.services(), [{ service: "shop", spanCount: 2 }]);
    await assert.rejects(
      reader.trace("f".repeat(32)),
      (error) => error instanceof TuskerError && error.code === "COLLECTOR_NO_TRACE",
    );
  });
});

test("a reader says so when something else answers", async () => {
  await using client = httpClient();
  await using other = await serveHttp1((exchange) => exchange.respond({ status: 200, body: "hello" }), {
    port: 0,
  });
  await assert.rejects(
    traceReader(`http://127.0.0.1:${other.port}`, client).traces(),
    (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED",
  );
});

test("Zipkin's reading API answers on the OTLP port too", () =>
  withCollector(async (collector, ask) => {
    collector.store.add([
      span(1, { kind: "client" }),
      span(2, { resource: { service: "bank", attributes: {} }, status: { code: "error", message: "no" } }),
    ]);
    for (const protocol of ["otlp", "zipkin"] as const) {
      const read = async (path: string) =>
        JSON.parse((await ask(`${collector.url(protocol)}/api/v2/${path}`)).bytes.toString());
      // The manual clock stands at the start of 2026, one microsecond before the spans.
      const later = "endTs=1767225601000&lookback=10000";
      assert.deepEqual(await read("services"), ["bank", "shop"]);
      assert.deepEqual(await read("spans?serviceName=shop"), ["op 1"]);
      assert.equal((await read(`traces?serviceName=shop&${later}`))[0].length, 2);
      assert.equal((await read(`traces?annotationQuery=error&${later}`)).length, 1);
      assert.equal((await read(`traces?minDuration=5000&${later}`)).length, 0);
      assert.equal((await read(`traces?spanName=nothing&${later}`)).length, 0);
      assert.equal((await read("traces?endTs=1000&lookback=1000")).length, 0);
      assert.deepEqual(
        (await read(`trace/${traceId}`)).map((each: { id: string }) => each.id),
        ["0000000000000001", "0000000000000002"],
      );
      assert.deepEqual(await read(`dependencies?${later}`), [
        { parent: "shop", child: "bank", callCount: 1, errorCount: 1 },
      ]);
      assert.equal((await ask(`${collector.url(protocol)}/api/v2/trace/abc`)).status, 404);
    }
  }));

test("what was stored can be read back as OTLP", () => {
  assert.equal(decodeOtlp(encodeOtlp([span(1)])).spans[0]?.name, "op 1");
});

test("a page of another name that was pointed at this machine reads no traces and writes none", async () => {
  await using client = httpClient();
  const statuses = async (host: string): Promise<number[]> => {
    await using collector = await startCollector({
      ...{ host, otlpPort: 0, zipkinPort: 0, jaegerPort: 0, clock: manualClock() },
    });
    return await Promise.all(
      collector.listening.map(async ({ port }) => {
        const url = `http://127.0.0.1:${port}/api/v2/services`;
        const answer = await client.request({ method: "GET", url, headers: ["Host", "evil.example"] });
        await answer.text(10_000);
        return answer.status;
      }),
    );
  };
  assert.deepEqual(await statuses("127.0.0.1"), [403, 403, 403]);
  assert.deepEqual(await statuses("0.0.0.0"), [200, 200, 404]);
});
