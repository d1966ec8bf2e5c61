import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { manualClock } from "../kernel/index.ts";
import type { Server } from "../net/index.ts";
import {
  ask,
  bench,
  deadPort,
  endpoint,
  rawService,
  requestOn,
  service,
  test,
  transportUnderTest,
  until,
} from "./fixture.test.ts";

const named = (name: string): Promise<Server> =>
  service((exchange) => exchange.respond({ status: 200, body: name }));

test("new routes take over between two requests", async () => {
  await using users = await named("users");
  await using orders = await named("orders");
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port), endpoint(orders.port, "o1", "orders")],
  });
  assert.equal((await ask(front.port, "/")).body, "users");
  assert.deepEqual(front.gateway.adopt(front.config({}, { "/*": { service: "orders" } })), []);
  assert.equal((await ask(front.port, "/")).body, "orders");
  assert.deepEqual(
    front.gateway.stats().services.map(({ service: name }) => name),
    ["orders"],
  );
});

test("a request that is under way keeps the routes it began with", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using users = await service(async (exchange) => {
    arrived.resolve();
    await go.promise;
    await exchange.respond({ status: 200, body: "old" });
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const running = ask(front.port, "/");
  await arrived.promise;
  front.gateway.adopt(front.config({}, {}));
  assert.equal((await ask(front.port, "/")).status, 404);
  go.resolve();
  assert.deepEqual([(await running).status, (await running).body], [200, "old"]);
});

test("breakers and limits of what did not change carry on", async () => {
  const clock = manualClock();
  await using users = await service((exchange) => exchange.respond({ status: 500 }));
  const routes = { "/*": { service: "users" } };
  const limit = { rate_limit_enabled: true, rate_limit_requests: 6 };
  await using front = await bench({ clock, gateway: limit, routes, endpoints: [endpoint(users.port)] });
  for (let i = 0; i < 5; i++) await ask(front.port, "/");
  front.gateway.adopt(front.config({ ...limit, timeout: "5s" }, { ...routes, "/new": { service: "users" } }));
  assert.equal((await ask(front.port, "/")).code, "GATEWAY_BREAKER_OPEN");
  assert.equal((await ask(front.port, "/new")).code, "GATEWAY_RATE_LIMITED");
  front.gateway.adopt(front.config({ ...limit, rate_limit_requests: 7 }, routes));
  assert.equal((await ask(front.port, "/")).code, "GATEWAY_BREAKER_OPEN", "other numbers are another limit");
  assert.equal(front.gateway.stats().rateLimitKeys, 1);
});

test("says which settings wait for a restart", async () => {
  await using front = await bench({ routes: {} });
  const next = front.config({ bind: "127.0.0.2", max_head: "1KiB", timeout: "1s" }, {});
  assert.deepEqual(front.gateway.adopt(next), ["bind", "max_head"]);
  assert.deepEqual(front.gateway.adopt(next), []);
});

test("a new instance takes traffic with the next request, one that left gets none", async () => {
  await using first = await named("first");
  await using second = await named("second");
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(first.port, "a")],
  });
  assert.equal((await ask(front.port, "/")).body, "first");
  front.discovery.set("users", [endpoint(first.port, "a"), endpoint(second.port, "b")]);
  assert.equal((await ask(front.port, "/")).body, "second");
  front.discovery.set("users", [endpoint(second.port, "b")]);
  for (let i = 0; i < 3; i++) assert.equal((await ask(front.port, "/")).body, "second");
  front.discovery.set("users", []);
  assert.equal((await ask(front.port, "/")).code, "GATEWAY_NO_ENDPOINT");
});

test("an exchange with an instance that leaves is finished, then its connections are closed", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  await using users = await rawService(async (socket) => {
    socket.on("close", () => closed.resolve());
    await requestOn(socket);
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfirst");
    arrived.resolve();
    await go.promise;
    socket.write("last");
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const running = ask(front.port, "/");
  await arrived.promise;
  front.discovery.set("users", []);
  go.resolve();
  assert.equal((await running).body, "firstlast");
  await closed.promise;
});

test("an instance that comes back at another address begins afresh", async () => {
  await using back = await named("back");
  await using front = await bench({
    gateway: { retries: 0 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(await deadPort(), "a")],
  });
  for (let i = 0; i < 5; i++) assert.equal((await ask(front.port, "/")).code, "GATEWAY_UPSTREAM_UNAVAILABLE");
  assert.equal((await ask(front.port, "/")).code, "GATEWAY_BREAKER_OPEN");
  front.discovery.set("users", [endpoint(back.port, "a")]);
  assert.equal((await ask(front.port, "/")).body, "back");
});

test("breakers can be tuned and turned off", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 500 }));
  const routes = { "/*": { service: "users" } };
  const endpoints = [endpoint(users.port)];
  await using touchy = await bench({ routes, endpoints, breaker: { failures: 1 } });
  await ask(touchy.port, "/");
  assert.equal((await ask(touchy.port, "/")).code, "GATEWAY_BREAKER_OPEN");
  await using without = await bench({ routes, endpoints, breaker: "off" });
  for (let i = 0; i < 20; i++) assert.equal((await ask(without.port, "/")).status, 500);
});

