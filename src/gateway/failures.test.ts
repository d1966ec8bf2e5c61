import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { manualClock } from "../kernel/index.ts";
import { headerOf, type ServerExchange } from "../net/index.ts";
import { sharedMemory } from "../resilience/index.ts";
import {
  ask,
  bench,
  deadPort,
  endpoint,
  exchangeBytes,
  parseReply,
  rawService,
  requestOn,
  service,
  test,
  until,
} from "./fixture.test.ts";

const fine = (exchange: ServerExchange) => exchange.respond({ status: 200, body: "fine" });
const everything = { "/*": { service: "users" } };

test("a service without instances is a 503 that names it and says when to come back", async () => {
  await using front = await bench({ routes: everything });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.code], [503, "GATEWAY_NO_ENDPOINT"]);
  assert.match(JSON.parse(reply.body).detail, /"users"/);
  assert.equal(JSON.parse(reply.body).details.service, "users");
  assert.equal(reply.header("retry-after"), "1");
  assert.equal(reply.header("proxy-status"), "tusker; error=destination_unavailable");
});

test("refused connections are a 503 that names the service, after a retry", async () => {
  await using front = await bench({ routes: everything, endpoints: [endpoint(await deadPort())] });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.code], [503, "GATEWAY_UPSTREAM_UNAVAILABLE"]);
  assert.match(JSON.parse(reply.body).detail, /"users" takes no connections \(ECONNREFUSED\), asked 2 times/);
  assert.equal(reply.header("proxy-status"), "tusker; error=connection_refused");
  assert.equal(front.metric('tusker_gateway_retries_total{service="users",reason="unsent"}'), 1);
});

test("with one dead and one living instance no client sees the dead one, whatever the method", async () => {
  await using alive = await service(fine);
  await using front = await bench({
    routes: everything,
    endpoints: [endpoint(await deadPort(), "dead"), endpoint(alive.port, "living")],
  });
  for (const method of ["GET", "POST", "PATCH", "DELETE"]) {
    const reply = await ask(front.port, "/", { method, ...(method === "GET" ? {} : { body: "x" }) });
    assert.equal(reply.status, 200, method);
  }
});

test("a connection reset before the head is retried for GET and is a 503, not a 502", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.resetAndDestroy();
  });
  await using front = await bench({
    gateway: { retries: 2 },
    routes: everything,
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.code], [503, "GATEWAY_UPSTREAM_UNAVAILABLE"]);
  assert.equal(users.count, 3);
  assert.equal(front.metric('tusker_gateway_retries_total{service="users",reason="reset"}'), 2);
});

test("a POST that may have been acted on is not sent twice", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.resetAndDestroy();
  });
  await using front = await bench({
    gateway: { retries: 3 },
    routes: everything,
    endpoints: [endpoint(users.port)],
  });
  const reply = await ask(front.port, "/", { method: "POST", body: "pay" });
  assert.equal(reply.code, "GATEWAY_UPSTREAM_UNAVAILABLE");
  assert.equal(users.count, 1);
});

test("a POST with an idempotency key, or on a route that allows it, is sent again with its body", async () => {
  const bodies: string[] = [];
  await using users = await rawService(async (socket, number) => {
    const text = await requestOn(socket);
    bodies.push(text.slice(text.indexOf("\r\n\r\n") + 4));
    if (number % 2 === 1) socket.resetAndDestroy();
    else socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
  });
  await using front = await bench({
    routes: { "/keyed": { service: "users" }, "/unsafe": { service: "users", retry_unsafe: true } },
    endpoints: [endpoint(users.port)],
  });
  const keyed = await ask(front.port, "/keyed", {
    method: "POST",
    headers: ["Idempotency-Key", "k1"],
    body: "pay",
  });
  assert.deepEqual([keyed.status, keyed.body], [200, "ok"]);
  const unsafe = await ask(front.port, "/unsafe", { method: "POST", body: "pay" });
  assert.equal(unsafe.status, 200);
  assert.deepEqual(bodies, ["pay", "pay", "pay", "pay"]);
});

