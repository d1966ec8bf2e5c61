/** Leaving without losing a request: what is on its way when draining begins is answered (decision 0062). */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { type ManualClock, manualClock } from "../kernel/index.ts";
import type { Server, ServerHandler } from "./exchange.ts";
import { serveHttp1, serveHttp2 } from "./index.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const turns = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await turn();
};
const post = "POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";

/** A client on one connection. */
class Client {
  readonly socket: Socket;
  said = "";

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1" });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.said += chunk.toString("latin1");
    });
  }

  get answers(): number {
    return this.said.split("HTTP/1.1 200").length - 1;
  }

  get closed(): boolean {
    return this.socket.closed;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      assert.ok(!this.closed || done(), `closed after ${JSON.stringify(this.said)}`);
      await turn();
    }
  }
}

interface Served extends AsyncDisposable {
  readonly server: Server;
  readonly clock: ManualClock;
  /** Connections with one answer behind them. */
  rested(count: number): Promise<Client[]>;
}

const answer: ServerHandler = async (x) => {
  await x.bytes(100);
  await x.respond({ status: 200, body: "done" });
};

for (const transport of ["engine", "compat"] as const) {
  async function served(handler: ServerHandler = answer): Promise<Served> {
    const clock = manualClock();
    const server = await serveHttp1(handler, { transport, port: 0, clock });
    const clients: Client[] = [];
    return {
      server,
      clock,
      async rested(count) {
        const fresh = Array.from({ length: count }, () => new Client(server.port));
        clients.push(...fresh);
        for (const client of fresh) client.socket.write(post);
        for (const client of fresh) await client.until(() => client.said.endsWith("done"));
        await turns();
        return fresh;
      },
      async [Symbol.asyncDispose]() {
        for (const { socket } of clients) socket.destroy();
        await turns();
        clock.advance(60_000);
        await server.drain(0);
      },
    };
  }

  test(`${transport}: what was sent on a resting connection when draining began is answered, and the connection closed`, async () => {
    await using s = await served();
    const clients = await s.rested(3);
    for (const { socket } of clients) socket.write(post);
    const drained = s.server.drain(60_000);
    for (const client of clients) {
      await client.until(() => client.closed);
      assert.equal(client.answers, 2);
      assert.match(client.said, /connection: close\r\n.*done$/is);
    }
    // All are gone: nothing is waited for.
    await drained;
  });

  test(`${transport}: a resting connection that asks a moment later is answered too, one that asks nothing is closed behind that moment`, async () => {
    await using s = await served();
    const [late, silent] = await s.rested(2);
    assert.ok(late !== undefined && silent !== undefined);
    const drained = s.server.drain(60_000);
    s.clock.advance(400);
    await turns();
    assert.ok(!late.closed && !silent.closed);
    late.socket.write(post);
    await late.until(() => late.closed);
    assert.equal(late.answers, 2);
    s.clock.advance(200);
    await silent.until(() => silent.closed);
    assert.equal(silent.answers, 1);
    await drained;
  });

  test(`${transport}: clients that leave when they hear of it end the draining at once`, async () => {
    await using s = await served();
    const clients = await s.rested(5);
    const drained = s.server.drain(60_000);
    for (const { socket } of clients) socket.end();
    await drained;
    assert.equal(s.server.connections, 0);
  });

  test(`${transport}: an answer begun before draining keeps its word: the next request on its connection is answered`, async () => {
    const entered = Promise.withResolvers<void>();
    const more = Promise.withResolvers<void>();
    async function* halves(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a");
      entered.resolve();
      await more.promise;
      yield Buffer.from("b");
    }
    await using s = await served(async (x) => {
      await x.bytes(100);
      await x.respond({ status: 200, body: x.target === "/slow" ? halves() : "done" });
    });
    const [client] = await s.rested(1);
    assert.ok(client !== undefined);
    client.socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    await entered.promise;
    await client.until(() => client.said.includes("1\r\na\r\n"));
    const drained = s.server.drain(60_000);
    more.resolve();
    await client.until(() => client.said.endsWith("0\r\n\r\n"));
    client.socket.write(post);
    await client.until(() => client.closed);
    assert.equal(client.answers, 3);
    await drained;
  });

  test(`${transport}: who stands at the door when draining begins is let in`, async () => {
    await using s = await served();
    await s.rested(1);
    // Connected in the kernel, accepted by nobody yet: a port that is closed now resets them.
    const comers = Array.from({ length: 20 }, () => new Client(s.server.port));
    await Promise.all(comers.map(({ socket }) => once(socket, "connect")));
    const drained = s.server.drain(60_000);
    for (const { socket } of comers) socket.write(post);
    for (const client of comers) {
      await client.until(() => client.closed);
      assert.equal(client.answers, 1);
    }
    s.clock.advance(600);
    await drained;
  });

  test(`${transport}: drain(0) waits for nobody`, async () => {
    const s = await served();
    const [client] = await s.rested(1);
    assert.ok(client !== undefined);
    const drained = s.server.drain(0);
    await client.until(() => client.closed);
    s.clock.advance(0);
    await drained;
  });
}

