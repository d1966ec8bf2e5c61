import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { exportEndpoint, exporterFor } from "./endpoint.ts";

const cases: [address: string, protocol: string, url: string][] = [
  ["http://localhost:4318", "otlp", "http://localhost:4318/v1/traces"],
  ["http://localhost:4318/", "otlp", "http://localhost:4318/v1/traces"],
  ["http://localhost:4318/v1/traces", "otlp", "http://localhost:4318/v1/traces"],
  ["https://backend.example/otlp", "otlp", "https://backend.example/otlp/v1/traces"],
  ["http://localhost:14268/api/traces", "jaeger", "http://localhost:14268/api/traces"],
  ["http://localhost:14268", "jaeger", "http://localhost:14268/api/traces"],
  [
    "http://jaeger/api/traces?format=jaeger.thrift",
    "jaeger",
    "http://jaeger/api/traces?format=jaeger.thrift",
  ],
  ["http://localhost:9411/api/v2/spans", "zipkin", "http://localhost:9411/api/v2/spans"],
  ["http://localhost:9411", "zipkin", "http://localhost:9411/api/v2/spans"],
  // The path decides before the port: a Jaeger that takes OTLP is sent OTLP.
  ["http://localhost:14268/v1/traces", "otlp", "http://localhost:14268/v1/traces"],
];

for (const [address, protocol, url] of cases) {
  test(`${address} is ${protocol}`, () => {
    assert.deepEqual(exportEndpoint(address), { protocol, url });
    const exporter = exporterFor(address);
    assert.deepEqual([exporter.protocol, exporter.url], [protocol, url]);
  });
}

test("what cannot be spoken is refused with a way out", () => {
  for (const address of ["", "localhost:4318", "grpc://x:4317", "http://localhost:4317", "not a url"]) {
    assert.throws(
      () => exportEndpoint(address),
      (error) => error instanceof TuskerError && error.code === "TELEMETRY_ENDPOINT",
    );
  }
});
