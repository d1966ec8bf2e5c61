import { strict as assert } from "node:assert";
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2, type Http2Session } from "node:http2";
import { type AddressInfo, connect as connectTcp, createServer as createTcp, type Socket } from "node:net";
import { test } from "node:test";
import { manualClock, seededRandom, TuskerError } from "../kernel/index.ts";
import type { ByteStream, Pool, Server, ServerHandler } from "./exchange.ts";
import { http2Pool as anyPool, serveHttp2 as anyServer } from "./http2.ts";
import type { Http2Engine, Http2PoolOptions, Http2ServerOptions } from "./http2-options.ts";

const originOf = (server: { port: number }): string => `http://127.0.0.1:${server.port}`;
const get = { method: "GET", path: "/" } as const;
const codeOf = (error: unknown): string => (error instanceof TuskerError ? error.code : String(error));
const failureOf = async (work: Promise<unknown>): Promise<TuskerError> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not fail");
};
async function* chunks(count: number, size: number): ByteStream & AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield new Uint8Array(size).fill(i);
}

/** What is tested: the same words on both engines. */
interface Under {
  readonly engine: Http2Engine;
  serveHttp2(handler: ServerHandler, options: Http2ServerOptions): Promise<Server>;
  http2Pool(origin: string, options?: Http2PoolOptions): Pool;
}
const each = (name: string, run: (under: Under) => Promise<void>): void => {
  for (const engine of ["tusker", "node"] as const) {
    test(`${engine}: ${name}`, () =>
      run({
        engine,
        serveHttp2: (handler, options) => anyServer(handler, { ...options, engine }),
        http2Pool: (origin, options) => anyPool(origin, { ...options, engine }),
      }));
  }
};

each("carries method, target, fields and both bodies", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2(
    async (x) => {
      const body = Buffer.from(await x.bytes(100)).toString();
      await x.respond({
        status: 201,
        headers: [
          "X-Seen",
          `${x.method} ${x.target} ${x.header("x-one")} ${x.header("host")} ${x.httpVersion}`,
        ],
        body: body.toUpperCase(),
      });
    },
    { port: 0 },
  );
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request({
    method: "POST",
    path: "/a?b=1",
    headers: ["X-One", "1"],
    body: "hello",
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.header("x-seen"), `POST /a?b=1 1 127.0.0.1:${server.port} 2`);
  assert.equal(answer.header("content-length"), "5");
  assert.equal(await answer.text(100), "HELLO");
  assert.deepEqual(answer.trailers(), []);
});

each("a client that holds its body back is told to go on by whoever reads it", async ({ serveHttp2 }) => {
  await using server = await serveHttp2(
    async (x) => {
      if (x.target === "/no") return x.respond({ status: 403 });
      const body = Buffer.from(await x.bytes(100)).toString();
      await x.respond({ status: 200, body: body.toUpperCase() });
    },
    { port: 0 },
  );
  const session = connectHttp2(originOf(server));
  const asking = (path: string) =>
    session.request({ ":method": "POST", ":path": path, expect: "100-continue" }, { endStream: false });
  const welcome = asking("/yes");
  await once(welcome, "continue");
  welcome.end("hello");
  let text = "";
  for await (const chunk of welcome.setEncoding("utf8")) text += chunk;
  assert.equal(text, "HELLO");
  const refused = asking("/no");
  let told = false;
  refused.on("continue", () => {
    told = true;
  });
  const [headers] = await once(refused, "response");
  assert.deepEqual([headers[":status"], told], [403, false]);
  refused.close();
  session.close();
});

each("interim answers are heard before the answer", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2(
    async (x) => {
      x.inform(103, ["link", "</a.css>"]);
      await x.respond({ status: 200, body: "a" });
    },
    { port: 0 },
  );
  await using pool = http2Pool(originOf(server));
  const heard: unknown[] = [];
  const answer = await pool.request({ ...get, onInform: (...told) => heard.push(told) });
  assert.equal(await answer.text(10), "a");
  assert.deepEqual(heard, [[103, ["link", "</a.css>"]]]);
});

each(
  "a plain CONNECT names the authority it wants, and the handler refuses it by that",
  async ({ serveHttp2, http2Pool }) => {
    const seen: string[] = [];
    await using server = await serveHttp2(
      (x) => {
        seen.push(`${x.method} ${x.target}`);
        return x.respond({ status: 405 });
      },
      { port: 0 },
    );
    await using pool = http2Pool(originOf(server));
    const answer = await pool.request({ method: "CONNECT", path: "db.internal:5432" });
    assert.equal(answer.status, 405);
    assert.deepEqual(seen, ["CONNECT db.internal:5432"]);
  },
);

