import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { manualClock, systemClock } from "../kernel/index.ts";
import { ask, bench, deadPort, endpoint, exchangeBytes, parseReply, service, test } from "./fixture.test.ts";

const fine = () => service((exchange) => exchange.respond({ status: 200, body: "fine" }));
const limited = { rate_limit_enabled: true, rate_limit_requests: 3, rate_limit_window: "1m" };

test("request limit + 1 of a window is a 429 with Retry-After and both RateLimit fields", async () => {
  const clock = manualClock();
  await using users = await fine();
  await using front = await bench({
    clock,
    gateway: limited,
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  for (const left of [2, 1, 0]) {
    const reply = await ask(front.port, "/");
    assert.equal(reply.status, 200);
    assert.equal(reply.header("ratelimit-policy"), '"gateway";q=3;w=60');
    assert.equal(reply.header("ratelimit"), `"gateway";r=${left};t=60`);
    assert.equal(reply.header("retry-after"), undefined);
  }
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.code], [429, "GATEWAY_RATE_LIMITED"]);
  assert.equal(reply.header("retry-after"), "60");
  assert.equal(reply.header("ratelimit"), '"gateway";r=0;t=60');
  assert.equal(reply.header("proxy-status"), "tusker; error=http_request_denied");
  assert.equal(front.metric('tusker_gateway_rate_limited_total{route="/*"}'), 1);
  clock.advance(60_000);
  assert.equal((await ask(front.port, "/")).status, 200);
});

test("the limit of the gateway is one for all of its routes; a route's own is its own", async () => {
  await using users = await fine();
  await using front = await bench({
    gateway: limited,
    routes: {
      "/a": { service: "users" },
      "/b": { service: "users" },
      "/c": { service: "users", method: "GET", rate_limit: { requests: 1, window: "1s" } },
    },
    endpoints: [endpoint(users.port)],
  });
  const statuses = async (...targets: string[]) => {
    const seen: number[] = [];
    for (const target of targets) seen.push((await ask(front.port, target)).status);
    return seen;
  };
  assert.deepEqual(await statuses("/a", "/b", "/c", "/a", "/b", "/c"), [200, 200, 200, 200, 429, 429]);
  assert.equal((await ask(front.port, "/c")).header("ratelimit-policy"), '"GET /c";q=1;w=1');
});

test("keys that begin alike are counted apart, however long they are", async () => {
  await using front = await bench({
    routes: {
      "/*": {
        answer: {},
        rate_limit: { requests: 1, window: "1m", key: "header:authorization" },
      },
    },
  });
  const token = (end: string): string[] => [
    "Authorization",
    `Bearer ${"eyJhbGciOiJSUzI1NiJ9".repeat(50)}${end}`,
  ];
  for (const [end, status] of [
    ["a", 200],
    ["b", 200],
    ["a", 429],
  ] as const)
    assert.equal((await ask(front.port, "/", { headers: token(end) })).status, status);
  assert.equal(front.gateway.stats().rateLimitKeys, 2);
});

test("routes of one path that differ in host or conditions have limits of their own", async () => {
  const rate_limit = { requests: 1, window: "1m" };
  await using front = await bench({
    routes: {
      "/a": [
        { answer: {}, host: "a.test", rate_limit },
        { answer: {}, host: "b.test", rate_limit },
        { answer: {}, headers: { "X-V": "2" }, rate_limit },
        { answer: {}, rate_limit },
      ],
    },
  });
  const asks = [["Host", "a.test"], ["Host", "b.test"], ["X-V", "2"], []];
  for (const headers of asks)
    assert.equal((await ask(front.port, "/a", { headers })).status, 200, String(headers));
  for (const headers of asks) {
    const refused = await ask(front.port, "/a", { headers });
    assert.equal(refused.status, 429, String(headers));
    assert.match(refused.header("ratelimit") ?? "", /^"\/a";r=0;t=\d+$/);
  }
});

