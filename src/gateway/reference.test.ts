import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { codes } from "../kernel/index.ts";
import { createMetrics } from "../telemetry/index.ts";
import { bench } from "./fixture.test.ts";
import { gatewayMeters } from "./meters.ts";
import { gatewaySection } from "./section.ts";

const page = readFileSync(new URL("../../docs/reference/gateway.md", import.meta.url), "utf8");

function rowsAfter(heading: string): string[] {
  const from = page.indexOf(`${heading}\n`);
  assert.ok(from >= 0, heading);
  const next = page.indexOf("\n## ", from + 1);
  const part = page.slice(from, next < 0 ? undefined : next);
  return [...part.matchAll(/^\| (`.*?`(?:, `.*?`)*) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name),
  );
}

test("the reference lists every key of [gateway] and no other", () => {
  const top = rowsAfter("## `[gateway]`").filter((key) => !key.includes("."));
  assert.deepEqual(top.sort(), Object.keys(gatewaySection.shape).sort());
});

test("the reference lists every code of the gateway that a client can meet", () => {
  // A client that went away meets nothing, and draining closes connections instead of answering on them.
  const unmet = ["GATEWAY_CLIENT_GONE", "GATEWAY_DRAINING"];
  const ours = Object.keys(codes).filter((code) => code.startsWith("GATEWAY_") && !unmet.includes(code));
  assert.deepEqual(rowsAfter("## Answers of the gateway itself").sort(), ours.sort());
});

test("the reference lists every metric and no other", async () => {
  await using front = await bench({ routes: {} });
  const meters = gatewayMeters(front.metrics);
  meters.route("/").answered("GET", 200, 0.1);
  meters.route("/").limited();
  meters.retried("s", "reset");
  meters.notRetried("s", "budget");
  meters.breaker("s", "e", "open");
  meters.broken("s");
  meters.refusedConnection();
  meters.connections.hooks.onLimit("idle");
  meters.connections.hooks.onMalformed({ clause: "oneHost", status: 400, text: "" });
  meters.shed("s", "low");
  meters.hedged("s", "second");
  meters.fellBack("s", "t");
  meters.fault("/", "abort");
  meters.copied("s", "sent");
  meters.health("s", "e", true);
  meters.keysFailed();
  const made = [...front.metrics.render().matchAll(/^# TYPE (tusker_gateway_\w+) /gm)].map(
    ([, name]) => name,
  );
  assert.deepEqual(rowsAfter("## Metrics").sort(), made.sort());
});

test("clients cannot make series: unknown methods share one", () => {
  const metrics = createMetrics();
  const meter = gatewayMeters(metrics).route("/a");
  for (const method of ["GET", "FOO", "BAR", "get"]) meter.answered(method, 200, 0.01);
  const series = metrics.render().match(/^tusker_gateway_requests_total\{.*$/gm) ?? [];
  assert.deepEqual(series, [
    'tusker_gateway_requests_total{route="/a",method="GET",status="200"} 1',
    'tusker_gateway_requests_total{route="/a",method="_OTHER",status="200"} 3',
  ]);
});
