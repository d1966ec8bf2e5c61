import assert from "node:assert/strict";
import { headerOf } from "../net/index.ts";
import {
  ask,
  bench,
  endpoint,
  exchangeBytes,
  parseReply,
  rawService,
  requestOn,
  service,
  test,
  transportUnderTest,
} from "./fixture.test.ts";

/** Answers with what arrived, as JSON. */
const echo = () =>
  service(async (exchange) => {
    const body = new TextDecoder().decode(await exchange.bytes(1_000_000));
    const { method, target, headers } = exchange;
    await exchange.respond({
      status: 200,
      headers: ["Content-Type", "application/json", "X-Served-By", "echo"],
      body: JSON.stringify({ method, target, headers, body }),
    });
  });

test("carries a request to the service and its answer back", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/users/7?full=1", {
    method: "POST",
    headers: ["Content-Type", "text/plain", "X-A", "1", "X-A", "2"],
    body: "hello",
  });
  assert.equal(reply.status, 200);
  assert.equal(reply.header("x-served-by"), "echo");
  const seen = JSON.parse(reply.body);
  assert.equal(seen.method, "POST");
  assert.equal(seen.target, "/users/7?full=1");
  assert.equal(seen.body, "hello");
  assert.equal(headerOf(seen.headers, "host"), "shop.test");
  assert.equal(headerOf(seen.headers, "content-length"), "5");
  assert.equal(seen.headers.filter((text: string) => text === "X-A").length, 2);
});

test("strips the gateway's prefix, a route may override, and the service is told", async () => {
  await using users = await echo();
  await using front = await bench({
    gateway: { strip_prefix: "/api" },
    routes: {
      "/api/users/*": { service: "users" },
      "/api/raw/*": { service: "users", strip_prefix: "" },
      "/apiary/*": { service: "users" },
    },
    endpoints: [endpoint(users.port)],
  });
  const seenAt = async (target: string) => JSON.parse((await ask(front.port, target)).body);
  const stripped = await seenAt("/api/users/123?q=/api");
  assert.equal(stripped.target, "/users/123?q=/api");
  assert.equal(headerOf(stripped.headers, "x-forwarded-prefix"), "/api");
  assert.equal((await seenAt("/api/raw/1")).target, "/api/raw/1");
  assert.equal((await seenAt("/apiary/1")).target, "/apiary/1", "only at the end of a segment");
});

