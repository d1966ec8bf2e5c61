import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { type ManualClock, manualClock, TuskerError } from "../kernel/index.ts";
import {
  type ByteStream,
  http1Pool,
  http2Pool,
  type Pool,
  type Server,
  type ServerHandler,
  serveHttp1,
  serveHttp2,
} from "./index.ts";

interface Version {
  readonly name: string;
  serve(handler: ServerHandler, clock: ManualClock): Promise<Server>;
  dial(origin: string): Pool;
}

const transports = ["engine", "compat"] as const;

const versions: readonly Version[] = [
  ...transports.map(
    (transport): Version => ({
      name: `HTTP/1.1 ${transport}`,
      serve: (handler, clock) => serveHttp1(handler, { port: 0, clock, bodyTimeoutMs: 5_000, transport }),
      dial: (origin) => http1Pool(origin, { transport }),
    }),
  ),
  {
    name: "HTTP/2",
    serve: (handler, clock) => serveHttp2(handler, { port: 0, clock, bodyTimeoutMs: 5_000 }),
    dial: (origin) => http2Pool(origin),
  },
];

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

for (const { name, serve, dial } of versions) {
  test(`${name}: a body that stops coming is answered 408, whole or streamed`, async () => {
    const clock = manualClock();
    for (const path of ["/whole", "/stream"]) {
      const begun = Promise.withResolvers<void>();
      const server = await serve(async (x) => {
        begun.resolve();
        if (path === "/whole") await x.bytes(100);
        else for await (const chunk of x.body) assert.equal(chunk.byteLength, 1);
        await x.respond({ status: 200 });
      }, clock);
      const pool = dial(`http://127.0.0.1:${server.port}`);
      const more = Promise.withResolvers<void>();
      async function* stalling(): ByteStream {
        yield new Uint8Array(1);
        await more.promise;
      }
      const asked = pool.request({ method: "POST", path, body: stalling() });
      await begun.promise;
      for (let i = 0; i < 20; i++) await turn();
      clock.advance(4_999);
      for (let i = 0; i < 5; i++) await turn();
      clock.advance(1);
      const answer = await asked;
      assert.equal(answer.status, 408);
      const problem = JSON.parse(await answer.text(1_000));
      assert.deepEqual([problem.code, problem.status], ["NET_TIMEOUT", 408]);
      more.resolve();
      await pool[Symbol.asyncDispose]();
      const drained = server.drain(0);
      clock.advance(0);
      await drained;
      // No timer is left behind once the last connection has closed.
      while (clock.pending > 0) await turn();
    }
  });

  test(`${name}: a reader who takes its time is no slow client`, async () => {
    const clock = manualClock();
    await using server = await serve(async (x) => {
      let size = 0;
      for await (const chunk of x.body) {
        size += chunk.byteLength;
        clock.advance(60_000);
      }
      await x.respond({ status: 200, body: String(size) });
    }, clock);
    await using pool = dial(`http://127.0.0.1:${server.port}`);
    async function* blocks(): ByteStream {
      for (let i = 0; i < 20; i++) yield new Uint8Array(16_384);
    }
    // What a connection begins with has a time of its own, which must not be over before it is there.
    assert.equal(await (await pool.request({ method: "GET", path: "/" })).text(100), "0");
    const answer = await pool.request({ method: "POST", path: "/", body: blocks() });
    assert.equal(await answer.text(100), String(20 * 16_384));
  });

  test(`${name}: a signal ends the read of a body with its reason, and the answer still goes out`, async () => {
    const clock = manualClock();
    const deadline = new AbortController();
    const reading = Promise.withResolvers<void>();
    await using server = await serve(async (x) => {
      const bytes = failureOf(x.bytes(100, { signal: deadline.signal }));
      reading.resolve();
      const error = await bytes;
      assert.ok(error instanceof TuskerError);
      await x.respond({ status: error.row.http, body: error.code });
    }, clock);
    await using pool = dial(`http://127.0.0.1:${server.port}`);
    const more = Promise.withResolvers<void>();
    async function* never(): ByteStream {
      yield new Uint8Array(1);
      await more.promise;
    }
    const asked = pool.request({ method: "POST", path: "/", body: never() });
    await reading.promise;
    deadline.abort(new TuskerError("RESILIENCE_DEADLINE", "too late"));
    const answer = await asked;
    assert.equal(answer.status, 504);
    assert.equal(await answer.text(100), "RESILIENCE_DEADLINE");
    more.resolve();
  });
}