each("fields of one connection never cross HTTP/2", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2(
    (x) =>
      x.respond({
        status: 200,
        headers: ["Connection", "close", "Keep-Alive", "1", "X-Te", x.header("te") ?? "none"],
        body: x.header("connection") ?? "none",
      }),
    { port: 0 },
  );
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request({
    ...get,
    headers: ["Connection", "x", "Upgrade", "y", "TE", "trailers"],
  });
  assert.deepEqual(
    [answer.header("connection"), answer.header("keep-alive"), answer.header("x-te")],
    [undefined, undefined, "trailers"],
  );
  assert.equal(await answer.text(10), "none");
});

each(
  "trailers come after whole and streamed bodies, and are asked for when the body has ended",
  async ({ serveHttp2, http2Pool }) => {
    let sent = 0;
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks(3, 4)) {
        sent++;
        yield chunk;
      }
    };
    const handler: ServerHandler = (x) =>
      x.target === "/whole"
        ? x.respond({ status: 200, body: "abc", trailers: ["x-end", "1", "x-end", "2"] })
        : x.respond({ status: 200, body: body(), trailers: () => ["x-sent", String(sent)] });
    await using server = await serveHttp2(handler, { port: 0 });
    await using pool = http2Pool(originOf(server));
    const whole = await pool.request({ method: "POST", path: "/whole", body: "ping" });
    assert.equal(await whole.text(10), "abc");
    assert.deepEqual(whole.trailers(), ["x-end", "1", "x-end", "2"]);
    const streamed = await pool.request({ method: "GET", path: "/stream" });
    assert.equal((await streamed.bytes(100)).byteLength, 12);
    assert.deepEqual(streamed.trailers(), ["x-sent", "3"]);
  },
);

each("HEAD and an answer without body end with their head", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2(
    (x) => x.respond({ status: x.method === "HEAD" ? 200 : 204, body: "x" }),
    {
      port: 0,
    },
  );
  await using pool = http2Pool(originOf(server));
  for (const method of ["HEAD", "GET"]) {
    const answer = await pool.request({ method, path: "/" });
    assert.equal(await answer.text(10), "", method);
  }
});

each("megabytes stream both ways and arrive whole", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2((x) => x.respond({ status: 200, body: x.body }), { port: 0 });
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request({ method: "POST", path: "/", body: chunks(64, 65_536) });
  const back = await answer.bytes(64 * 65_536);
  assert.equal(back.byteLength, 64 * 65_536);
  assert.deepEqual([back[0], back[65_536], back.at(-1)], [0, 1, 63]);
});

each("a sender waits for a slow reader", async ({ serveHttp2, http2Pool }) => {
  let produced = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (; produced < 10_000; produced++) yield new Uint8Array(16_384);
  };
  await using server = await serveHttp2((x) => x.respond({ status: 200, body: endless() }), { port: 0 });
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request(get);
  const iterator = answer.body[Symbol.asyncIterator]();
  await iterator.next();
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(produced < 200, `produced ${produced} chunks for a reader that took one`);
  await iterator.return?.();
});

each("a body above the limit is refused and its stream answered", async ({ serveHttp2, http2Pool }) => {
  await using server = await serveHttp2(
    async (x) => {
      const failure = await failureOf(x.bytes(1_000));
      await x.respond({ status: failure.row.http, body: failure.code });
    },
    { port: 0 },
  );
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request({ method: "POST", path: "/", body: chunks(100, 1_000) });
  assert.equal(answer.status, 413);
  assert.equal(await answer.text(100), "NET_BODY_TOO_LARGE");
});

each("a client that gives up fires the exchange's signal", async ({ serveHttp2, http2Pool }) => {
  const gone = Promise.withResolvers<string>();
  const arrived = Promise.withResolvers<void>();
  await using server = await serveHttp2(
    async (x) => {
      x.signal.addEventListener("abort", () => gone.resolve(codeOf(x.signal.reason)));
      arrived.resolve();
      await gone.promise;
      await x.respond({ status: 200 });
    },
    { port: 0 },
  );
  await using pool = http2Pool(originOf(server));
  const stop = new AbortController();
  const call = failureOf(pool.request({ ...get, signal: stop.signal }));
  await arrived.promise;
  stop.abort();
  assert.equal((await call).code, "KERNEL_ABORTED");
  assert.equal(await gone.promise, "KERNEL_ABORTED");
});

each("an aborted answer is never taken for a whole one", async ({ serveHttp2, http2Pool }) => {
  const body = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    throw new Error("broken");
  };
  const errors: unknown[] = [];
  await using server = await serveHttp2((x) => x.respond({ status: 200, body: body() }), {
    port: 0,
    onError: (error) => errors.push(error),
  });
  await using pool = http2Pool(originOf(server));
  const failure = await failureOf(pool.request(get).then((answer) => answer.bytes(100)));
  assert.equal(failure.code, "NET_RESET");
  assert.equal(failure.details.sent, true);
  assert.equal(errors.length, 1);
});