test("a thread that was held up reads what has come before it closes a resting connection", async () => {
  const clock = manualClock();
  const server = await serveHttp1(answer, { port: 0, clock });
  const client = new Client(server.port);
  client.socket.write(post);
  await client.until(() => client.answers === 1);
  const drained = server.drain(60_000);
  // In one turn: the bytes are in the server's socket, and its time is over before it looks there.
  client.socket.write(post);
  clock.advance(600);
  await client.until(() => client.closed);
  assert.equal(client.answers, 2);
  await drained;
});

test("a client that trickles its head holds a server that drains for a second, not for its grace", async () => {
  const clock = manualClock();
  const server = await serveHttp1(answer, { port: 0, clock });
  const [before, after] = [new Client(server.port), new Client(server.port)];
  await Promise.all([before, after].map(({ socket }) => once(socket, "connect")));
  before.socket.write("POST / HTTP/1.1\r\nX: t");
  await turns();
  const drained = server.drain(60_000);
  clock.advance(400);
  after.socket.write("POST / HTTP/1.1\r\nX: t");
  await turns();
  for (let spent = 0; spent < 1_200; spent += 100) {
    for (const { socket } of [before, after]) if (socket.writable) socket.write("t");
    await turns();
    clock.advance(100);
    await turns();
  }
  for (const client of [before, after]) {
    assert.match(client.said, /^HTTP\/1.1 408 /);
    client.socket.destroy();
  }
  await drained;
});

for (const [engine, expected] of [
  ["tusker", "200"],
  // nghttp2 looks at no stream once GOAWAY is out, and says so: who asked may ask again elsewhere (RFC 9113 §8.7).
  ["node", "ERR_HTTP2_STREAM_ERROR Stream closed with error code NGHTTP2_REFUSED_STREAM"],
] as const)
  test(`HTTP/2 ${engine}: a stream on its way when draining begins is ${engine === "tusker" ? "answered" : "refused, not lost"}, on a resting connection and on one that has said nothing yet`, async () => {
    const server = await serveHttp2(answer, { engine, port: 0 });
    const resting = connectHttp2(`http://127.0.0.1:${server.port}`);
    await new Promise((resolve) => resting.ping(resolve));
    const fresh = connectHttp2(`http://127.0.0.1:${server.port}`);
    await once(fresh, "connect");
    const outcomes = [resting, fresh].map(async (session) => {
      const stream = session.request({ ":path": "/", ":method": "POST" });
      stream.end("{}").resume();
      try {
        const [head] = await once(stream, "response");
        return String(head[":status"]);
      } catch (error) {
        assert.ok(error instanceof Error && "code" in error);
        return `${error.code} ${error.message}`;
      }
    });
    // What is asked leaves in this turn, before a word of the server can come.
    await new Promise((resolve) => process.nextTick(resolve));
    const drained = server.drain(60_000);
    assert.deepEqual(await Promise.all(outcomes), [expected, expected]);
    await drained;
  });