test("requests that wait for a place are served, though the service is asked in another manner meanwhile", async () => {
  const held: (() => void)[] = [];
  let connections = 0;
  await using users = await rawService(async (socket) => {
    connections++;
    for (;;) {
      await requestOn(socket);
      await new Promise<void>((resolve) => held.push(resolve));
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  const manner = (most: number) => ({ upstreams: { users: { max_in_flight: most, queue_timeout: "30s" } } });
  const routes = { "/*": { service: "users" } };
  await using front = await bench({ gateway: manner(1), routes, endpoints: [endpoint(users.port)] });
  const asked = [ask(front.port, "/1"), ask(front.port, "/2"), ask(front.port, "/3")];
  await until(() => held.length === 1 && front.gateway.stats().inFlight === 3);
  front.gateway.adopt(front.config(manner(2), routes));
  for (let i = 0; i < 3; i++) {
    await until(() => held.length === i + 1);
    held[i]?.();
  }
  for (const one of asked) assert.equal((await one).status, 200);
  // undici makes new ones as it likes.
  const kept = transportUnderTest() === "engine" ? 1 : connections;
  assert.equal(connections, kept, "the connection to an instance that stays is kept");
  held.length = 0;
  const later = ask(front.port, "/4");
  await until(() => held.length === 1);
  held[0]?.();
  assert.equal((await later).status, 200);
  assert.equal(connections, kept);
});

test("what no route leads to any more is let go with the last request that began with it", async () => {
  const closed = Promise.withResolvers<void>();
  const held: (() => void)[] = [];
  await using users = await rawService(async (socket) => {
    socket.on("close", () => closed.resolve());
    for (;;) {
      await requestOn(socket);
      await new Promise<void>((resolve) => held.push(resolve));
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    }
  });
  const gateway = { upstreams: { users: { max_in_flight: 1, queue_timeout: "30s" } } };
  await using front = await bench({
    gateway,
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const asked = [ask(front.port, "/1"), ask(front.port, "/2")];
  await until(() => held.length === 1 && front.gateway.stats().inFlight === 2);
  front.gateway.adopt(front.config({}, {}));
  for (let i = 0; i < 2; i++) {
    await until(() => held.length === i + 1);
    held[i]?.();
  }
  for (const one of asked) assert.equal((await one).status, 200);
  await closed.promise;
});

test("draining lets a running request end and then closes everything", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using users = await service(async (exchange) => {
    arrived.resolve();
    await go.promise;
    await exchange.respond({ status: 200, body: "done" });
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const running = ask(front.port, "/");
  await arrived.promise;
  const drained = front.gateway.drain(5_000);
  // Behind a moment nobody is let in any more.
  for (let code: unknown; code !== "ECONNREFUSED"; ) {
    const late = connect(front.port, "127.0.0.1");
    code = await once(late, "connect").catch((error) => error.code);
    late.destroy();
  }
  go.resolve();
  assert.equal((await running).body, "done");
  await drained;
  assert.deepEqual(front.gateway.stats().services, []);
});

test("a slow stream has its own, longer grace than who waits for an answer", async () => {
  const clock = manualClock();
  const more = Promise.withResolvers<void>();
  await using users = await service(async (exchange) => {
    if (exchange.target === "/silent") return;
    async function* words() {
      yield new TextEncoder().encode("first ");
      await more.promise;
      yield new TextEncoder().encode("last");
    }
    await exchange.respond({ status: 200, body: words() });
  });
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", timeout: "1h" } },
    endpoints: [endpoint(users.port)],
  });
  const reply = await fetch(`http://127.0.0.1:${front.port}/stream`);
  const silent = ask(front.port, "/silent");
  await until(() => front.gateway.stats().inFlight === 2);
  const drained = front.gateway.drain(1_000, 60_000);
  clock.advance(1_000);
  assert.equal((await silent).status, Number.NaN, "its connection is closed");
  clock.advance(58_000);
  more.resolve();
  assert.equal(await reply.text(), "first last");
  // Its head was written before: the connection was said to stay, and may ask once more.
  await until(() => front.gateway.stats().inFlight === 0);
  clock.advance(600);
  await drained;
});

test("a taken port is said in one sentence and leaves nothing behind", async () => {
  await using front = await bench({ routes: {} });
  await assert.rejects(bench({ gateway: { port: front.port }, routes: { "/*": { service: "users" } } }), {
    code: "NET_PORT_TAKEN",
  });
});
