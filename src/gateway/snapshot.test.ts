import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, seededRandom } from "../kernel/index.ts";
import { createMetrics } from "../telemetry/index.ts";
import { apiKeys } from "./auth/api-keys.ts";
import { gatewayMeters } from "./meters.ts";
import type { LimitStore, Route } from "./route.ts";
import { gatewaySection, routesSection } from "./section.ts";
import { compileSnapshot, limitStore } from "./snapshot.ts";
import type { Upstream } from "./upstream.ts";

function compiled(gateway: object, routes: object, limits: LimitStore = limitStore(manualClock())) {
  const services: string[] = [];
  const snapshot = compileSnapshot(gatewaySection.parse(gateway), routesSection.parse(routes), {
    upstreamOf: (service) => {
      services.push(service);
      return { service } as Upstream;
    },
    limits,
    meters: gatewayMeters(createMetrics()),
    auth: { keys: apiKeys({}), keyHeader: "X-API-Key", tokens: undefined, clock: manualClock() },
    mirrorTo: () => ({ send: () => {} }),
    onFault: () => {},
    clock: manualClock(),
    random: seededRandom(1),
  });
  const at = (method: string, path: string): Route => {
    const match = snapshot.table.match(method, path);
    assert.ok(match.kind === "route", `${method} ${path}`);
    return match.route;
  };
  return { snapshot, at, services };
}

test("what a route does not say, the gateway says", () => {
  const { at } = compiled(
    { timeout: "9s", retries: 2, strip_prefix: "/api", max_body: "1MiB" },
    {
      "/a": { service: "s" },
      "/b": {
        service: "s",
        timeout: "1s",
        retries: 0,
        strip_prefix: "/b",
        max_body: "2KiB",
        retry_unsafe: true,
      },
    },
  );
  const { timeoutMs, retries, stripPrefix, maxBodyBytes, retryUnsafe } = at("GET", "/a");
  assert.deepEqual(
    [timeoutMs, retries, stripPrefix, maxBodyBytes, retryUnsafe],
    [9_000, 2, "/api", 1_048_576, false],
  );
  const own = at("GET", "/b");
  assert.deepEqual(
    [own.timeoutMs, own.retries, own.stripPrefix, own.maxBodyBytes, own.retryUnsafe],
    [1_000, 0, "/b", 2_048, true],
  );
});

test("every route without a limit of its own shares the gateway's", () => {
  const { at } = compiled(
    { rate_limit_enabled: true },
    {
      "/a": { service: "s" },
      "/b": { service: "s" },
      "/c": { service: "s", rate_limit: { requests: 1, window: "1s" } },
    },
  );
  assert.equal(at("GET", "/a").limit, at("GET", "/b").limit);
  assert.deepEqual(at("GET", "/a").limit?.rate.settings, { limit: 100, windowMs: 60_000 });
  assert.equal(at("GET", "/c").limit?.name, "/c");
});

test("a route's own limit acts although the gateway has none", () => {
  const { at } = compiled(
    {},
    { "/a": { service: "s" }, "/c": { service: "s", rate_limit: { requests: 1, window: "1s" } } },
  );
  assert.equal(at("GET", "/a").limit, undefined);
  assert.equal(at("GET", "/c").limit?.rate.settings.limit, 1);
});

test("the routes of one path have each their own limit and one meter", () => {
  const limit = { requests: 1, window: "1s" };
  const { at } = compiled(
    {},
    {
      "/c": [
        { service: "s", method: "GET", rate_limit: limit },
        { service: "s", method: ["POST", "PUT"], rate_limit: limit },
      ],
    },
  );
  assert.equal(at("POST", "/c").limit?.name, "POST,PUT /c");
  assert.notEqual(at("GET", "/c").limit, at("POST", "/c").limit);
  assert.equal(at("GET", "/c").meter, at("POST", "/c").meter);
});

test("the same limit with the same numbers outlives a reload; other numbers begin afresh", () => {
  const limits = limitStore(manualClock());
  const first = limits.get({ name: "gateway", requests: 100, windowMs: 60_000 });
  assert.equal(limits.get({ name: "gateway", requests: 100, windowMs: 60_000 }), first);
  assert.notEqual(limits.get({ name: "gateway", requests: 200, windowMs: 60_000 }), first);
  assert.notEqual(limits.get({ name: "gateway", requests: 100, windowMs: 1_000 }), first);
  assert.notEqual(limits.get({ name: "gateway", route: "a.test", requests: 100, windowMs: 60_000 }), first);
  assert.notEqual(limits.get({ name: "/a", requests: 100, windowMs: 60_000 }), first);
});

test("limits nobody uses are forgotten with their keys", () => {
  const limits = limitStore(manualClock());
  const kept = limits.get({ name: "kept", requests: 1, windowMs: 1_000 });
  kept.rate.check("a");
  limits.get({ name: "dropped", requests: 1, windowMs: 1_000 }).rate.check("a");
  assert.equal(limits.keys, 2);
  limits.keep(new Set([kept]));
  assert.equal(limits.keys, 1);
  assert.equal(limits.get({ name: "kept", requests: 1, windowMs: 1_000 }), kept);
});
