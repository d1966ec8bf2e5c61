/** What clients have broken other gateways with: a clear refusal, a closed connection, and nothing of it at a service. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test as onEngine } from "node:test";
import { manualClock } from "../kernel/index.ts";
import {
  type Bench,
  bench,
  endpoint,
  exchangeBytes,
  parseReply,
  rawService,
  requestOn,
  service,
  test,
  transportUnderTest,
  until,
} from "./fixture.test.ts";

const hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (fields: string, body: string): string =>
  `POST /front HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}`;

/** One of two recipients would see `/hidden` as a request of its own. */
const smuggled: Readonly<Record<string, readonly [text: string, status: number]>> = {
  "CL.TE": [post("Content-Length: 40\r\nTransfer-Encoding: chunked", `0\r\n\r\n${hidden}`), 400],
  "TE.CL": [post("Transfer-Encoding: chunked\r\nContent-Length: 4", `2a\r\n${hidden}\r\n0\r\n\r\n`), 400],
  "TE.TE, the second one unknown": [
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", `0\r\n\r\n${hidden}`),
    400,
  ],
  "TE.TE, a coding that reads like chunked": [post("Transfer-Encoding: xchunked", `0\r\n\r\n${hidden}`), 400],
  "a coding before chunked": [post("Transfer-Encoding: gzip, chunked", `0\r\n\r\n${hidden}`), 501],
  "CL.CL, which differ": [post("Content-Length: 0\r\nContent-Length: 33", hidden), 400],
  "CL.CL, which agree": [post("Content-Length: 33\r\nContent-Length: 33", hidden), 400],
  "a list of lengths": [post("Content-Length: 0, 33", hidden), 400],
  "a length with a sign": [post("Content-Length: +33", hidden), 400],
  "a length in HTTP/1.0 beside chunks": [
    post("Transfer-Encoding: chunked", `0\r\n\r\n${hidden}`).replace("HTTP/1.1", "HTTP/1.0"),
    400,
  ],
  "a folded line": [post("X: y\r\n Content-Length: 33", hidden), 400],
  "a folded coding": [post("Transfer-Encoding:\r\n chunked", `0\r\n\r\n${hidden}`), 400],
  "a bare CR before a field": [post("X: y\rContent-Length: 33", hidden), 400],
  "a bare LF before a field": [post("X: y\nContent-Length: 33", hidden), 400],
  "a space before the colon": [post("Content-Length : 33", hidden), 400],
  "a NUL behind a name": [post("Content-Length\0: 33", hidden), 400],
  "a chunk size that overflows": [
    post("Transfer-Encoding: chunked", `10000000000000000\r\n\r\n0\r\n\r\n${hidden}`),
    400,
  ],
  "a chunk size with a prefix": [post("Transfer-Encoding: chunked", `0x0\r\n\r\n${hidden}`), 400],
  "a chunk longer than it said": [post("Transfer-Encoding: chunked", `1\r\nab\r\n0\r\n\r\n${hidden}`), 400],
  "a field in the trailers that is none": [
    post("Transfer-Encoding: chunked", `0\r\nX : y\r\n\r\n${hidden}`),
    400,
  ],
};

for (const [how, [text, status]] of Object.entries(smuggled))
  test(`request smuggling by ${how} is refused, and nothing behind it is read as a request`, async () => {
    let arrived = "";
    await using users = await rawService((socket) => {
      socket.on("data", (chunk) => {
        arrived += chunk.toString("latin1");
      });
    });
    await using front = await bench({
      routes: { "/*": { service: "users" } },
      endpoints: [endpoint(users.port)],
    });
    const reply = await exchangeBytes(front.port, text + hidden);
    assert.equal(reply.match(/HTTP\/1\.1 \d/g)?.length, 1, reply);
    assert.deepEqual([parseReply(reply).status, parseReply(reply).header("connection")], [status, "close"]);
    assert.doesNotMatch(arrived, /hidden/);
    await until(() => front.gateway.server.connections === 0 && front.gateway.stats().inFlight === 0);
  });

test("what a client has encoded splits no answer of ours, wherever it is put", async () => {
  await using front = await bench({
    routes: {
      "/go/*": { redirect: { to: "https://b{path}?{query}", status: 308 } },
    },
  });
  const text = await exchangeBytes(
    front.port,
    "GET /go/%0d%0aSet-Cookie:%20a=b?x=%0d%0aY:z HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
  );
  assert.match(text, /^HTTP\/1\.1 (308|400) /);
  assert.doesNotMatch(text, /^(Set-Cookie|Y):/im);
});