each("a handler that throws is answered with a problem document", async ({ serveHttp2, http2Pool }) => {
  const errors: unknown[] = [];
  await using server = await serveHttp2(
    () => {
      throw new TuskerError("GATEWAY_OVERLOADED", "going");
    },
    { port: 0, onError: (error) => errors.push(error) },
  );
  await using pool = http2Pool(originOf(server));
  const answer = await pool.request(get);
  assert.equal(answer.status, 503);
  assert.equal(JSON.parse(await answer.text(1_000)).code, "GATEWAY_OVERLOADED");
  assert.equal(errors.length, 1);
});

each("nobody listening is NET_CONNECT with nothing sent", async ({ serveHttp2, http2Pool }) => {
  const server = await serveHttp2(() => undefined, { port: 0 });
  const origin = originOf(server);
  await server.drain(0);
  await using pool = http2Pool(origin);
  const failure = await failureOf(pool.request(get));
  assert.equal(failure.code, "NET_CONNECT");
  assert.equal(failure.details.sent, false);
});

each("a taken port is one clear error", async ({ serveHttp2 }) => {
  await using server = await serveHttp2(() => undefined, { port: 0 });
  assert.equal((await failureOf(serveHttp2(() => undefined, { port: server.port }))).code, "NET_PORT_TAKEN");
});

each(
  "more requests than the peer allows at once wait for a free stream",
  async ({ serveHttp2, http2Pool }) => {
    let running = 0;
    let most = 0;
    await using server = await serveHttp2(
      async (x) => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        await x.respond({ status: 200, body: "ok" });
      },
      { port: 0, maxConcurrentStreams: 3 },
    );
    await using pool = http2Pool(originOf(server));
    await (await pool.request(get)).text(10);
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => pool.request(get).then((a) => a.text(10))),
    );
    assert.equal(
      answers.every((text) => text === "ok"),
      true,
    );
    assert.ok(most <= 3, `${most} at once`);
    assert.equal(server.connections, 1);
  },
);

each("a refused stream says that nothing was processed", async ({ http2Pool }) => {
  const sessions = new Set<Http2Session>();
  const peer = createHttp2();
  peer.on("session", (session) => sessions.add(session));
  peer.on("stream", (stream) => stream.on("error", () => undefined).close(7));
  peer.listen(0, "127.0.0.1");
  await once(peer, "listening");
  await using pool = http2Pool(originOf(peer.address() as AddressInfo));
  const failure = await failureOf(pool.request(get));
  assert.deepEqual([failure.code, failure.details.sent], ["NET_RESET", false]);
  for (const session of sessions) session.destroy();
  peer.close();
});

each("an idle connection is closed after its time, one with a stream is not", async ({ serveHttp2 }) => {
  const clock = manualClock();
  const release = Promise.withResolvers<void>();
  await using server = await serveHttp2(
    async (x) => {
      await release.promise;
      await x.respond({ status: 200, body: "ok" });
    },
    { port: 0, clock, maxConnectionIdleMs: 1_000 },
  );
  const session = connectHttp2(originOf(server));
  const stream = session.request({ ":path": "/" });
  stream.resume();
  await once(session, "remoteSettings");
  await new Promise((resolve) => session.ping(resolve));
  clock.advance(5_000);
  assert.equal(server.connections, 1);
  release.resolve();
  await once(stream, "close");
  await new Promise((resolve) => session.ping(resolve));
  clock.advance(999);
  assert.equal(session.closed, false);
  const [closed, told] = [once(session, "close"), once(session, "goaway")];
  clock.advance(1);
  // RFC 9113 §6.8: no stream is refused that may be on its way.
  assert.deepEqual((await told).slice(0, 2), [0, 2 ** 31 - 1]);
  clock.advance(600);
  await closed;
});

each(
  "an old connection is asked to leave, its streams end, and the next request takes a new one",
  async ({ serveHttp2, http2Pool }) => {
    const clock = manualClock();
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    await using server = await serveHttp2(
      async (x) => {
        if (x.target === "/slow") {
          arrived.resolve();
          await release.promise;
        }
        await x.respond({ status: 200, body: "ok" });
      },
      { port: 0, clock, random: seededRandom(1), maxConnectionAgeMs: 10_000, maxConnectionIdleMs: 600_000 },
    );
    await using pool = http2Pool(originOf(server));
    const slow = pool.request({ method: "GET", path: "/slow" });
    await arrived.promise;
    clock.advance(8_999);
    assert.equal(await (await pool.request(get)).text(10), "ok");
    assert.equal(server.connections, 1);
    clock.advance(2_001);
    while (server.connections < 2) {
      assert.equal(await (await pool.request(get)).text(10), "ok");
    }
    release.resolve();
    assert.equal(await (await slow).text(10), "ok");
  },
);

