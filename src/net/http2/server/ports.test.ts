import { strict as assert } from "node:assert";
import { once } from "node:events";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { testCertificate } from "../../../../test/support/certificate.ts";
import { hello, RawPeer, rawFrame } from "../../../../test/support/http2-peer.ts";
import { TuskerError } from "../../../kernel/index.ts";
import type { ServerHandler } from "../../exchange.ts";
import { http1Pool } from "../../http1-pool.ts";
import { http2Pool, serveHttp2 } from "../../http2.ts";
import type { Http2Engine } from "../../http2-options.ts";

// Which protocol a connection speaks, and over what.

const handler: ServerHandler = (exchange) =>
  exchange.respond({ status: 200, body: `${exchange.httpVersion} ${exchange.method} ${exchange.target}` });
/** What is true of both engines. */
function both(claim: string, body: (engine: Http2Engine) => Promise<void>): void {
  for (const engine of ["tusker", "node"] as const) test(`${claim} (${engine})`, () => body(engine));
}

const tls = { certificate: () => testCertificate };

both("TLS agrees on h2 by ALPN, and a client that trusts the certificate is answered", async (engine) => {
  await using server = await serveHttp2(handler, { engine, port: 0, tls });
  await using pool = http2Pool(`https://127.0.0.1:${server.port}`, {
    engine,
    tls: { ca: testCertificate.cert },
  });
  const answer = await pool.request({ method: "GET", path: "/a" });
  assert.equal(await answer.text(100), "2 GET /a");
  await using stranger = http2Pool(`https://127.0.0.1:${server.port}`, { engine });
  await assert.rejects(
    () => stranger.request({ method: "GET", path: "/" }),
    (error) => error instanceof TuskerError && error.code === "NET_CONNECT" && /CERT/.test(error.message),
  );
});

both("a client that does not agree on h2 is closed", async (engine) => {
  await using server = await serveHttp2(handler, { engine, port: 0, tls });
  const socket = connectTls({ port: server.port, host: "127.0.0.1", ca: testCertificate.cert });
  socket.on("error", () => {});
  await once(socket, "close");
});

test("a client of TLS 1.2 that wants another handshake gets none", async () => {
  await using server = await serveHttp2(handler, { port: 0, tls });
  const socket = connectTls({
    port: server.port,
    host: "127.0.0.1",
    ca: testCertificate.cert,
    ALPNProtocols: ["h2"],
    maxVersion: "TLSv1.2",
  });
  await once(socket, "secureConnect");
  const refused = Promise.withResolvers<unknown>();
  socket.on("error", refused.resolve).on("close", refused.resolve);
  socket.renegotiate({}, refused.resolve);
  const error = await refused.promise;
  assert.ok(error instanceof Error && /no.renegotiation/i.test(error.message), String(error));
  socket.destroy();
});

both("one port serves HTTP/2 by its preface and HTTP/1.1 otherwise", async (engine) => {
  await using server = await serveHttp2(handler, { engine, port: 0, http1: true });
  await using pool = http2Pool(`http://127.0.0.1:${server.port}`, { engine });
  assert.equal(await (await pool.request({ method: "GET", path: "/two" })).text(100), "2 GET /two");
  for (const method of ["GET", "POST", "PUT", "PATCH"]) {
    const sent = request({ port: server.port, host: "127.0.0.1", path: "/one", method });
    sent.end();
    const [answer] = await once(sent, "response");
    let text = "";
    for await (const chunk of answer) text += chunk;
    assert.equal(text, `1.1 ${method} /one`);
  }
});

