import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointStats } from "../../gateway/index.ts";
import { mergeServices } from "./merge-services.ts";

const endpoint = (id: string, more: Partial<EndpointStats> = {}): EndpointStats => ({
  ...{ id, host: "127.0.0.1", port: 1, inFlight: 1, costMs: 5, breaker: "closed", up: true, ejected: false },
  ...more,
});

test("requests add up, and of what each thread learned the worst counts", () => {
  const merged = mergeServices([
    [
      {
        service: "users",
        endpoints: [endpoint("a"), endpoint("b", { breaker: "half-open", ejected: true })],
      },
    ],
    [
      {
        service: "users",
        endpoints: [endpoint("a", { inFlight: 3, costMs: 9, up: false }), endpoint("b", { breaker: "open" })],
      },
    ],
  ]);
  assert.deepEqual(merged, [
    {
      service: "users",
      endpoints: [
        endpoint("a", { inFlight: 4, costMs: 9, up: false }),
        endpoint("b", { inFlight: 2, breaker: "open", ejected: true }),
      ],
    },
  ]);
});

test("what one thread alone knows is there, and nobody's knowledge is nothing", () => {
  const orders = { service: "orders", endpoints: [endpoint("o")] };
  assert.deepEqual(mergeServices([[], [orders]]), [orders]);
  assert.deepEqual(mergeServices([]), []);
});