test("503 is retried on another instance, which sees that it is asked again", async () => {
  const attempts: (string | undefined)[] = [];
  await using broken = await service((exchange) => exchange.respond({ status: 503, body: "not me" }));
  await using well = await service((exchange) => {
    attempts.push(exchange.header("x-tusker-attempt"));
    return fine(exchange);
  });
  await using front = await bench({
    routes: everything,
    endpoints: [endpoint(broken.port, "broken"), endpoint(well.port, "well")],
  });
  for (let i = 0; i < 4; i++) assert.equal((await ask(front.port, "/")).status, 200);
  assert.ok(attempts.includes("2"), JSON.stringify(attempts));
  const clients = front.spans.filter((span) => span.kind === "client");
  const again = clients.find((span) => span.attributes["http.request.resend_count"] === 1);
  const first = clients.find((span) => span.traceId === again?.traceId && span !== again);
  assert.equal(first?.attributes["http.response.status_code"], 503);
  assert.equal(first?.status.code, "error");
});

test("a 500 is the service's answer and is not retried", async () => {
  let asked = 0;
  await using users = await service((exchange) => {
    asked++;
    return exchange.respond({ status: 500, headers: ["X-Why", "bug"], body: "oops" });
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.body, reply.header("x-why"), asked], [500, "oops", "bug", 1]);
  assert.equal(reply.header("proxy-status"), undefined);
});

test("the last 503 of a service is passed on in its own words", async () => {
  await using users = await service((exchange) =>
    exchange.respond({ status: 503, headers: ["Retry-After", "20"], body: "closed for lunch" }),
  );
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.body, reply.header("retry-after")], [503, "closed for lunch", "20"]);
  assert.equal(front.metric('tusker_gateway_retries_refused_total{service="users",reason="deadline"}'), 1);
});

test("what is not HTTP is a 502", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const reply = await ask(front.port, "/");
  assert.deepEqual([reply.status, reply.code], [502, "GATEWAY_BAD_UPSTREAM"]);
  assert.equal(reply.header("proxy-status"), "tusker; error=http_protocol_error");
});

test("an instance that hangs has its share of the caller's time, not of the route's: another one answers within it", async () => {
  const clock = manualClock();
  const arrived = Promise.withResolvers<void>();
  await using hanging = await rawService(async (socket) => {
    await requestOn(socket);
    arrived.resolve();
  });
  await using users = await service(fine);
  await using front = await bench({
    clock,
    gateway: { balance: "round_robin" },
    routes: { "/*": { service: "users", timeout: "30s", retries: 1 } },
    endpoints: [endpoint(hanging.port, "a-hanging"), endpoint(users.port, "b-fine")],
  });
  const asking = ask(front.port, "/", { headers: ["x-request-deadline", "2000"] });
  await arrived.promise;
  clock.advance(1_000);
  const reply = await asking;
  assert.deepEqual([reply.status, reply.body], [200, "fine"]);
});

test("a fallback has a second of its own when the time is up, unless whoever asks has given up", async () => {
  const clock = manualClock();
  let arrived = 0;
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    arrived++;
  });
  await using spare = await service((exchange) => exchange.respond({ status: 200, body: "spare" }));
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", fallback_service: "spare", timeout: "10s", retries: 0 } },
    endpoints: [endpoint(users.port), endpoint(spare.port, "s", "spare")],
  });
  const after = async (ms: number, ...headers: string[]) => {
    const before = arrived;
    const asking = ask(front.port, "/", { headers });
    await until(() => arrived > before);
    clock.advance(ms);
    return (await asking).status;
  };
  assert.equal(await after(10_000), 200);
  assert.equal(await after(5_000, "x-request-deadline", "5000"), 504);
});

test("a service that does not answer in time is a 504, and its connection is given up", async () => {
  const clock = manualClock();
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  await using users = await rawService(async (socket) => {
    socket.on("close", () => closed.resolve());
    await requestOn(socket);
    arrived.resolve();
  });
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", timeout: "10s", retries: 0 } },
    endpoints: [endpoint(users.port)],
  });
  const asking = ask(front.port, "/");
  await arrived.promise;
  clock.advance(9_999);
  clock.advance(1);
  const reply = await asking;
  assert.deepEqual([reply.status, reply.code], [504, "GATEWAY_TIMEOUT"]);
  assert.equal(reply.header("proxy-status"), "tusker; error=http_response_timeout");
  await closed.promise;
});

