import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { http1Pool } from "./http1-pool.ts";
import { type BodySink, PushedBody, SharedBytes } from "./pushed-body.ts";
import { serveHttp1 } from "./serve-http1.ts";

const shared = (text: string): SharedBytes => new SharedBytes(Buffer.from(text));

/** A server whose answers are pushed by the test. */
async function pushing(transport: "engine" | "compat") {
  const begun: PromiseWithResolvers<BodySink>[] = [Promise.withResolvers()];
  const ends: string[] = [];
  let drains = 0;
  const failures: unknown[] = [];
  const server = await serveHttp1(
    async (exchange) => {
      const body = new PushedBody((sink) => {
        begun.at(-1)?.resolve(sink);
        begun.push(Promise.withResolvers());
        return { onDrain: () => drains++, onEnd: () => ends.push(exchange.target) };
      });
      await exchange.respond({ status: 200, body });
    },
    { port: 0, transport, onError: (error) => failures.push(error) },
  );
  return {
    server,
    ends,
    failures,
    get drains() {
      return drains;
    },
    sink: (n: number): Promise<BodySink> => begun[n]?.promise ?? assert.fail("not begun"),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** What a bare connection hears until it ends. */
async function heard(port: number, request: string, meanwhile: () => Promise<void>): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  const ended = once(socket, "close");
  socket.write(request);
  await meanwhile();
  await ended.catch(() => undefined);
  return text;
}

for (const transport of ["engine", "compat"] as const) {
  test(`${transport}: what is pushed arrives in order, and the same bytes serve many`, async () => {
    await using s = await pushing(transport);
    await using pool = http1Pool(`http://127.0.0.1:${s.server.port}`);
    const answers = await Promise.all([
      pool.request({ method: "GET", path: "/" }).then((answer) => answer.text(1_000)),
      pool.request({ method: "GET", path: "/" }).then((answer) => answer.text(1_000)),
      (async () => {
        const sinks = [await s.sink(0), await s.sink(1)];
        for (const piece of [shared("one "), shared("two "), shared("three")])
          for (const sink of sinks) sink.write(piece);
        for (const sink of sinks) sink.end();
      })(),
    ]);
    assert.deepEqual(answers.slice(0, 2), ["one two three", "one two three"]);
    assert.deepEqual(s.ends, ["/", "/"], "told once of each end");
  });

  test(`${transport}: a body that breaks off breaks its connection`, async () => {
    await using s = await pushing(transport);
    await using pool = http1Pool(`http://127.0.0.1:${s.server.port}`);
    const answer = pool.request({ method: "GET", path: "/" });
    const sink = await s.sink(0);
    sink.write(shared("half"));
    const body = (await answer).text(1_000);
    sink.fail(new Error("the disk is gone"));
    await assert.rejects(body, { code: "NET_RESET" });
    assert.match(String(s.failures), /the disk is gone/);
    assert.equal(s.ends.length, 1);
  });

  test(`${transport}: a client that goes is told of`, async () => {
    await using s = await pushing(transport);
    const socket = connect(s.server.port, "127.0.0.1");
    socket.write("GET /gone HTTP/1.1\r\nHost: a\r\n\r\n");
    (await s.sink(0)).write(shared("x"));
    await once(socket, "data");
    socket.destroy();
    while (s.ends.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(s.ends, ["/gone"]);
  });
}

test("each piece is a chunk of its own, and HTTP/1.0 gets the bytes alone", async () => {
  await using s = await pushing("engine");
  const push = async (n: number): Promise<void> => {
    const sink = await s.sink(n);
    sink.write(shared("abc"));
    sink.write(shared("0123456789abcdefg"));
    sink.end();
  };
  const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  const chunks = await heard(s.server.port, request, () => push(0));
  assert.match(chunks, /\r\n\r\n3\r\nabc\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n$/);
  const bare = await heard(s.server.port, "GET / HTTP/1.0\r\n\r\n", () => push(1));
  assert.match(bare, /\r\n\r\nabc0123456789abcdefg$/);
});

test("who takes nothing is not written to for ever, and is told of when it takes again", async () => {
  await using s = await pushing("engine");
  const socket = connect(s.server.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const sink = await s.sink(0);
  const piece = new SharedBytes(Buffer.alloc(64 * 1024, "x"));
  let pieces = 0;
  while (sink.write(piece)) {
    assert.ok(++pieces < 1_000, "it never says that it is behind");
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(s.drains, 0);
  socket.resume();
  while (s.drains === 0) await new Promise((resolve) => setImmediate(resolve));
  sink.end();
  socket.destroy();
});