test("requests that find no route do not count", async () => {
  await using users = await fine();
  await using front = await bench({
    gateway: limited,
    routes: { "/a": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  for (let i = 0; i < 5; i++) assert.equal((await ask(front.port, "/nowhere")).status, 404);
  assert.equal((await ask(front.port, "/a")).status, 200);
});

test("a stranger cannot buy a fresh limit with X-Forwarded-For; behind a trusted proxy each client has its own", async () => {
  await using users = await fine();
  const routes = { "/*": { service: "users" } };
  const gateway = { ...limited, rate_limit_requests: 1 };
  const from = (address: string) => ({ headers: ["X-Forwarded-For", address] });
  await using strange = await bench({ gateway, routes, endpoints: [endpoint(users.port)] });
  assert.equal((await ask(strange.port, "/", from("1.1.1.1"))).status, 200);
  assert.equal((await ask(strange.port, "/", from("2.2.2.2"))).status, 429);
  await using behind = await bench({
    gateway: { ...gateway, trusted_proxies: ["127.0.0.0/8"] },
    routes,
    endpoints: [endpoint(users.port)],
  });
  assert.equal((await ask(behind.port, "/", from("1.1.1.1"))).status, 200);
  assert.equal((await ask(behind.port, "/", from("2.2.2.2"))).status, 200);
  assert.equal((await ask(behind.port, "/", from("9.9.9.9, 1.1.1.1"))).status, 429);
  assert.equal((await ask(behind.port, "/", from("2001:db8::1"))).status, 200);
  assert.equal((await ask(behind.port, "/", from("2001:db8::ffff"))).status, 429, "one /64, one client");
});

test("without rate_limit_enabled nobody is limited and nothing is said", async () => {
  await using users = await fine();
  await using front = await bench({
    gateway: { rate_limit_requests: 1 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  for (let i = 0; i < 3; i++) {
    const reply = await ask(front.port, "/");
    assert.deepEqual([reply.status, reply.header("ratelimit")], [200, undefined]);
  }
});

test("connections above max_connections are answered 503 and closed; those inside are served", async () => {
  await using users = await fine();
  await using front = await bench({
    gateway: { max_connections: 2 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const held = [connect(front.port, "127.0.0.1"), connect(front.port, "127.0.0.1")];
  for (const socket of held) {
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
  }
  const reply = parseReply(await exchangeBytes(front.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  assert.equal(reply.status, 503);
  assert.equal(reply.header("retry-after"), "1");
  assert.equal(front.metric("tusker_gateway_refused_connections_total"), 1);
  for (const socket of held) socket.destroy();
});

test("a lowered max_connections bites at once, on requests under way", async () => {
  const go = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using users = await service(async (exchange) => {
    arrived.resolve();
    await go.promise;
    await exchange.respond({ status: 200 });
  });
  const routes = { "/*": { service: "users" } };
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const first = ask(front.port, "/");
  await arrived.promise;
  assert.deepEqual(front.gateway.adopt(front.config({ max_connections: 1 }, routes)), ["max_connections"]);
  const second = await ask(front.port, "/");
  assert.deepEqual([second.status, second.code], [503, "GATEWAY_OVERLOADED"]);
  go.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await ask(front.port, "/")).status, 200);
});

test("heads that are too large are refused by the server below", async () => {
  await using front = await bench({ gateway: { max_head: "4KiB" }, routes: {} });
  const text = await exchangeBytes(
    front.port,
    `GET / HTTP/1.1\r\nHost: a\r\nX-A: ${"x".repeat(8_000)}\r\n\r\n`,
  );
  assert.match(text, /^HTTP\/1\.1 431 /);
});

test("more fields than max_headers are a 431 instead of being cut off silently", async () => {
  await using users = await fine();
  await using front = await bench({
    gateway: { max_headers: 10 },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const fields = (count: number) => Array.from({ length: count }, (_, i) => [`X-${i}`, "1"]).flat();
  // Host and Connection are two of them.
  assert.equal((await ask(front.port, "/", { headers: fields(8) })).status, 200);
  for (const count of [9, 10, 80]) {
    const reply = await ask(front.port, "/", { headers: fields(count) });
    assert.equal(reply.status, 431, `${count + 2} fields`);
  }
});

test("a wall clock that jumps neither frees nor locks anybody: limits, breakers and deadlines go by time that passed", async () => {
  let jumpMs = 0;
  const clock = { ...systemClock, wall: () => systemClock.wall() + jumpMs };
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    routes: {
      "/limited": { service: "users", rate_limit: { requests: 2, window: "1h" } },
      "/dead": { service: "dead", retries: 0 },
      "/open": { service: "users" },
    },
    endpoints: [endpoint(users.port), endpoint(await deadPort(), "d", "dead")],
    clock,
  });
  const statusOf = async (target: string): Promise<number> => (await ask(front.port, target)).status;
  assert.equal(await statusOf("/limited"), 200);
  for (let i = 0; i < 5; i++) await statusOf("/dead");
  const day = 86_400_000;
  for (const next of [day, -day, 0]) {
    jumpMs = next;
    assert.equal((await ask(front.port, "/dead")).code, "GATEWAY_BREAKER_OPEN");
    const timely = await ask(front.port, "/open", { headers: ["X-Request-Deadline", "5000"] });
    assert.equal(timely.status, 200);
    const limited = await ask(front.port, "/limited");
    assert.equal(limited.status, next === day ? 200 : 429);
    if (limited.status === 429) assert.ok(Number(limited.header("retry-after")) <= 3_600);
  }
});

test("a limit of a path in letters beyond ASCII is told as a request has them, and no window is longer than itself", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200, body: exchange.target }));
  await using front = await bench({
    gateway: { strip_prefix: "/日本" },
    routes: { "/日本/*": { service: "users", rate_limit: { requests: 5, window: "1m" } } },
    endpoints: [endpoint(users.port)],
  });
  for (let i = 0; i < 3; i++) {
    const reply = await ask(front.port, "/%e6%97%a5%E6%9C%AC/a");
    assert.equal(reply.body, "/a", "and is taken off like any other prefix");
    assert.equal(reply.header("ratelimit-policy"), '"/%E6%97%A5%E6%9C%AC/*";q=5;w=60');
    assert.match(reply.header("ratelimit") ?? "", /;t=(?:[1-9]|[1-5]\d|60)$/);
  }
});