test("a slow try is given up after its share of the time and another instance answers", async () => {
  const clock = manualClock();
  const arrived = Promise.withResolvers<void>();
  await using slow = await rawService(async (socket) => {
    await requestOn(socket);
    arrived.resolve();
  });
  await using quick = await service(fine);
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", timeout: "30s", retries: 2 } },
    endpoints: [endpoint(slow.port, "a-slow"), endpoint(quick.port, "b-quick")],
  });
  const asking = ask(front.port, "/");
  await arrived.promise;
  clock.advance(10_000);
  assert.equal((await asking).body, "fine");
  assert.equal(front.metric('tusker_gateway_retries_total{service="users",reason="timeout"}'), 1);
});

test("a try that could not be repeated may use all the time there is", async () => {
  const clock = manualClock();
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await using users = await service(async (exchange) => {
    arrived.resolve();
    await go.promise;
    await fine(exchange);
  });
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", timeout: "30s", retries: 2 } },
    endpoints: [endpoint(users.port)],
  });
  const asking = ask(front.port, "/", { method: "POST", body: "x" });
  await arrived.promise;
  clock.advance(29_000);
  go.resolve();
  assert.equal((await asking).status, 200);
});

test("a head that came in time may be followed by a body that takes longer", async () => {
  const clock = manualClock();
  const go = Promise.withResolvers<void>();
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      body: (async function* () {
        yield Buffer.from("first ");
        await go.promise;
        yield Buffer.from("last");
      })(),
    }),
  );
  await using front = await bench({
    clock,
    routes: { "/*": { service: "users", timeout: "1s" } },
    endpoints: [endpoint(users.port)],
  });
  const socket = connect(front.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let text = "";
  socket.on("data", (chunk) => {
    text += String(chunk);
    if (text.includes("first") && clock.now() === 0) {
      clock.advance(60_000);
      go.resolve();
    }
  });
  await once(socket, "close");
  assert.equal(parseReply(text).body, "first last");
});

