import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../telemetry/index.ts";
import { growing, mergeMetrics } from "./merge-metrics.ts";

function thread(requests: number, state: number): string {
  const metrics = createMetrics();
  metrics
    .counter("x_total", { help: "Requests.", labels: ["route"] })
    .bind({ route: 'a b"' })
    .add(requests);
  metrics.gauge("breaker_state", { help: "Worst counts." }).bind().set(state);
  metrics
    .gauge("endpoint_up", { help: "Worst counts." })
    .bind()
    .set(state === 2 ? 0 : 1);
  metrics.gauge("gateway_clock_jumps", { help: "Every thread sees the same." }).bind().set(4);
  metrics
    .histogram("seconds", { help: "Time.", buckets: [1] })
    .bind()
    .record(0.5);
  return metrics.render();
}

test("series of several threads add up; of states the worst counts", () => {
  const merged = mergeMetrics([thread(2, 0), thread(3, 2), thread(1, 1)]);
  assert.match(merged, /^x_total\{route="a b\\""\} 6$/m);
  assert.match(merged, /^breaker_state 2$/m);
  assert.match(merged, /^endpoint_up 0$/m);
  assert.match(mergeMetrics([thread(1, 0), thread(1, 1)]), /^endpoint_up 1$/m);
  assert.match(merged, /^gateway_clock_jumps 4$/m);
  assert.match(merged, /^seconds_bucket\{le="1"\} 3$/m);
  assert.match(merged, /^seconds_sum 1\.5$/m);
  assert.equal(merged.match(/# TYPE x_total counter/g)?.length, 1);
});

test("one thread is itself", () => {
  const text = thread(2, 1);
  assert.equal(mergeMetrics([text]), text);
});

test("what only grows outlives its thread: counters and histograms, and no gauge", () => {
  const left = growing(thread(2, 1));
  assert.match(left, /^x_total\{route="a b\\""\} 2$/m);
  assert.match(left, /^seconds_count 1$/m);
  assert.doesNotMatch(left, /breaker_state|endpoint_up|clock_jumps/);
  assert.match(mergeMetrics([thread(3, 0), left]), /^x_total\{route="a b\\""\} 5$/m);
  assert.equal(growing(""), "");
});