test("a path that is nothing but its prefix becomes the root", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/api/*": { service: "users", strip_prefix: "/api" } },
    endpoints: [endpoint(users.port)],
  });
  assert.equal(JSON.parse((await ask(front.port, "/api?x=1")).body).target, "/?x=1");
});

test("what was matched is what is forwarded: dot segments never reach the service", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/open/*": { service: "users" }, "/secret/*": { service: "nobody" } },
    endpoints: [endpoint(users.port)],
  });
  assert.equal(JSON.parse((await ask(front.port, "/secret/%2e%2e/open/x")).body).target, "/open/x");
  assert.equal((await ask(front.port, "/open/../secret/x")).code, "GATEWAY_NO_ENDPOINT");
  assert.equal((await ask(front.port, "/open/..%2fsecret")).code, "GATEWAY_BAD_PATH");
});

test("404, 405 with Allow, and OPTIONS are answered here", async () => {
  await using front = await bench({
    routes: {
      "/users/*": { service: "users", method: "GET" },
      "/users": { service: "users", method: "POST" },
    },
  });
  const lost = await ask(front.port, "/nowhere");
  assert.deepEqual([lost.status, lost.code], [404, "GATEWAY_NO_ROUTE"]);
  assert.match(lost.header("proxy-status") ?? "", /^tusker; error=destination_not_found/);
  const wrong = await ask(front.port, "/users", { method: "DELETE" });
  assert.deepEqual([wrong.status, wrong.code], [405, "GATEWAY_METHOD_NOT_ALLOWED"]);
  assert.equal(wrong.header("allow"), "POST, GET, HEAD, OPTIONS");
  const options = await ask(front.port, "/users/1", { method: "OPTIONS" });
  assert.deepEqual([options.status, options.header("allow")], [204, "GET, HEAD, OPTIONS"]);
  assert.equal((await ask(front.port, "*", { method: "OPTIONS" })).status, 204);
});

test("HEAD goes where GET goes and has no body", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users": { service: "users", method: "GET" } },
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/users", { method: "HEAD" });
  assert.equal(reply.status, 200);
  assert.equal(reply.body, "");
  assert.ok(Number(reply.header("content-length")) > 0);
});

test("two Host fields and a loop are refused", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const twice = await exchangeBytes(
    front.port,
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
  );
  assert.equal(parseReply(twice).status, 400);
  const via = headerOf(JSON.parse((await ask(front.port, "/")).body).headers, "via") ?? "";
  assert.match(via, /^1\.1 tusker-[0-9a-f]{8}$/);
  const loop = await ask(front.port, "/", { headers: ["Via", via] });
  assert.deepEqual([loop.status, loop.code], [508, "GATEWAY_LOOP"]);
});

test("a gateway whose route leads to itself says so instead of running out of sockets", async () => {
  await using front = await bench({ gateway: { retries: 0 }, routes: { "/*": { service: "me" } } });
  front.discovery.set("me", [endpoint(front.port, "me-1", "me")]);
  const reply = await ask(front.port, "/round");
  assert.deepEqual([reply.status, reply.code], [508, "GATEWAY_LOOP"]);
});

test("spans: one for the request, one per try below it, and the try travels to the service", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users/{id}": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const reply = await ask(front.port, "/users/7", { headers: ["traceparent", parent] });
  const [attempt, request] = front.spans;
  assert.equal(request?.name, "GET /users/{id}");
  assert.equal(request?.kind, "server");
  assert.equal(request?.parentSpanId, "00f067aa0ba902b7");
  assert.equal(request?.attributes["http.route"], "/users/{id}");
  assert.equal(request?.attributes["http.response.status_code"], 200);
  assert.equal(request?.attributes["client.address"], "127.0.0.1");
  assert.equal(attempt?.kind, "client");
  assert.equal(attempt?.parentSpanId, request?.spanId);
  assert.equal(attempt?.attributes["peer.service"], "users");
  assert.equal(attempt?.attributes["server.port"], users.port);
  const seen = headerOf(JSON.parse(reply.body).headers, "traceparent");
  assert.equal(seen, `00-4bf92f3577b34da6a3ce929d0e0e4736-${attempt?.spanId}-01`);
});

test("a problem document carries the trace id of its span", async () => {
  await using front = await bench({ routes: { "/users": { service: "users" } } });
  const reply = await ask(front.port, "/users");
  assert.equal(reply.code, "GATEWAY_NO_ENDPOINT");
  assert.equal(JSON.parse(reply.body).trace_id, front.spans[0]?.traceId);
  assert.equal(front.spans[0]?.status.code, "error");
});

test("the remaining time is passed on, and the caller's shorter deadline counts", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users": { service: "users", timeout: "10s", retries: 0 } },
    endpoints: [endpoint(users.port)],
  });
  const left = async (...headers: string[]) =>
    Number(
      headerOf(JSON.parse((await ask(front.port, "/users", { headers })).body).headers, "x-request-deadline"),
    );
  const own = await left();
  assert.ok(own > 9_000 && own <= 10_000, `${own}`);
  const callers = await left("x-request-deadline", "2000");
  assert.ok(callers > 1_000 && callers <= 2_000, `${callers}`);
  const grpc = await left("grpc-timeout", "3S");
  assert.ok(grpc > 2_000 && grpc <= 3_000, `${grpc}`);
});

test("a deadline that has passed is a 504 without asking anybody", async () => {
  let asked = 0;
  await using users = await service((exchange) => {
    asked++;
    return exchange.respond({ status: 200 });
  });
  await using front = await bench({
    routes: { "/users": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/users", { headers: ["x-request-deadline", "0"] });
  assert.deepEqual([reply.status, reply.code, asked], [504, "GATEWAY_TIMEOUT", 0]);
});

test("answers of every kind pass: 204, 304, 500, cookies, trailers", async () => {
  await using users = await service(async (exchange) => {
    if (exchange.target === "/none") return exchange.respond({ status: 204 });
    if (exchange.target === "/same") return exchange.respond({ status: 304, headers: ["ETag", '"x"'] });
    if (exchange.target === "/broken") return exchange.respond({ status: 500, body: "sorry" });
    return exchange.respond({
      status: 200,
      headers: ["Set-Cookie", "a=1", "Set-Cookie", "b=2", "Trailer", "X-Sum"],
      body: (async function* () {
        yield Buffer.from("streamed");
      })(),
      trailers: ["X-Sum", "42"],
    });
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  assert.equal((await ask(front.port, "/none")).status, 204);
  const same = await ask(front.port, "/same");
  assert.deepEqual([same.status, same.header("etag"), same.body], [304, '"x"', ""]);
  const broken = await ask(front.port, "/broken");
  assert.deepEqual([broken.status, broken.body], [500, "sorry"], "the service's own words");
  const text = await exchangeBytes(front.port, "GET /all HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.equal(text.match(/^set-cookie:/gim)?.length, 2);
  assert.match(text, /streamed\r\n0\r\nX-Sum: 42\r\n\r\n$/i);
  const head = await exchangeBytes(front.port, "HEAD /all HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  assert.match(head, /^HTTP\/1.1 200 .*b=2.*\r\n\r\n$/s, "whatever trailers the body would have");
});

test("interim answers go on before the answer, without fields of one hop; an HTTP/1.0 client gets none", async () => {
  const bodies: string[] = [];
  await using users = await service(async (exchange) => {
    exchange.inform(103, ["Link", "</a.css>; rel=preload", "Keep-Alive", "timeout=1"]);
    bodies.push(Buffer.from(await exchange.bytes(100)).toString());
    await exchange.respond({ status: 200, body: "done" });
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const fields = "Host: a\r\nConnection: close\r\n";
  for (const request of [
    `GET / HTTP/1.1\r\n${fields}\r\n`,
    `PUT / HTTP/1.1\r\n${fields}Content-Length: 2\r\n\r\nhi`,
  ]) {
    const text = await exchangeBytes(front.port, request);
    assert.match(
      text,
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 .*done$/is,
    );
  }
  const old = await exchangeBytes(front.port, `PUT / HTTP/1.0\r\n${fields}Content-Length: 2\r\n\r\nhi`);
  assert.match(old, /^HTTP\/1\.1 200 .*done$/is);
  assert.deepEqual(bodies, ["", "hi", "hi"]);
});

test("requests on one kept connection are answered in turn, with bodies and without", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const text = await exchangeBytes(
    front.port,
    "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
      "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n" +
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  const seen = [...text.matchAll(/\{"method".*?"body":"[a-z]*"\}/g)].map(([json]) => JSON.parse(json));
  assert.deepEqual(
    seen.map(({ method, target, body }) => `${method} ${target} ${body}`),
    ["POST /1 abc", "POST /2 def", "GET /3 "],
  );
});

test("counts requests by route, method and status, and knows what is in flight", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  await ask(front.port, "/users/1");
  await ask(front.port, "/users/2");
  await ask(front.port, "/users/2", { method: "BREW" });
  await ask(front.port, "/nowhere");
  assert.equal(front.metric('tusker_gateway_requests_total{route="/users/*",method="GET",status="200"}'), 2);
  assert.equal(front.metric('tusker_gateway_requests_total{route="",method="GET",status="404"}'), 1);
  // A method nobody knows is a method all the same (RFC 9110 §9.1); node:http has a list, and refuses the others.
  const other = transportUnderTest() === "engine" ? 1 : 0;
  const series = 'tusker_gateway_requests_total{route="/users/*",method="_OTHER",status="200"}';
  assert.equal(front.metric(series), other);
  assert.equal(
    front.metric('tusker_gateway_request_seconds_count{route="/users/*",status="2xx"}'),
    2 + other,
  );
  assert.equal(front.metric("tusker_gateway_in_flight"), 0);
  assert.equal(front.gateway.stats().inFlight, 0);
});

test("nothing of the gateway's own is served on the public port", async () => {
  await using front = await bench({ routes: { "/users": { service: "users" } } });
  for (const target of ["/-/ready", "/-/metrics", "/-/routes"])
    assert.equal((await ask(front.port, target)).code, "GATEWAY_NO_ROUTE", target);
});

test("a bad request line is refused by the server below and the gateway goes on", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const smuggled =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n";
  assert.match(await exchangeBytes(front.port, smuggled), /^HTTP\/1\.1 400 /);
  assert.equal((await ask(front.port, "/")).status, 200);
  if (transportUnderTest() === "compat") return;
  assert.equal(front.metric('tusker_gateway_malformed_requests_total{clause="lengthBesideCoding"}'), 1);
  await exchangeBytes(front.port, `GET /${"a".repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  assert.equal(front.metric('tusker_gateway_connection_limits_total{limit="target_bytes"}'), 1);
});

test("listens at once, and says when every routed service has an endpoint", async () => {
  await using users = await echo();
  await using front = await bench({
    routes: { "/users/*": { service: "users" }, "/orders/*": { service: "orders" } },
    endpoints: [endpoint(users.port)],
  });
  let reached = false;
  const reachable = front.gateway.reachable().then(() => {
    reached = true;
  });
  assert.equal((await ask(front.port, "/users/1")).status, 200);
  assert.equal((await ask(front.port, "/orders/1")).status, 503);
  assert.equal(reached, false, "nobody serves orders yet");
  front.discovery.set("orders", [endpoint(users.port, "o1", "orders")]);
  await reachable;
  assert.equal((await ask(front.port, "/orders/1")).status, 200);
});

test("a 426 says what must be changed to, and no other answer does", async () => {
  await using users = await rawService(async (socket) => {
    const status = /status=(\d+)/.exec(await requestOn(socket))?.[1];
    socket.end(
      `HTTP/1.1 ${status} So\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nContent-Length: 2\r\n\r\nno`,
    );
  });
  await using front = await bench({
    routes: {
      "/plain": { service: "users" },
      "/other": { service: "users", response_headers: { set: { "X-A": "1" } } },
    },
    endpoints: [endpoint(users.port)],
  });
  for (const path of ["/plain", "/other"]) {
    const required = await ask(front.port, `${path}?status=426`);
    assert.deepEqual([required.status, required.header("upgrade"), required.body], [426, "websocket", "no"]);
    const said = required.headers
      .filter((_, i, all) => all[i - 1]?.toLowerCase() === "connection")
      .join(", ");
    assert.match(said, /\bupgrade\b/i);
    assert.equal((await ask(front.port, `${path}?status=400`)).header("upgrade"), undefined);
  }
});
