import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpanData } from "../../span-data.ts";
import { encodeZipkin } from "./encode.ts";
import { zipkinExporter } from "./send.ts";

const span: SpanData = {
  resource: { service: "shop", attributes: { "service.version": "1.0.0", shared: "resource" } },
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  traceState: undefined,
  flags: 1,
  name: "GET /users/{id}",
  kind: "client",
  startUs: 1_795_409_017_282_001,
  durationUs: 0,
  attributes: { "peer.service": "users", "server.port": 8081, list: ["a", 1], ok: true, shared: "span" },
  events: [
    { timeUs: 5, name: "miss", attributes: {} },
    { timeUs: 6, name: "hit", attributes: { key: "k" } },
  ],
  links: [],
  status: { code: "unset" },
  dropped: { attributes: 0, events: 0, links: 0 },
};

test("a span in Zipkin's words", () => {
  assert.deepEqual(encodeZipkin([span])[0], {
    traceId: span.traceId,
    id: span.spanId,
    parentId: span.parentSpanId,
    name: "GET /users/{id}",
    kind: "CLIENT",
    timestamp: 1_795_409_017_282_001,
    duration: 1,
    localEndpoint: { serviceName: "shop" },
    remoteEndpoint: { serviceName: "users", port: 8081 },
    annotations: [
      { timestamp: 5, value: "miss" },
      { timestamp: 6, value: '{"hit":{"key":"k"}}' },
    ],
    tags: {
      "service.version": "1.0.0",
      "peer.service": "users",
      "server.port": "8081",
      list: '["a",1]',
      ok: "true",
      shared: "span",
    },
  });
});

test("a root has no parentId and an internal span no kind", () => {
  const [root] = encodeZipkin([{ ...span, parentSpanId: undefined, kind: "internal" }]);
  assert.equal("parentId" in root!, false);
  assert.equal("kind" in root!, false);
  assert.equal("remoteEndpoint" in root!, false);
});

test("an error is a tag of that name, with the reason or true", () => {
  const tags = (status: SpanData["status"]) => encodeZipkin([{ ...span, status }])[0]?.tags;
  assert.equal(tags({ code: "error", message: "boom" })?.error, "boom");
  assert.equal(tags({ code: "error", message: "" })?.error, "true");
  assert.equal(tags({ code: "error", message: "" })?.["otel.status_code"], "ERROR");
  assert.equal(tags({ code: "ok" })?.["otel.status_code"], "OK");
  assert.equal("error" in (tags({ code: "ok" }) ?? {}), false);
});

test("the request is a JSON list", () => {
  const [request] = zipkinExporter("http://z/api/v2/spans").encode([span, span]);
  assert.deepEqual(request?.headers, ["content-type", "application/json"]);
  assert.equal(JSON.parse(Buffer.from(request!.body).toString()).length, 2);
});