/** Collects what the server says until it closes. */
async function open(port: number): Promise<{ socket: Socket; said: () => string; failed: () => unknown }> {
  const socket = connect(port, "127.0.0.1");
  let said = "";
  let failed: unknown;
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  socket.on("error", (error) => {
    failed = error;
  });
  await once(socket, "connect");
  return { socket, said: () => said, failed: () => failed };
}

const limited: ServerHandler = async (x) => {
  await x.bytes(1_000);
  await x.respond({ status: 200 });
};

for (const transport of transports) {
  test(`${transport}: a reader who still waits when its answer is out hears at once that the client went`, async () => {
    const clock = manualClock();
    const failed = Promise.withResolvers<unknown>();
    await using server = await serveHttp1(
      async (x) => {
        failed.resolve(failureOf(x.bytes(100)));
        await x.respond({ status: 200, body: "early" });
      },
      { port: 0, clock },
    );
    const { socket, said } = await open(server.port);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nx");
    while (!said().includes("early")) await turn();
    socket.destroy();
    const error = await failed.promise;
    assert.ok(error instanceof TuskerError);
    assert.equal(error.code, "NET_RESET");
    while (clock.pending > 0) await turn();
  });

  test(`${transport}: a body that was left half read closes its connection, and the answer says so`, async () => {
    await using server = await serveHttp1(limited, { transport, port: 0 });
    const { socket, said } = await open(server.port);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    socket.write(`7d0\r\n${"x".repeat(2_000)}\r\n`);
    while (!said().includes("NET_BODY_TOO_LARGE")) await turn();
    assert.match(said(), /^HTTP\/1.1 413 .*connection: close/is);
    // What would be taken for a request if the connection stayed in step: it is still the first one's body.
    socket.write("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "close");
    assert.equal(said().match(/HTTP\/1.1 \d+/g)?.length, 1);
  });

  test(`${transport}: a client that sends all before it reads still gets the answer to a body too large`, async () => {
    await using server = await serveHttp1(limited, { transport, port: 0 });
    for (const announced of [true, false]) {
      const { socket, said, failed } = await open(server.port);
      const size = 4_000_000;
      const fields = announced ? `Content-Length: ${size}` : "Transfer-Encoding: chunked";
      socket.pause();
      socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`);
      if (!announced) socket.write(`${size.toString(16)}\r\n`);
      await new Promise((resolve) => socket.write(Buffer.alloc(size), resolve));
      if (!announced) socket.write("\r\n0\r\n\r\n");
      socket.resume();
      await once(socket, "close");
      assert.equal(failed(), undefined);
      assert.match(said(), /^HTTP\/1.1 413 .*NET_BODY_TOO_LARGE/s);
    }
  });

  test(`${transport}: a client that never ends its refused body is cut a second after the answer`, async () => {
    const clock = manualClock();
    await using server = await serveHttp1(limited, { transport, port: 0, clock });
    const { socket, said } = await open(server.port);
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\nx");
    while (!said().includes("NET_BODY_TOO_LARGE")) await turn();
    clock.advance(1_000);
    await once(socket, "close");
  });

  test(`${transport}: an answer that was begun before draining does not hold the server until the grace is over`, async () => {
    const clock = manualClock();
    const rest = Promise.withResolvers<void>();
    async function* halves(): ByteStream {
      yield Buffer.from("a");
      await rest.promise;
      yield Buffer.from("b");
    }
    const server = await serveHttp1((x) => x.respond({ status: 200, body: halves() }), {
      transport,
      port: 0,
      clock,
    });
    const { socket, said } = await open(server.port);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while (!said().includes("1\r\na\r\n")) await turn();
    const closed = once(socket, "close");
    const drained = server.drain(60_000);
    rest.resolve();
    while (!said().endsWith("1\r\nb\r\n0\r\n\r\n")) await turn();
    for (let i = 0; i < 5; i++) await turn();
    // It was told that its connection stays, and has a moment for what it sent since.
    clock.advance(600);
    await drained;
    await closed;
  });
}
