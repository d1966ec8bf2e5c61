import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../kernel/index.ts";
import { startAdmin } from "./admin.ts";
import { ask, type Bench, bench, endpoint, service } from "./fixture.test.ts";

function adminOf(front: Bench) {
  const { gateway, metrics } = front;
  const view = {
    reachable: () => gateway.reachable(),
    routes: () => gateway.routes(),
    services: () => gateway.stats().services,
    metrics: () => metrics.render(),
  };
  return startAdmin({ port: 0, view, clock: systemClock, onError: () => {} });
}

test("tells readiness, routes, endpoints and metrics, and nothing else", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    gateway: { upstreams: { users: { max_in_flight: 5 } } },
    routes: {
      "/users/*": { service: "users", method: "GET", host: "shop.test", retries: 2, priority: "high" },
      "/old": { redirect: { to: "/users" } },
    },
  });
  await using admin = await adminOf(front);
  const headers = ["Host", `127.0.0.1:${admin.port}`];
  const get = (path: string, method = "GET") => ask(admin.port, path, { method, headers });
  assert.equal((await get("/-/ready")).status, 503);
  front.discovery.set("users", [endpoint(users.port)]);
  await front.gateway.reachable();
  await new Promise(setImmediate);
  assert.deepEqual([(await get("/-/ready")).status, (await get("/-/ready")).body], [200, "ready\n"]);
  await ask(front.port, "/users/1");
  const routes = JSON.parse((await get("/-/routes")).body);
  assert.deepEqual(routes[0], {
    path: "/users/*",
    methods: ["GET"],
    hosts: ["shop.test"],
    service: "users",
    timeoutMs: 30_000,
    retries: 2,
    priority: "high",
  });
  assert.equal(routes[1].service, "");
  const [endpoints] = JSON.parse((await get("/-/endpoints")).body);
  assert.equal(endpoints.service, "users");
  assert.deepEqual(
    [endpoints.endpoints[0].id, endpoints.endpoints[0].breaker, endpoints.endpoints[0].up],
    ["e1", "closed", true],
  );
  assert.match((await get("/-/metrics")).body, /^tusker_gateway_requests_total\{/m);
  assert.equal((await get("/metrics")).status, 404);
  assert.equal((await get("/-/routes", "POST")).status, 405);
});

test("a page of another name that was pointed at this machine learns nothing", async () => {
  await using front = await bench({ routes: {} });
  await using admin = await adminOf(front);
  for (const [host, status] of [
    ["evil.example", 403],
    [`localhost:${admin.port}`, 200],
  ] as const)
    assert.equal((await ask(admin.port, "/-/metrics", { headers: ["Host", host] })).status, status);
});
