import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { decodeZipkin } from "./decode.ts";

const base = {
  traceId: "5af7183fb1d4cf5f",
  id: "352bff9a74ca9ad2",
  name: "get /api",
  timestamp: 1_556_604_172_355_737,
  duration: 1431,
};
const one = (span: object) => decodeZipkin([{ ...base, ...span }])[0];

test("a span as Zipkin documents it", () => {
  const span = one({
    parentId: "6b221d5bc9e6496c",
    kind: "SERVER",
    localEndpoint: { serviceName: "backend", ipv4: "192.168.99.1", port: 3306 },
    remoteEndpoint: { serviceName: "frontend", ipv4: "172.19.0.2", port: 58648 },
    annotations: [{ timestamp: 5, value: "miss" }],
    tags: { "http.method": "GET" },
  });
  assert.deepEqual(span, {
    resource: { service: "backend", attributes: {} },
    traceId: "00000000000000005af7183fb1d4cf5f",
    spanId: "352bff9a74ca9ad2",
    parentSpanId: "6b221d5bc9e6496c",
    traceState: undefined,
    flags: 1,
    name: "get /api",
    kind: "server",
    startUs: 1_556_604_172_355_737,
    durationUs: 1431,
    attributes: {
      "http.method": "GET",
      "peer.service": "frontend",
      "network.peer.address": "172.19.0.2",
      "network.peer.port": 58648,
    },
    status: { code: "unset" },
    events: [{ timeUs: 5, name: "miss", attributes: {} }],
    links: [],
    dropped: { attributes: 0, events: 0, links: 0 },
  });
});

test("the error tag makes an error, whatever it says and wherever it stands", () => {
  assert.deepEqual(one({ tags: { error: "boom" } })?.status, { code: "error", message: "boom" });
  assert.deepEqual(one({ tags: { error: "true" } })?.status, { code: "error", message: "" });
  assert.deepEqual(one({ tags: { error: "" } })?.status, { code: "error", message: "" });
  assert.deepEqual(one({ tags: { "otel.status_code": "OK" } })?.status, { code: "ok" });
  assert.equal(one({ tags: { error: "x", "otel.status_code": "OK" } })?.status.code, "error");
  assert.deepEqual(one({ tags: { error: "x", "otel.status_code": "ERROR" } })?.attributes, {});
});

test("everything but the ids may be absent", () => {
  const [span] = decodeZipkin([{ traceId: "1", id: "2" }]);
  assert.deepEqual([span?.traceId, span?.spanId], ["1".padStart(32, "0"), "2".padStart(16, "0")]);
  assert.deepEqual([span?.name, span?.kind, span?.resource.service], ["", "internal", "unknown_service"]);
});

test("a shared span becomes the server's own below the client's", () => {
  const client = one({ kind: "CLIENT", localEndpoint: { serviceName: "a" } });
  const server = one({
    kind: "SERVER",
    shared: true,
    parentId: "6b221d5bc9e6496c",
    localEndpoint: { serviceName: "b" },
  });
  assert.notEqual(server?.spanId, client?.spanId);
  assert.equal(server?.parentSpanId, client?.spanId);
  assert.equal(
    one({ kind: "SERVER", shared: true })?.spanId,
    server?.spanId,
    "sent again it is the same span",
  );
});

test("one bad span refuses the list, as Zipkin does", () => {
  const wrong: unknown[] = [
    {},
    null,
    "text",
    [5],
    [[]],
    [{ ...base, traceId: undefined }],
    [{ ...base, traceId: "xyz" }],
    [{ ...base, id: "0000000000000000" }],
    [{ ...base, id: "1".repeat(17) }],
    [{ ...base, parentId: "nothex" }],
    [{ ...base, timestamp: "soon" }],
    [{ ...base, tags: { a: 1 } }],
    [{ ...base, tags: [] }],
    [base, { ...base, annotations: [{ timestamp: 1, value: 2 }] }],
  ];
  for (const body of wrong) {
    assert.throws(
      () => decodeZipkin(body),
      (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED",
      JSON.stringify(body),
    );
  }
});

test("services of one list share one resource", () => {
  const spans = decodeZipkin([
    { ...base, localEndpoint: { serviceName: "a" } },
    { ...base, id: "1", localEndpoint: { serviceName: "a" } },
    { ...base, id: "2", localEndpoint: { serviceName: "b" } },
  ]);
  assert.equal(spans[0]?.resource, spans[1]?.resource);
  assert.notEqual(spans[0]?.resource, spans[2]?.resource);
});
