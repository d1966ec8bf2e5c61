import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { manualClock, TuskerError } from "../kernel/index.ts";
import {
  type ByteStream,
  httpClient as client,
  http1Pool as dial,
  type Http1ServerOptions,
  type HttpClient,
  type Pool,
  type Server,
  type ServerHandler,
  serveHttp1 as serve,
} from "./index.ts";

for (const transport of ["engine", "compat"] as const) {
  const serveHttp1 = (handler: ServerHandler, options: Http1ServerOptions): Promise<Server> =>
    serve(handler, { ...options, transport });
  const http1Pool = (origin: string): Pool => dial(origin, { transport });
  const httpClient = (options: { maxOrigins?: number } = {}): HttpClient => client({ ...options, transport });

  async function pair(
    handler: ServerHandler,
    options: object = {},
  ): Promise<{ server: Server; pool: Pool } & AsyncDisposable> {
    const server = await serveHttp1(handler, { port: 0, ...options });
    const pool = http1Pool(`http://127.0.0.1:${server.port}`);
    return {
      server,
      pool,
      async [Symbol.asyncDispose]() {
        await pool[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  /** A peer that says exactly these bytes to whoever sends it a head. */
  async function rawPeer(
    onHead: (socket: Socket, head: string) => void,
  ): Promise<{ origin: string } & AsyncDisposable> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => {});
      let head = "";
      socket.on("data", (chunk) => {
        head += chunk.toString("latin1");
        if (head.includes("\r\n\r\n")) {
          onHead(socket, head);
          head = "";
        }
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    assert.ok(typeof address === "object" && address !== null);
    return {
      origin: `http://127.0.0.1:${address.port}`,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, "close");
      },
    };
  }

  async function* blocks(count: number, size: number): ByteStream {
    for (let i = 0; i < count; i++) yield Buffer.alloc(size, i & 0xff);
  }

  async function raw(port: number, text: string): Promise<string> {
    const socket = connect(port, "127.0.0.1");
    socket.write(text);
    let got = "";
    socket.on("data", (chunk) => {
      got += chunk.toString("latin1");
    });
    await once(socket, "close");
    return got;
  }

  test(`${transport}: carries method, target, fields and body to the handler and its answer back`, async () => {
    await using p = await pair(async (x) => {
      const body = Buffer.from(await x.bytes(1000)).toString();
      const seen = [x.method, x.target, x.header("x-one"), x.remoteAddress, x.httpVersion, x.hasBody, body];
      await x.respond({ status: 201, headers: ["X-Two", "2"], body: JSON.stringify(seen) });
    });
    const answer = await p.pool.request({
      method: "POST",
      path: "/a?b=c",
      headers: ["X-One", "1"],
      body: "hi",
    });
    assert.equal(answer.status, 201);
    assert.equal(answer.header("x-two"), "2");
    assert.deepEqual(JSON.parse(await answer.text(1000)), [
      "POST",
      "/a?b=c",
      "1",
      "127.0.0.1",
      "1.1",
      true,
      "hi",
    ]);
  });

  test(`${transport}: streams a body both ways byte for byte, and never holds it whole`, async () => {
    await using p = await pair((x) => x.respond({ status: 200, body: x.body }));
    const answer = await p.pool.request({ method: "PUT", path: "/", body: blocks(256, 32 * 1024) });
    const expected = createHash("sha256");
    for await (const chunk of blocks(256, 32 * 1024)) expected.update(chunk);
    const got = createHash("sha256");
    for await (const chunk of answer.body) {
      assert.ok(chunk.byteLength > 0);
      got.update(chunk);
    }
    assert.equal(got.digest("hex"), expected.digest("hex"));
  });

  test(`${transport}: a reader that pauses makes the sender wait`, async () => {
    let produced = 0;
    async function* endless(): ByteStream {
      for (;;) {
        produced++;
        yield Buffer.alloc(64 * 1024);
      }
    }
    const ended = Promise.withResolvers<void>();
    await using p = await pair((x) => x.respond({ status: 200, body: endless() }).finally(ended.resolve));
    const answer = await p.pool.request({ method: "GET", path: "/" });
    const iterator = answer.body[Symbol.asyncIterator]();
    await iterator.next();
    // Nothing reads now: the producer must come to rest, which shows as a count that no longer moves.
    let last = -1;
    while (last !== produced) {
      last = produced;
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(produced < 400, `produced ${produced} blocks for nobody`);
    await iterator.return?.();
    await ended.promise;
  });

  test(`${transport}: the handler's signal fires when the client goes away`, async () => {
    const gone = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    await using p = await pair(async (x) => {
      x.signal.addEventListener("abort", () => gone.resolve());
      entered.resolve();
      await gone.promise;
    });
    const abort = new AbortController();
    const request = p.pool.request({ method: "GET", path: "/", signal: abort.signal });
    await entered.promise;
    abort.abort();
    await assert.rejects(request, (error) => error instanceof TuskerError && error.code === "KERNEL_ABORTED");
    await gone.promise;
  });

  test(`${transport}: a handler that throws answers a problem document, and the server lives on`, async () => {
    const errors: unknown[] = [];
    await using p = await pair(
      () => {
        throw new TuskerError("REGISTRY_UNKNOWN", "no such thing");
      },
      { onError: (error: unknown) => errors.push(error) },
    );
    for (let i = 0; i < 2; i++) {
      const answer = await p.pool.request({ method: "GET", path: "/" });
      assert.equal(answer.status, 404);
      assert.equal(answer.header("content-type"), "application/problem+json");
      assert.deepEqual(JSON.parse(await answer.text(1000)).code, "REGISTRY_UNKNOWN");
    }
    assert.equal(errors.length, 2);
  });

  test(`${transport}: a failure that JSON cannot hold, or that is a stranger's, is answered without harm and without its words`, async () => {
    await using p = await pair((x) => {
      if (x.target === "/big") throw new TuskerError("REGISTRY_UNKNOWN", "x", { details: { index: 1n } });
      throw new Error("no such table users at /srv/path.db");
    });
    const big = await p.pool.request({ method: "GET", path: "/big" });
    assert.deepEqual(JSON.parse(await big.text(1_000)).details, { index: "1" });
    const foreign = await p.pool.request({ method: "GET", path: "/" });
    assert.equal(foreign.status, 500);
    assert.doesNotMatch(await foreign.text(1_000), /table|srv/);
  });

  test(`${transport}: a stream that fails after the head breaks the connection instead of looking complete`, async () => {
    async function* broken(): ByteStream {
      yield Buffer.from("half");
      throw new Error("disk gone");
    }
    await using p = await pair((x) => x.respond({ status: 200, body: broken() }));
    const answer = await p.pool.request({ method: "GET", path: "/" });
    await assert.rejects(
      answer.bytes(1000),
      (error) => error instanceof TuskerError && error.code === "NET_RESET",
    );
  });

  test(`${transport}: refuses a body above the limit, announced or not`, async () => {
    await using p = await pair(async (x) => {
      await x.bytes(10);
      await x.respond({ status: 200 });
    });
    for (const body of ["x".repeat(11), blocks(2, 8)]) {
      const answer = await p.pool.request({ method: "POST", path: "/", body });
      assert.equal(answer.status, 413);
      answer.discard();
    }
  });

  test(`${transport}: says refused, reset and malformed apart, and whether anything was sent`, async () => {
    const closed = await serveHttp1(() => {}, { port: 0 });
    await closed.drain(0);
    await using refused = http1Pool(`http://127.0.0.1:${closed.port}`);
    await assert.rejects(
      refused.request({ method: "GET", path: "/" }),
      (error) => error instanceof TuskerError && error.code === "NET_CONNECT" && error.details.sent === false,
    );

    await using resetter = await rawPeer((socket) => socket.resetAndDestroy());
    await using reset = http1Pool(resetter.origin);
    await assert.rejects(
      reset.request({ method: "GET", path: "/" }),
      (error) => error instanceof TuskerError && error.code === "NET_RESET" && error.details.sent === true,
    );

    await using babbler = await rawPeer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    await using malformed = http1Pool(babbler.origin);
    await assert.rejects(
      malformed.request({ method: "GET", path: "/" }),
      (error) => error instanceof TuskerError && error.code === "NET_MALFORMED",
    );
  });

  test(`${transport}: an answer cut short is an error, not a short body`, async () => {
    await using liar = await rawPeer((socket) =>
      socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
    );
    await using pool = http1Pool(liar.origin);
    const answer = await pool.request({ method: "GET", path: "/" });
    await assert.rejects(
      answer.bytes(1000),
      (error) => error instanceof TuskerError && error.code === "NET_RESET",
    );
  });

  test(`${transport}: a silent peer is a timeout`, async () => {
    await using silent = await rawPeer(() => {});
    await using pool = http1Pool(silent.origin);
    await assert.rejects(
      pool.request({ method: "GET", path: "/", headTimeoutMs: 1 }),
      (error) => error instanceof TuskerError && error.code === "NET_TIMEOUT",
    );
  });

  test(`${transport}: keeps repeated fields apart and in order`, async () => {
    await using p = await pair((x) =>
      x.respond({ status: 200, headers: ["Set-Cookie", "a=1", "Set-Cookie", "b=2"] }),
    );
    const { headers } = await p.pool.request({ method: "GET", path: "/" });
    const cookies = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === "set-cookie");
    assert.deepEqual(cookies, ["a=1", "b=2"]);
  });

  test(`${transport}: sends trailers after the body`, async () => {
    await using p = await pair((x) =>
      x.respond({ status: 200, body: blocks(1, 4), trailers: () => ["X-Sum", "42"] }),
    );
    const answer = await p.pool.request({ method: "GET", path: "/" });
    await answer.bytes(100);
    assert.deepEqual(
      answer.trailers().map((t) => t.toLowerCase()),
      ["x-sum", "42"],
    );
  });

  test(`${transport}: HEAD has the length of the body and no body`, async () => {
    await using p = await pair((x) => x.respond({ status: 200, body: "12345" }));
    const answer = await p.pool.request({ method: "HEAD", path: "/" });
    assert.equal(answer.header("content-length"), "5");
    assert.equal((await answer.bytes(10)).byteLength, 0);
  });

  test(`${transport}: asks for a body that waits for 100-continue only when the handler reads it`, async () => {
    await using p = await pair(async (x) => {
      if (x.target === "/read") await x.bytes(10);
      await x.respond({ status: 200, headers: ["Connection", "close"] });
    });
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n`;
    assert.match(await raw(p.server.port, head("/skip")), /^HTTP\/1.1 200/);
    assert.match(
      await raw(p.server.port, `${head("/read")}hi`),
      /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/,
    );
  });

  test(`${transport}: bytes that are no HTTP get a 400 problem and a closed connection`, async () => {
    await using p = await pair((x) => x.respond({ status: 200 }));
    const got = await raw(p.server.port, "GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n");
    assert.match(got, /^HTTP\/1.1 400 Bad Request\r\n/);
    assert.match(got, /"code":"NET_MALFORMED"/);
    const big = await raw(p.server.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(40_000)}\r\n\r\n`);
    assert.match(big, /^HTTP\/1.1 431 /);
  });

  test(`${transport}: connections above the limit are answered 503, and room made is used again`, async () => {
    let refusedCount = 0;
    await using p = await pair((x) => x.respond({ status: 200 }), {
      maxConnections: 1,
      onRefused: () => refusedCount++,
    });
    const first = connect(p.server.port, "127.0.0.1");
    await once(first, "connect");
    first.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await once(first, "data");
    assert.match(
      await raw(p.server.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      /^HTTP\/1.1 503 .*Retry-After/s,
    );
    assert.equal(refusedCount, 1);
    first.destroy();
    while (p.server.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.match(
      await raw(p.server.port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      /^HTTP\/1.1 200/,
    );
  });

  test(`${transport}: drain lets a running answer end, and after a moment takes no new connection`, async () => {
    const clock = manualClock();
    const release = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    await using p = await pair(
      async (x) => {
        if (x.target === "/early") return x.respond({ status: 200, body: "early" });
        entered.resolve();
        await release.promise;
        await x.respond({ status: 200, body: "late" });
      },
      { clock },
    );
    const answering = p.pool.request({ method: "GET", path: "/" });
    await entered.promise;
    const drained = p.server.drain(60_000);
    // Who has not heard of it yet is not reset at the door.
    const early = await raw(p.server.port, "GET /early HTTP/1.1\r\nHost: a\r\n\r\n");
    assert.match(early, /connection: close\r\n.*early$/is);
    clock.advance(500);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    await using other = http1Pool(p.pool.origin);
    await assert.rejects(other.request({ method: "GET", path: "/" }), { code: "NET_CONNECT" });
    release.resolve();
    assert.equal(await (await answering).text(10), "late");
    await drained;
  });

  test(`${transport}: a taken port is said in one sentence with its number`, async () => {
    await using server = await serveHttp1(() => {}, { port: 0 });
    await assert.rejects(
      serveHttp1(() => {}, { port: server.port }),
      (error) =>
        error instanceof TuskerError &&
        error.code === "NET_PORT_TAKEN" &&
        error.message.includes(String(server.port)),
    );
  });

  test(`${transport}: an origin that makes room for another ends its running requests first`, async () => {
    const release = Promise.withResolvers<void>();
    async function* slow(): ByteStream {
      yield Buffer.from("first ");
      await release.promise;
      yield Buffer.from("last");
    }
    const servers = await Promise.all(
      [1, 2, 3].map(() => serveHttp1((x) => x.respond({ status: 200, body: slow() }), { port: 0 })),
    );
    await using client = httpClient({ maxOrigins: 1 });
    const answers = await Promise.all(
      servers.map(({ port }) => client.request({ method: "GET", url: `http://127.0.0.1:${port}/` })),
    );
    release.resolve();
    for (const answer of answers) assert.equal(await answer.text(100), "first last");
    // Only the origin that is still wanted keeps its connection.
    while (servers.some(({ connections }, i) => i < 2 && connections > 0))
      await new Promise((resolve) => setImmediate(resolve));
    assert.equal(servers[2]?.connections, 1);
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  test(`${transport}: a client that is disposed also ends what its former origins still run`, async () => {
    async function* endless(): ByteStream {
      yield Buffer.from("x");
      await new Promise(() => {});
    }
    await using a = await serveHttp1((x) => x.respond({ status: 200, body: endless() }), { port: 0 });
    await using b = await serveHttp1((x) => x.respond({ status: 200 }), { port: 0 });
    const client = httpClient({ maxOrigins: 1 });
    const answer = await client.request({ method: "GET", url: `http://127.0.0.1:${a.port}/` });
    await client.request({ method: "GET", url: `http://127.0.0.1:${b.port}/` });
    await client[Symbol.asyncDispose]();
    await assert.rejects(answer.bytes(100), TuskerError);
  });

  test(`${transport}: a pool nobody asked anything goes without loading its library, and takes no request afterwards`, async () => {
    const program = `
    import { createRequire } from "node:module";
    import { http1Pool } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    const pool = http1Pool("http://127.0.0.1:1", { transport: "${transport}" });
    await pool[Symbol.asyncDispose]();
    const failure = await pool.request({ method: "GET", path: "/" }).catch((error) => error);
    const loaded = Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes("undici"));
    console.log(failure.code, failure.details.sent, loaded);`;
    const node = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    assert.equal((await node).stdout.trim(), "NET_CONNECT false false");
  });

  test(`${transport}: one client speaks to many origins and refuses what is no http address`, async () => {
    await using a = await serveHttp1((x) => x.respond({ status: 200, body: `a${x.target}` }), { port: 0 });
    await using b = await serveHttp1((x) => x.respond({ status: 200, body: `b${x.target}` }), { port: 0 });
    await using client = httpClient({ maxOrigins: 1 });
    for (const [name, server] of [
      ["a", a],
      ["b", b],
      ["a", a],
    ] as const) {
      const answer = await client.request({ method: "GET", url: `http://127.0.0.1:${server.port}/x?y=1` });
      assert.equal(await answer.text(100), `${name}/x?y=1`);
    }
    for (const url of ["nonsense", "ftp://host/x"]) {
      await assert.rejects(
        client.request({ method: "GET", url }),
        (error) => error instanceof TuskerError && error.code === "NET_MALFORMED",
      );
    }
  });
}
