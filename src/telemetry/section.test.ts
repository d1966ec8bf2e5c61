import assert from "node:assert/strict";
import { test } from "node:test";
import { tracingSection } from "./section.ts";

test("an empty section means: trace everything, export it, five minutes per trace", () => {
  assert.deepEqual(tracingSection.parse({}), {
    enabled: true,
    sampling_rate: 1,
    max_trace_duration: 300_000,
    export_traces: true,
  });
});

test("every key of the file takes effect as written", () => {
  const written = {
    enabled: false,
    sampling_rate: 0.25,
    max_trace_duration: "1m30s",
    export_traces: false,
    jaeger_endpoint: "http://localhost:14268/api/traces",
    zipkin_endpoint: "http://localhost:9411/api/v2/spans",
    otlp_endpoint: "https://collector.example:4318",
  };
  assert.deepEqual(tracingSection.parse(written), { ...written, max_trace_duration: 90_000 });
});

test("wrong values and unknown keys name the key", () => {
  const wrong: [Record<string, unknown>, string][] = [
    [{ enabled: "yes" }, "enabled"],
    [{ sampling_rate: 1.5 }, "sampling_rate"],
    [{ max_trace_duration: 300 }, "max_trace_duration"],
    [{ export_traces: 1 }, "export_traces"],
    [{ jaeger_endpoint: "localhost:14268" }, "jaeger_endpoint"],
    [{ zipkin_endpoint: "ftp://x" }, "zipkin_endpoint"],
    [{ otlp_endpoint: "" }, "otlp_endpoint"],
  ];
  for (const [section, key] of wrong) {
    const result = tracingSection.safeParse(section);
    assert.equal(result.success, false, key);
    assert.deepEqual(result.error?.issues[0]?.path, [key]);
  }
  const unknown = tracingSection.safeParse({ sample_rate: 1 });
  assert.deepEqual(unknown.error?.issues[0]?.code, "unrecognized_keys");
});
