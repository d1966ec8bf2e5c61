/** Clients that end their side behind what they ask (`shutdown(SHUT_WR)`), and clients that have gone: both send FIN. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { selfSigned } from "../../../../test/support/self-signed.ts";
import { type ManualClock, manualClock, type TuskerError } from "../../../kernel/index.ts";
import { chunked, type ExchangeListener, type Http1Exchange } from "../engine.ts";
import { startHttp1Server } from "./start.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const get = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
const deaf: ExchangeListener = { onBody() {}, onBodyEnd() {}, onBodyFailed() {}, onDrain() {}, onEnd() {} };

/** What a client hears that says `text`, ends its side and reads on until the server closes. */
async function heardAfter(port: number, text: string): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  const over = Promise.race([once(socket, "end"), once(socket, "close")]);
  socket.end(text);
  await over;
  socket.destroy();
  return said;
}

/** Lets the server see what was sent to it. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

test("who ends its side behind a request gets its answer, however it is made", async () => {
  await using server = await startHttp1Server(
    async (exchange) => {
      await settled();
      if (exchange.head.target === "/whole") return exchange.send(200, [], "whole");
      exchange.begin(200, [], chunked);
      for (const piece of ["in ", "pieces"]) {
        exchange.write(Buffer.from(piece));
        await settled();
      }
      exchange.end();
    },
    { port: 0 },
  );
  assert.match(
    await heardAfter(server.port, get("/whole")),
    /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n\r\nwhole$/s,
  );
  assert.match(await heardAfter(server.port, get("/chunks")), /\r\n3\r\nin \r\n6\r\npieces\r\n0\r\n\r\n$/);
  assert.match(await heardAfter(server.port, "GET /whole HTTP/1.0\r\n\r\n"), /\r\n\r\nwhole$/);
  const body = "POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  assert.match(await heardAfter(server.port, body), /\r\n\r\nwhole$/);
});

test("all that was asked before is answered in order, and only the last answer says close", async () => {
  const waiting: Http1Exchange[] = [];
  await using server = await startHttp1Server((exchange) => waiting.push(exchange), { port: 0 });
  const heard = heardAfter(server.port, get("/1") + get("/2") + get("/3"));
  for (const target of ["/1", "/2", "/3"]) {
    while (waiting.length === 0) await turn();
    await settled();
    const exchange = waiting.shift();
    assert.equal(exchange?.head.target, target);
    exchange?.send(200, [], target);
  }
  const said = await heard;
  assert.deepEqual(said.match(/\/\d(?=HTTP|$)/g), ["/1", "/2", "/3"]);
  assert.deepEqual(said.match(/Connection: \S+/g), [
    "Connection: keep-alive",
    "Connection: keep-alive",
    "Connection: close",
  ]);
});

test("an answer of megabytes reaches a client that ended its side and reads slowly", async () => {
  const megabytes = Buffer.alloc(8 * 1024 * 1024, "x");
  await using server = await startHttp1Server((exchange) => exchange.send(200, [], megabytes), { port: 0 });
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(get("/"));
  let bytes = 0;
  for await (const chunk of socket) {
    bytes += chunk.length;
    await turn();
  }
  assert.ok(bytes > megabytes.length);
});

test("over TLS a client that ends its side gets its answer too", async () => {
  const shop = selfSigned("shop.test");
  await using server = await startHttp1Server(
    async (exchange) => {
      await settled();
      exchange.send(200, [], "sealed");
    },
    { port: 0, tls: { certificate: () => shop } },
  );
  const socket = connectTls({
    socket: connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true }),
    servername: "shop.test",
    ca: shop.cert,
  });
  socket.end(get("/"));
  let said = "";
  for await (const chunk of socket) said += String(chunk);
  assert.match(said, /\r\n\r\nsealed$/);
});

/** A request on a clock of the test; the client ends its side once the handler has it. */
async function halfClosed(clock: ManualClock, text: string, options: { halfClosedTimeoutMs?: number } = {}) {
  const arrived = Promise.withResolvers<Http1Exchange>();
  const ended = Promise.withResolvers<TuskerError | undefined>();
  const server = await startHttp1Server(
    (exchange) => {
      exchange.attach({ ...deaf, onEnd: ended.resolve });
      arrived.resolve(exchange);
    },
    { port: 0, clock, ...options },
  );
  const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  socket.resume();
  socket.write(text);
  const exchange = await arrived.promise;
  socket.end();
  await once(socket, "finish");
  await settled();
  return {
    exchange,
    ended: ended.promise,
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await server.drain(0);
    },
  };
}

test("as long as the answer moves it is waited for; silent for a second, its client counts as gone", async () => {
  const clock = manualClock();
  await using s = await halfClosed(clock, get("/"));
  clock.advance(900);
  s.exchange.begin(200, [], chunked);
  for (let i = 0; i < 5; i++) {
    assert.equal(s.exchange.ended, false, `silent after ${i} pieces`);
    s.exchange.write(Buffer.from("piece"));
    await turn();
    clock.advance(1_000);
  }
  clock.advance(1_100);
  assert.equal((await s.ended)?.code, "NET_RESET");
});

test("an answer that never begins is given up after a second, also with another request behind it", async () => {
  for (const text of [get("/"), get("/") + get("/next")]) {
    const clock = manualClock();
    await using s = await halfClosed(clock, text);
    assert.equal(s.exchange.ended, false);
    clock.advance(1_100);
    assert.equal((await s.ended)?.code, "NET_RESET");
  }
});

test("who asked for a tunnel and ends its side, or ends it inside its body, has gone at once", async () => {
  const upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nearly";
  const cut = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n";
  for (const text of [upgrade, cut]) {
    await using s = await halfClosed(manualClock(), text);
    if (text === cut) s.exchange.resume();
    assert.equal((await s.ended)?.code, "NET_RESET");
  }
});

test("a server that waits for none gives a client up the moment it ends its side", async () => {
  for (const text of [get("/"), get("/") + get("/next")]) {
    await using s = await halfClosed(manualClock(), text, { halfClosedTimeoutMs: 0 });
    assert.equal((await s.ended)?.code, "NET_RESET");
  }
});
