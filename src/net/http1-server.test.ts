import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { manualClock } from "../kernel/index.ts";
import {
  type Answer,
  type Http1ServerOptions,
  type Server,
  type ServerHandler,
  serveHttp1 as serve,
} from "./index.ts";

/** A client that keeps its own side open, whatever the server does. */
async function halfOpen(port: number, text = ""): Promise<{ socket: Socket; said: () => string }> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.on("error", () => {});
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  await once(socket, "connect");
  socket.write(text);
  return { socket, said: () => said };
}

for (const transport of ["engine", "compat"] as const) {
  const serveHttp1 = (handler: ServerHandler, options: Http1ServerOptions): Promise<Server> =>
    serve(handler, { ...options, transport });

  const tunnel = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n";

  test(`${transport}: a client that asks for a tunnel and resets its connection harms nobody`, async () => {
    await using server = await serveHttp1((x) => x.respond({ status: 200, body: "fine" }), { port: 0 });
    for (let i = 0; i < 10; i++) {
      const { socket } = await halfOpen(server.port, tunnel);
      if (i % 2 === 0) await once(socket, "data");
      socket.resetAndDestroy();
      await once(socket, "close");
    }
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    const { socket, said } = await halfOpen(server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(socket, "data");
    assert.match(said(), /^HTTP\/1.1 200 .*fine$/s);
    socket.destroy();
  });

  test(`${transport}: drain ends by its grace although a client holds on to a tunnel or to a request nobody understood`, async () => {
    for (const text of [tunnel, "GARBAGE\r\n\r\n"]) {
      // Its own clock never moves: only the hard end of draining can close the connection.
      const clock = manualClock();
      const server = await serveHttp1(() => undefined, { port: 0, clock });
      const { socket, said } = await halfOpen(server.port, text);
      await once(socket, "end");
      assert.match(said(), /^HTTP\/1.1 (501|400) /);
      const drained = server.drain(200);
      clock.advance(200);
      await drained;
      while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
  });

  test(`${transport}: a client that holds on to its last words is cut after a second`, async () => {
    const clock = manualClock();
    await using server = await serveHttp1(() => undefined, { port: 0, clock });
    const { socket } = await halfOpen(server.port, tunnel);
    await once(socket, "end");
    assert.equal(server.connections, 1);
    clock.advance(1_000);
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    socket.destroy();
  });

  async function full(
    clock = manualClock(),
  ): Promise<{ server: Server; runs: () => number } & AsyncDisposable> {
    let runs = 0;
    const server = await serveHttp1(
      async (x) => {
        runs++;
        await x.respond({ status: 200 });
      },
      { port: 0, maxConnections: 1, clock },
    );
    const first = await halfOpen(server.port);
    while (server.connections === 0) await new Promise((resolve) => setImmediate(resolve));
    return {
      server,
      runs: () => runs,
      async [Symbol.asyncDispose]() {
        first.socket.destroy();
        const drained = server.drain(0);
        clock.advance(0);
        await drained;
      },
    };
  }

  test(`${transport}: a request on a refused connection is answered 503 and never runs`, async () => {
    await using f = await full();
    for (const head of ["", "Expect: 100-continue\r\n"]) {
      const { socket, said } = await halfOpen(
        f.server.port,
        `POST /charge HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n${head}\r\nhi`,
      );
      await once(socket, "end");
      assert.match(said(), /^HTTP\/1.1 503 .*Connection: close.*NET_OVERLOADED/s);
      // A second request, sent when the refusal was read, meets the same silence.
      socket.end("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(socket, "close");
    }
    assert.equal(f.runs(), 0);
  });

  test(`${transport}: a refused client that does not leave is cut after a second`, async () => {
    const clock = manualClock();
    await using f = await full(clock);
    const { socket } = await halfOpen(f.server.port);
    await once(socket, "end");
    clock.advance(1_000);
    // A write into a connection that is gone is answered by a reset, one into a held one by nothing.
    while (!socket.destroyed) {
      socket.write("x");
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test(`${transport}: pipelined requests run one after the other, and are answered in order`, async () => {
    const begun: string[] = [];
    const first = Promise.withResolvers<void>();
    await using server = await serveHttp1(
      async (x) => {
        begun.push(x.target);
        if (x.target === "/1") await first.promise;
        await x.respond({ status: 200, body: x.target });
      },
      { port: 0 },
    );
    const request = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { socket, said } = await halfOpen(server.port, request("/1") + request("/2") + request("/3"));
    while (begun.length === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(begun, ["/1"]);
    first.resolve();
    while (!said().endsWith("/3")) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(begun, ["/1", "/2", "/3"]);
    socket.destroy();
  });

  test(`${transport}: a request without version is refused`, async () => {
    await using server = await serveHttp1((x) => x.respond({ status: 200 }), { port: 0 });
    for (const line of ["GET /", "GET /aHTTP/1.1"]) {
      const { socket, said } = await halfOpen(server.port, `${line}\r\nHost: a\r\n\r\n`);
      await once(socket, "end");
      assert.match(said(), /^HTTP\/1.1 400 .*NET_MALFORMED/s);
      socket.destroy();
    }
  });

  test(`${transport}: what is refused for its fields is the last request of its connection`, async () => {
    const served: string[] = [];
    await using server = await serveHttp1(
      (x) => {
        served.push(x.target);
        return x.respond({ status: 200 });
      },
      { port: 0 },
    );
    for (const [fields, status] of [
      ["", 400],
      ["Host: a\r\nHost: b\r\n", 400],
      ["Host: a/b\r\n", 400],
      ["Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 501],
      ["Host: a\r\nExpect: miracles\r\n", 417],
    ] as const) {
      const next = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
      const { socket, said } = await halfOpen(server.port, `GET / HTTP/1.1\r\n${fields}\r\n${next}`);
      await once(socket, "end");
      assert.deepEqual([said().slice(9, 12), said().match(/HTTP\/1/g)?.length], [String(status), 1], fields);
      socket.destroy();
    }
    assert.deepEqual(served, []);
  });

  test(`${transport}: what stands behind a request does not cost it its answer`, async () => {
    const go = Promise.withResolvers<void>();
    await using server = await serveHttp1(
      async (x) => {
        await go.promise;
        await x.respond({ status: 200, body: "answered" });
      },
      { port: 0 },
    );
    const head = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (const text of [
      `${head}\r\nno request\r\n\r\n`,
      `${head}Connection: close\r\n\r\nno request\r\n\r\n`,
    ]) {
      const { socket, said } = await halfOpen(server.port, text);
      while (server.connections === 0) await new Promise((resolve) => setImmediate(resolve));
      go.resolve();
      await once(socket, "end");
      assert.match(said(), /^HTTP\/1\.1 200 OK.*answered/s);
      socket.destroy();
    }
  });

  test(`${transport}: behind an answer that says close no request is served (RFC 9112 §9.6)`, async () => {
    const served: string[] = [];
    await using server = await serveHttp1(
      async (x) => {
        served.push(x.target);
        await x.respond({ status: 200, headers: ["Connection", "close"] });
      },
      { port: 0 },
    );
    const request = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const { socket } = await halfOpen(server.port, request("/1") + request("/2"));
    await once(socket, "end");
    assert.deepEqual(served, ["/1"]);
    socket.destroy();
  });

  test(`${transport}: bytes beyond ASCII in a field are what they were, whatever body follows`, async () => {
    const bodies: readonly Answer["body"][] = [undefined, "text", Buffer.from("bytes"), pieces()];
    for (const body of bodies) {
      const answer = {
        status: 200,
        headers: ["X-High", "caf\u00e9"],
        ...(body === undefined ? {} : { body }),
      };
      await using server = await serveHttp1((x) => x.respond(answer), { port: 0 });
      const { socket, said } = await halfOpen(
        server.port,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
      );
      await once(socket, "end");
      assert.match(said(), /\r\nX-High: caf\u00e9\r\n/);
      socket.destroy();
    }
  });

  test(`${transport}: an answer with trailers has no length beside its chunks`, async () => {
    await using server = await serveHttp1(
      (x) =>
        x.respond({ status: 200, headers: ["Content-Length", "2"], body: "hi", trailers: ["X-Sum", "1"] }),
      { port: 0 },
    );
    const { socket, said } = await halfOpen(
      server.port,
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    await once(socket, "end");
    assert.match(said(), /\r\nTransfer-Encoding: chunked\r\n/);
    assert.doesNotMatch(said(), /content-length/i);
    assert.match(said(), /\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n$/);
    socket.destroy();
  });
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("piece");
}