test("a head without end is refused at its limit, and no more of it is taken in", async () => {
  await using front = await bench({ gateway: { max_head: "16KiB" }, routes: {} });
  for (const line of [`X-Flood: ${"x".repeat(100)}\r\n`, "x"]) {
    const client = connect({ port: front.port, host: "127.0.0.1" });
    let said = "";
    let open = true;
    client.on("error", () => {});
    client.on("data", (chunk) => {
      said += chunk.toString("latin1");
    });
    client.on("close", () => {
      open = false;
    });
    client.write("GET / HTTP/1.1\r\nHost: a\r\nX-First: ");
    while (open && said === "") {
      client.write(line.repeat(50));
      await new Promise(setImmediate);
    }
    // Whoever floods on after the refusal is cut; up to then it is a clean one.
    assert.match(said, /^HTTP\/1\.1 431 /);
    client.destroy();
  }
  await until(() => front.gateway.server.connections === 0);
});

const limitSeries = (limit: string): string => `tusker_gateway_connection_limits_total{limit="${limit}"}`;

/** A client, and what it has heard. */
function talker(port: number): { readonly client: ReturnType<typeof connect>; said(): string } {
  const client = connect({ port, host: "127.0.0.1" });
  client.on("error", () => {});
  let said = "";
  client.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  return { client, said: () => said };
}

onEngine("a slow head: answered 408 after ten seconds, however it trickles", async () => {
  const clock = manualClock();
  await using front = await bench({ clock, routes: {} });
  const { client, said } = talker(front.port);
  const closed = once(client, "close");
  client.write("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
  await until(() => front.gateway.server.connections === 1);
  for (let second = 0; second < 12 && said() === ""; second++) {
    client.write("x");
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    clock.advance(1_000);
  }
  await closed;
  assert.match(said(), /^HTTP\/1\.1 408 .*NET_TIMEOUT/s);
  assert.equal(front.metric(limitSeries("head_time")), 1);
});

test("a slow body: the client is answered 408, and the service is let go", async () => {
  const clock = manualClock();
  let gone = 0;
  await using users = await rawService((socket) => {
    socket.on("close", () => gone++);
    socket.resume();
  });
  await using front = await bench({
    clock,
    gateway: { timeout: "5m" },
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  const { client, said } = talker(front.port);
  const closed = once(client, "close");
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome");
  await until(() => users.count === 1 && front.gateway.stats().inFlight === 1);
  for (let second = 0; second < 40 && said() === ""; second++) {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
    clock.advance(1_000);
  }
  clock.advance(2_000);
  await closed;
  assert.match(said(), /^HTTP\/1\.1 408 /);
  await until(() => gone === 1 && front.gateway.stats().inFlight === 0);
});

onEngine(
  "a slow reader: cut after five minutes without taking a byte, with what the service still sent",
  async () => {
    const clock = manualClock();
    let gone = 0;
    await using users = await rawService(async (socket) => {
      socket.on("close", () => gone++);
      await requestOn(socket);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * 1024 * 1024}\r\n\r\n`);
      const piece = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on("drain", more);
      more();
    });
    await using front = await bench({
      clock,
      gateway: { timeout: "1h", stream_idle_timeout: "1h" },
      routes: { "/*": { service: "users" } },
      endpoints: [endpoint(users.port)],
    });
    const client = connect({ port: front.port, host: "127.0.0.1" });
    client.on("error", () => {});
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(client, "readable");
    await until(() => front.gateway.stats().inFlight === 1);
    await until(() => {
      clock.advance(1_000);
      return front.metric(limitSeries("stall")) === 1;
    });
    await until(() => gone === 1 && front.gateway.server.connections === 0);
    assert.equal(front.gateway.stats().inFlight, 0);
    client.destroy();
  },
);

/** The clauses that were broken, with how often, as an operator sees them. */
function clausesOf(front: Bench): string[] {
  return [
    ...front.metrics.render().matchAll(/^tusker_gateway_malformed_requests_total\{clause="(\w+)"\} (\d+)/gm),
  ].map(([, clause, count]) => `${clause} ${count}`);
}

test("every refusal is counted by the clause that was broken", async () => {
  await using users = await service((exchange) => exchange.respond({ status: 200 }));
  await using front = await bench({
    routes: { "/*": { service: "users" } },
    endpoints: [endpoint(users.port)],
  });
  for (const text of [
    post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
    post("X: y\nZ: z", ""),
    "GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
  ])
    await exchangeBytes(front.port, text);
  // Of what Node's parser refuses by itself only that is known.
  const engine = ["bareLineFeed 1", "lengthBesideCoding 2", "oneHost 1"];
  assert.deepEqual(
    clausesOf(front).sort(),
    transportUnderTest() === "engine" ? engine : ["oneHost 1", "parser 3"],
  );
});