test("an answer that breaks after its head breaks the client's connection too", async () => {
  await using users = await rawService(async (socket, number) => {
    await requestOn(socket);
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this much", () =>
      number % 2 === 1 ? socket.resetAndDestroy() : socket.end(),
    );
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  for (const how of ["reset", "closed"]) {
    const text = await exchangeBytes(front.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    // Either nothing of the body's end was ever promised as complete, or the connection simply ended.
    assert.ok(!text.includes("only this much") || parseReply(text).body.length < 100, how);
  }
  assert.equal(front.metric('tusker_gateway_broken_answers_total{service="users"}'), 2);
  assert.equal(front.metric("tusker_gateway_in_flight"), 0);
});

test("a chunked answer that breaks never gets its last chunk", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n", () => socket.end());
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const text = await exchangeBytes(front.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assert.ok(!text.endsWith("0\r\n\r\n"), text);
});

test("a service that says more than it announced cannot slip bytes into the next answer", async () => {
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    );
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  for (let i = 0; i < 3; i++) {
    const reply = await ask(front.port, "/");
    if (reply.status === 200) assert.equal(reply.body, "ok");
    else assert.ok(reply.status >= 502, `${reply.status}`);
  }
});

test("five failures in a row open the breaker; while it is open nobody is asked and the answer is a 503", async () => {
  const clock = manualClock();
  let up = false;
  let asked = 0;
  await using users = await service((exchange) => {
    asked++;
    return exchange.respond({ status: up ? 200 : 500 });
  });
  await using front = await bench({ clock, routes: everything, endpoints: [endpoint(users.port)] });
  for (let i = 0; i < 5; i++) assert.equal((await ask(front.port, "/")).status, 500);
  assert.equal(front.metric('tusker_gateway_breaker_state{service="users",endpoint="e1"}'), 2);
  const shut = await ask(front.port, "/");
  assert.deepEqual(
    [shut.status, shut.code, shut.header("retry-after"), asked],
    [503, "GATEWAY_BREAKER_OPEN", "1", 5],
  );
  assert.equal(front.gateway.stats().services[0]?.endpoints[0]?.breaker, "open");
  up = true;
  clock.advance(1_000);
  assert.equal((await ask(front.port, "/")).status, 200, "the probe");
  assert.equal(front.metric('tusker_gateway_breaker_state{service="users",endpoint="e1"}'), 0);
  assert.ok(front.logs.some((line) => line.includes("breaker of e1 is open")));
  front.discovery.set("users", []);
  assert.doesNotMatch(front.metrics.render(), /breaker_state\{/, "of one that left nothing is shown");
});

test("while a breaker is half-open, exactly one of many requests reaches the service", async () => {
  const clock = manualClock();
  let asked = 0;
  const go = Promise.withResolvers<void>();
  let up = false;
  await using users = await service(async (exchange) => {
    asked++;
    if (!up) return exchange.respond({ status: 500 });
    await go.promise;
    return exchange.respond({ status: 200 });
  });
  await using front = await bench({ clock, routes: everything, endpoints: [endpoint(users.port)] });
  for (let i = 0; i < 5; i++) await ask(front.port, "/");
  clock.advance(1_000);
  up = true;
  asked = 0;
  const sevenRefused = Promise.withResolvers<void>();
  let settled = 0;
  const asking = Array.from({ length: 8 }, async () => {
    const reply = await ask(front.port, "/");
    settled++;
    if (settled === 7) sevenRefused.resolve();
    return reply;
  });
  await sevenRefused.promise;
  go.resolve();
  const replies = await Promise.all(asking);
  assert.equal(asked, 1);
  assert.equal(replies.filter(({ status }) => status === 200).length, 1);
  assert.equal(replies.filter(({ code }) => code === "GATEWAY_BREAKER_OPEN").length, 7);
});

test("a client that goes away ends the exchange with the service, before the head and after it", async () => {
  for (const answers of [false, true]) {
    const arrived = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    await using users = await rawService(async (socket) => {
      socket.on("close", () => closed.resolve());
      await requestOn(socket);
      if (answers) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart");
      arrived.resolve();
    });
    await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
    const client = connect(front.port, "127.0.0.1");
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await arrived.promise;
    if (answers) await once(client, "data");
    client.destroy();
    await closed.promise;
    assert.equal(users.count, 1, "nobody retries for a client that is gone");
    assert.equal(front.gateway.stats().services[0]?.endpoints[0]?.breaker, "closed");
  }
});

test("a client that goes away in the middle of its upload ends the exchange with the service", async () => {
  const closed = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using users = await rawService(async (socket) => {
    socket.on("close", () => closed.resolve());
    await requestOn(socket);
    arrived.resolve();
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nsome");
  await arrived.promise;
  client.destroy();
  await closed.promise;
  assert.equal(users.count, 1);
});

test("a body larger than the route takes is a 413, announced or not", async () => {
  await using users = await service(async (exchange) => {
    await exchange.bytes(1_000_000);
    await fine(exchange);
  });
  await using front = await bench({
    routes: { "/*": { service: "users", max_body: "1KiB" } },
    endpoints: [endpoint(users.port)],
  });
  const announced = await ask(front.port, "/", { method: "POST", body: "x".repeat(1_025) });
  assert.deepEqual([announced.status, announced.code], [413, "GATEWAY_BODY_TOO_LARGE"]);
  const chunk = `400\r\n${"x".repeat(1_024)}\r\n`;
  const text = await exchangeBytes(
    front.port,
    `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
  );
  assert.equal(parseReply(text).code, "GATEWAY_BODY_TOO_LARGE");
  assert.equal((await ask(front.port, "/", { method: "POST", body: "x".repeat(1_024) })).status, 200);
});

test("100-continue is answered when the body is wanted", async () => {
  await using users = await service(async (exchange) => {
    const body = new TextDecoder().decode(await exchange.bytes(100));
    await exchange.respond({ status: 200, body });
  });
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.write(
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
  );
  const [first] = await once(client, "data");
  assert.match(String(first), /^HTTP\/1\.1 100 Continue\r\n\r\n/);
  let text = "";
  client.on("data", (chunk) => {
    text += String(chunk);
  });
  client.write("abc");
  await once(client, "close");
  assert.equal(parseReply(text).body, "abc");
});

/** Answers before it has read the body, and reads no further. */
const hasty = () =>
  rawService(async (socket) => {
    const text = await requestOn(socket);
    socket.pause();
    const status = text.startsWith("POST") ? "401 Unauthorized" : "200 OK";
    socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno`);
  });

test("an early answer leaves the connection in step: the rest of the body is taken in", async () => {
  await using users = await hasty();
  await using front = await bench({ routes: everything, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n${"x".repeat(100_000)}`);
  const [first] = await once(client, "data");
  assert.match(String(first), /^HTTP\/1\.1 401 /);
  let text = "";
  client.on("data", (chunk) => {
    text += String(chunk);
  });
  client.write(`${"x".repeat(200_000)}GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await once(client, "close");
  assert.match(text, /HTTP\/1\.1 200 OK/);
});

test("a client that never sends the rest of a body that was answered is let go after a second", async () => {
  const clock = manualClock();
  await using users = await hasty();
  await using front = await bench({ clock, routes: everything, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  const closed = once(client, "close");
  client.on("error", () => {});
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n${"x".repeat(1_000)}`);
  const [first] = await once(client, "data");
  assert.match(String(first), /^HTTP\/1\.1 401 /);
  await until(() => clock.pending > 0);
  assert.equal(front.gateway.stats().inFlight, 1);
  clock.advance(1_000);
  await closed;
  await until(() => front.gateway.stats().inFlight === 0);
});

test("nobody asks a second time for a client that went away during the wait", async () => {
  const clock = manualClock();
  let asked = 0;
  await using users = await service((exchange) => {
    asked++;
    return exchange.respond({ status: 503, headers: ["Retry-After", "5"] });
  });
  await using front = await bench({ clock, routes: everything, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.on("error", () => {});
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await until(() => front.metric('tusker_gateway_retries_total{service="users",reason="status"}') === 1);
  client.destroy();
  // Less than the five seconds of the wait: who ends its side may still be there for a second.
  await until(() => {
    clock.advance(1);
    return front.gateway.stats().inFlight === 0;
  });
  assert.deepEqual([asked, clock.pending], [1, 0]);
  assert.equal(front.metric('tusker_gateway_requests_total{route="/*",method="GET",status="499"}'), 1);
});

test("a 503 of the gateway names the trace under which it can be found", async () => {
  await using front = await bench({ routes: everything, endpoints: [endpoint(await deadPort())] });
  const reply = await ask(front.port, "/");
  const request = front.spans.find((span) => span.kind === "server");
  assert.equal(JSON.parse(reply.body).trace_id, request?.traceId);
  assert.equal(request?.attributes["tusker.code"], "GATEWAY_UPSTREAM_UNAVAILABLE");
  const attempt = front.spans.find((span) => span.kind === "client");
  assert.equal(attempt?.attributes["error.type"], "NET_CONNECT");
  assert.equal(headerOf(reply.headers, "cache-control"), "no-store");
});

test("a body that is none is the client's fault: 400, and no endpoint is blamed for it", async () => {
  await using users = await service(async (exchange) => {
    const body = exchange.hasBody ? await exchange.bytes(100) : new Uint8Array();
    await exchange.respond({ status: 200, body });
  });
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
    breaker: { failures: 1 },
  });
  const head = "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const body of ["0x5\r\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n"])
    assert.equal(parseReply(await exchangeBytes(front.port, head + body)).status, 400);
  assert.equal((await ask(front.port, "/")).status, 200, "the breaker is still closed");
});

test("the retries that are always allowed are of all threads together", async () => {
  const clock = manualClock();
  const memory = sharedMemory({ threads: 2, keys: 8, seed: 1 });
  await using users = await rawService((socket) => socket.destroy());
  const thread = (number: number) =>
    bench({
      clock,
      routes: { "/*": { service: "users", try_timeout: "30s" } },
      endpoints: [endpoint(users.port)],
      breaker: "off",
      shared: { memory, thread: number, threads: 2 },
    });
  await using one = await thread(0);
  await using two = await thread(1);
  const retried = async (front: typeof one): Promise<number> => {
    for (let i = 0; i < 70; i++) await ask(front.port, "/");
    return front.metric('tusker_gateway_retries_total{service="users",reason="reset"}');
  };
  // A hundred in ten seconds, and a fifth of the requests: what one leaves is the other's.
  assert.equal(await retried(one), 70);
  assert.equal(await retried(two), 100 + 140 / 5 - 70);
});