each(
  "after the grace a connection that does not leave is closed with its streams",
  async ({ serveHttp2, http2Pool }) => {
    const clock = manualClock();
    const arrived = Promise.withResolvers<void>();
    await using server = await serveHttp2(() => arrived.resolve(), {
      port: 0,
      clock,
      maxConnectionAgeMs: 1_000,
      maxConnectionAgeGraceMs: 500,
    });
    await using pool = http2Pool(originOf(server));
    const call = failureOf(pool.request(get));
    await arrived.promise;
    clock.advance(1_100);
    clock.advance(500);
    assert.equal((await call).code, "NET_RESET");
  },
);

each(
  "draining lets running exchanges end and refuses nothing that was on its way",
  async ({ serveHttp2, http2Pool }) => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const server = await serveHttp2(
      async (x) => {
        arrived.resolve();
        await release.promise;
        await x.respond({ status: 200, body: "done" });
      },
      { port: 0 },
    );
    await using pool = http2Pool(originOf(server));
    const call = pool.request(get);
    await arrived.promise;
    const drained = server.drain(10_000);
    release.resolve();
    assert.equal(await (await call).text(10), "done");
    await drained;
    assert.equal(server.connections, 0);
  },
);

each(
  "a peer that has vanished loses its connection, and the next request gets a new one",
  async ({ engine, serveHttp2, http2Pool }) => {
    const clock = manualClock();
    await using server = await serveHttp2((x) => x.respond({ status: 200, body: "ok" }), { port: 0 });
    const holes = new Set<Socket>();
    let connections = 0;
    let hole = false;
    // Passes bytes through, until the first connection becomes a black hole.
    const relay = createTcp((inner) => {
      const first = ++connections === 1;
      const outer = connectTcp(server.port, "127.0.0.1");
      holes.add(inner).add(outer);
      inner.on("error", () => outer.destroy()).on("close", () => outer.destroy());
      outer.on("error", () => inner.destroy()).on("close", () => inner.destroy());
      inner.on("data", (data) => (first && hole ? undefined : outer.write(data)));
      outer.on("data", (data) => inner.write(data));
    });
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    await using pool = http2Pool(originOf(relay.address() as AddressInfo), { clock });
    assert.equal(await (await pool.request(get)).text(10), "ok");
    hole = true;
    const lost = failureOf(
      pool.request({ ...get, headTimeoutMs: 100, onSent: () => queueMicrotask(() => clock.advance(100)) }),
    );
    assert.equal((await lost).code, "NET_TIMEOUT");
    const next = pool.request(get);
    await Promise.resolve();
    clock.advance(1_000);
    if (engine === "node") assert.equal((await failureOf(next)).code, "NET_CONNECT");
    else
      assert.equal(await (await next).text(10), "ok", "who waited for the PING waits for the new connection");
    assert.equal(await (await pool.request(get)).text(10), "ok");
    assert.equal(connections, 2);
    for (const socket of holes) socket.destroy();
    relay.close();
  },
);

each(
  "requests that are given up one after the other leave nothing on their connection",
  async ({ serveHttp2, http2Pool }) => {
    const stops: AbortController[] = [];
    await using server = await serveHttp2(
      (x) => (x.target === "/quick" ? x.respond({ status: 200, body: "ok" }) : stops.at(-1)?.abort()),
      { port: 0 },
    );
    await using pool = http2Pool(originOf(server));
    const warned: string[] = [];
    const onWarning = ({ name }: Error): unknown => warned.push(name);
    process.on("warning", onWarning);
    for (let i = 0; i < 15; i++) {
      const stop = new AbortController();
      stops.push(stop);
      assert.equal((await failureOf(pool.request({ ...get, signal: stop.signal }))).code, "KERNEL_ABORTED");
      // Answered only once the PING that followed the last request has come back.
      assert.equal(await (await pool.request({ method: "GET", path: "/quick" })).text(10), "ok");
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", onWarning);
    assert.deepEqual(warned, []);
  },
);

each(
  "a pool that is disposed also closes connections that were retired and still run",
  async ({ serveHttp2, http2Pool }) => {
    const clock = manualClock();
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(1);
      await new Promise(() => undefined);
    }
    await using server = await serveHttp2(
      (x) => x.respond({ status: 200, body: x.target === "/endless" ? endless() : "ok" }),
      { port: 0, clock, random: seededRandom(1), maxConnectionAgeMs: 1_000, maxConnectionIdleMs: 600_000 },
    );
    const pool = http2Pool(originOf(server));
    const old = await pool.request({ method: "GET", path: "/endless" });
    clock.advance(1_100);
    while (server.connections < 2) await (await pool.request(get)).text(10);
    await pool[Symbol.asyncDispose]();
    assert.equal((await failureOf(old.bytes(10))).code, "NET_RESET");
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  },
);