both("the first bytes may come one at a time, for either protocol", async (engine) => {
  await using server = await serveHttp2(handler, { engine, port: 0, http1: true });
  const slowly = async (bytes: Buffer, until: string): Promise<string> => {
    const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
    let heard = "";
    const enough = Promise.withResolvers<void>();
    socket.on("data", (data) => {
      heard += data.toString("latin1");
      if (heard.includes(until)) enough.resolve();
    });
    for (const byte of bytes) {
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await enough.promise;
    socket.destroy();
    return heard;
  };
  assert.match(
    await slowly(Buffer.from("PUT /p HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n"), "/p"),
    /1\.1 PUT \/p/,
  );
  const get = rawFrame(1, 5, 1, "828684410161");
  assert.match(await slowly(Buffer.concat([hello, get]), "2 GET /"), /2 GET \//);
});

both("over TLS one port serves both by ALPN", async (engine) => {
  await using server = await serveHttp2(handler, { engine, port: 0, tls, http1: true });
  const session = connectHttp2(`https://127.0.0.1:${server.port}`, { ca: testCertificate.cert });
  const stream = session.request({ ":path": "/n" });
  stream.setEncoding("utf8");
  let text = "";
  for await (const chunk of stream) text += chunk;
  assert.equal(text, "2 GET /n");
  session.close();
  const old = connectTls({
    port: server.port,
    host: "127.0.0.1",
    ca: testCertificate.cert,
    ALPNProtocols: ["http/1.1"],
  });
  await once(old, "secureConnect");
  old.write("GET /o HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  let heard = "";
  for await (const chunk of old) heard += chunk;
  assert.match(heard, /1\.1 GET \/o/);
});

both("a connection too many is closed at once, and one is welcome when another has gone", async (engine) => {
  for (const more of [{}, { http1: true }]) {
    await using server = await serveHttp2(handler, { engine, port: 0, maxConnections: 1, ...more });
    const first = await RawPeer.to(server.port);
    first.send(hello);
    await first.frame(({ type }) => type === 4);
    await using second = await RawPeer.to(server.port);
    assert.equal(await second.frame(() => true), undefined);
    await first[Symbol.asyncDispose]();
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    await using third = await RawPeer.to(server.port);
    third.send(hello);
    assert.ok(await third.frame(({ type }) => type === 4));
  }
});

test("extended CONNECT is offered where it is asked for, and carries bytes both ways", async () => {
  const echo: ServerHandler = async (exchange) => exchange.respond({ status: 200, body: exchange.body });
  await using server = await serveHttp2(echo, { port: 0, extendedConnect: true });
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.enableConnectProtocol, true);
  const stream = session.request({ ":method": "CONNECT", ":protocol": "websocket", ":path": "/chat" });
  stream.setEncoding("utf8");
  for (const word of ["one", "two"]) {
    stream.write(word);
    assert.equal((await once(stream, "data"))[0], word);
  }
  stream.end();
  await once(stream, "end");
  session.close();
});

test("our own client speaks over extended CONNECT with our server, which knows what it was asked for", async () => {
  const chat: ServerHandler = (exchange) =>
    exchange.protocol === "websocket"
      ? exchange.respond({ status: 200, headers: ["x-path", exchange.target], body: exchange.body })
      : exchange.respond({ status: 501 });
  await using server = await serveHttp2(chat, { port: 0, extendedConnect: true });
  await using pool = http2Pool(`http://127.0.0.1:${server.port}`);
  const words = new Words();
  // The first request of a connection: the server's SETTINGS are waited for.
  const answer = await pool.request({ method: "CONNECT", path: "/chat", protocol: "websocket", body: words });
  assert.deepEqual([answer.status, answer.header("x-path")], [200, "/chat"]);
  const heard = answer.body[Symbol.asyncIterator]();
  for (const word of ["one", "two"]) {
    words.say(word);
    assert.equal(Buffer.from((await heard.next()).value ?? []).toString(), word);
  }
  words.end();
  assert.equal((await heard.next()).done, true);
  const other = await pool.request({ method: "CONNECT", path: "/chat", protocol: "carrier-pigeon" });
  assert.equal(other.status, 501);
});

test("extended CONNECT to a server that does not offer it is told before anything is sent", async () => {
  let asked = 0;
  await using server = await serveHttp2(
    (exchange) => {
      asked++;
      return handler(exchange);
    },
    { port: 0, http1: true },
  );
  const origin = `http://127.0.0.1:${server.port}`;
  await using stack = new AsyncDisposableStack();
  const pools = [http2Pool(origin), http2Pool(origin, { engine: "node" })];
  for (const transport of ["engine", "compat"] as const) pools.push(http1Pool(origin, { transport }));
  for (const pool of pools) {
    stack.use(pool);
    await assert.rejects(
      () => pool.request({ method: "CONNECT", path: "/chat", protocol: "websocket" }),
      (error) =>
        error instanceof TuskerError && error.code === "NET_MALFORMED" && error.details.sent === false,
    );
  }
  assert.equal(asked, 0);
});

/** A body that is said word by word. */
class Words implements AsyncIterable<Uint8Array> {
  readonly #words: string[] = [];
  #wake: () => void = () => {};
  #ended = false;

  say(word: string): void {
    this.#words.push(word);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) yield Buffer.from(word);
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

both("draining closes connections of both protocols", async (engine) => {
  const server = await serveHttp2(handler, { engine, port: 0, http1: true });
  await using peer = await RawPeer.to(server.port);
  peer.send(hello);
  await peer.frame(({ type, flags }) => type === 4 && flags === 1);
  const old = connect({ port: server.port, host: "127.0.0.1" });
  old.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(old, "data");
  const closed = once(old, "close");
  await server.drain(5_000);
  await closed;
  assert.equal(server.connections, 0);
});
