import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { manualClock, TuskerError } from "../../../kernel/index.ts";
import type { Server } from "../../exchange.ts";
import { serveHttp1 } from "../../index.ts";
import { chunked, type ExchangeListener, type Http1Exchange } from "../engine.ts";
import type { Http1EngineOptions } from "../options.ts";
import { BodyPace } from "./body-pace.ts";
import { startHttp1Server } from "./start.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A raw client that remembers what it was told. */
class Peer {
  readonly socket: Socket;
  said = "";
  closed = false;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (chunk) => {
      this.said += chunk.toString("latin1");
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      if (this.closed && !done()) assert.fail(`closed after ${this.said.slice(-300)}`);
      await turn();
    }
  }

  async end(): Promise<void> {
    if (!this.socket.readableEnded) await once(this.socket, "end");
    this.socket.destroy();
  }
}

async function served(
  handler: (exchange: Http1Exchange) => void,
  options: Partial<Http1EngineOptions> = {},
): Promise<{ server: Server; peer: () => Peer } & AsyncDisposable> {
  const server = await startHttp1Server(handler, { port: 0, ...options });
  const peers: Peer[] = [];
  return {
    server,
    peer() {
      const peer = new Peer(server.port);
      peers.push(peer);
      return peer;
    },
    async [Symbol.asyncDispose]() {
      for (const { socket } of peers) socket.destroy();
      const drained = server.drain(0);
      if (options.clock !== undefined && "advance" in options.clock)
        (options.clock as { advance(ms: number): void }).advance(0);
      await drained;
    },
  };
}

const get = (target = "/", fields = ""): string => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const listener: ExchangeListener = {
  onBody() {},
  onBodyEnd() {},
  onBodyFailed() {},
  onDrain() {},
  onEnd() {},
};

test("whoever pipelines is answered in order, also when the first answer takes longest", async () => {
  const waiting: Http1Exchange[] = [];
  let running = 0;
  await using s = await served((exchange) => {
    running++;
    waiting.push(exchange);
  });
  const peer = s.peer();
  peer.socket.write(get("/1") + get("/2") + get("/3"));
  for (const target of ["/1", "/2", "/3"]) {
    await peer.until(() => running === 1);
    running = 0;
    const exchange = waiting.shift();
    assert.equal(exchange?.head.target, target);
    exchange?.send(200, [], target);
  }
  await peer.until(() => peer.said.endsWith("/3"));
  assert.deepEqual(peer.said.match(/\/\d$|\/\d(?=HTTP)/g), ["/1", "/2", "/3"]);
});

test("who asks on without taking the answers is not served on", async () => {
  let asked = 0;
  await using s = await served((exchange) => {
    asked++;
    exchange.send(200, [], Buffer.alloc(1024 * 1024));
  });
  const peer = s.peer();
  peer.socket.pause();
  peer.socket.write(get().repeat(40));
  let last = -1;
  while (asked === 0 || last !== asked) {
    last = asked;
    for (let i = 0; i < 50; i++) await turn();
  }
  assert.ok(asked < 30, `${asked} answers were made for nobody`);
  peer.socket.resume();
  await peer.until(() => asked === 40);
});

test("every limit answers in its own way, closes, and is counted by its name", async () => {
  const limits: string[] = [];
  const clauses: string[] = [];
  await using s = await served((exchange) => exchange.send(200, []), {
    maxHeadBytes: 1_000,
    maxHeaders: 5,
    maxTargetBytes: 100,
    onLimit: (limit) => limits.push(limit),
    onMalformed: ({ clause }) => clauses.push(clause),
  });
  for (const [text, status] of [
    [get(`/${"a".repeat(100)}`), 414],
    [get("/", `X: ${"a".repeat(1_000)}\r\n`), 431],
    [get("/", "X: 1\r\n".repeat(5)), 431],
    [get("/", "X : 1\r\n"), 400],
    ["GET / HTTP/2.0\r\n\r\n", 505],
    ["CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501],
  ] as const) {
    const peer = s.peer();
    peer.socket.write(text);
    await peer.end();
    assert.match(peer.said, new RegExp(`^HTTP/1.1 ${status} .*Connection: close\r\n\r\n\\{.*\\}$`, "s"));
  }
  assert.deepEqual(limits, ["target_bytes", "head_bytes", "headers"]);
  assert.deepEqual(clauses, [
    "targetTooLong",
    "headTooLarge",
    "tooManyFields",
    "spaceBeforeColon",
    "versionKnown",
  ]);
});

test("a refusal of HEAD has no body that could be taken for the next answer", async () => {
  await using s = await served((exchange) => exchange.send(200, []));
  const peer = s.peer();
  peer.socket.write("HEAD / HTTP/1.1\r\nX : 1\r\n\r\n");
  await peer.end();
  assert.match(peer.said, /^HTTP\/1.1 400 .*\r\n\r\n$/s);
});

test("a head that takes too long is answered 408, a connection that only waits is closed without a word", async () => {
  const clock = manualClock();
  const limits: string[] = [];
  await using s = await served((exchange) => exchange.send(200, []), {
    clock,
    onLimit: (limit) => limits.push(limit),
  });
  const [slow, idle] = [s.peer(), s.peer()];
  slow.socket.write("GET / HT");
  await slow.until(() => s.server.connections === 2 && slow.socket.bytesWritten > 0);
  for (let i = 0; i < 20; i++) await turn();
  clock.advance(9_000);
  slow.socket.write("TP/1.1\r\nHo");
  for (let i = 0; i < 20; i++) await turn();
  clock.advance(1_000);
  await slow.end();
  assert.match(slow.said, /^HTTP\/1.1 408 .*NET_TIMEOUT/s);
  clock.advance(50_000);
  await idle.end();
  assert.equal(idle.said, "");
  assert.deepEqual(limits, ["head_time", "idle"]);
});

test("a body that trickles is answered 408 although it never stops", async () => {
  const clock = manualClock();
  const failed = Promise.withResolvers<TuskerError>();
  let got = 0;
  await using s = await served(
    (exchange) => {
      exchange.attach({
        ...listener,
        onBody: (bytes) => {
          got += bytes.byteLength;
        },
        onBodyFailed: (error) => {
          failed.resolve(error);
          exchange.send(408, []);
        },
      });
      exchange.resume();
    },
    { clock },
  );
  const peer = s.peer();
  peer.socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  for (let sent = 1; sent <= 12 && !peer.said.includes("408"); sent++) {
    peer.socket.write("x");
    await peer.until(() => got === sent || peer.said.includes("408"));
    clock.advance(1_000);
  }
  assert.equal((await failed.promise).code, "NET_TIMEOUT");
  await peer.end();
  assert.match(peer.said, /^HTTP\/1.1 408 .*Connection: close/s);
});

test("a pace counts the time in which somebody waits, and no other", () => {
  const pace = new BodyPace();
  pace.waits(0);
  pace.took(5_000);
  pace.holds(5_000);
  pace.waits(500_000);
  assert.equal(pace.tooSlow(504_999, 1_000), false);
  assert.equal(pace.tooSlow(505_000, 1_000), true);
  pace.took(10_000);
  assert.equal(pace.tooSlow(515_000, 1_000), false);
});

test("a body that trickles to a reader with promises is answered 408 too", async () => {
  const clock = manualClock();
  let got = 0;
  await using server = await serveHttp1(
    async (x) => {
      for await (const bytes of x.body) got += bytes.byteLength;
      await x.respond({ status: 200 });
    },
    { port: 0, clock },
  );
  const peer = new Peer(server.port);
  peer.socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  for (let sent = 1; sent <= 14 && !peer.said.includes("408"); sent++) {
    peer.socket.write("x");
    await peer.until(() => got === sent || peer.said.includes("408"));
    for (let i = 0; i < 20; i++) await turn();
    clock.advance(1_000);
  }
  await peer.end();
  assert.match(peer.said, /^HTTP\/1.1 408 .*NET_TIMEOUT/s);
  clock.advance(0);
});

test("after so many requests the answer says close", async () => {
  const limits: string[] = [];
  await using s = await served((exchange) => exchange.send(200, []), {
    maxRequests: 2,
    onLimit: (limit) => limits.push(limit),
  });
  const peer = s.peer();
  peer.socket.write(get() + get() + get());
  await peer.end();
  assert.equal(peer.said.match(/HTTP\/1.1 200/g)?.length, 2);
  assert.deepEqual(limits, ["requests"]);
});

test("a client that takes nothing of its answer is cut", async () => {
  const clock = manualClock();
  const ended = Promise.withResolvers<TuskerError | undefined>();
  await using s = await served(
    (exchange) => {
      exchange.attach({ ...listener, onEnd: ended.resolve });
      exchange.begin(200, [], chunked);
      while (exchange.write(Buffer.alloc(256 * 1024)));
    },
    { clock },
  );
  const peer = s.peer();
  peer.socket.pause();
  peer.socket.write(get());
  await peer.until(() => s.server.connections === 1 && clock.pending > 0);
  for (let i = 0; i < 50; i++) await turn();
  clock.advance(300_000);
  assert.equal((await ended.promise)?.code, "NET_RESET");
});

test("HTTP/1.0 gets what it can read: no chunks, no interim answer, and the connection if it asks", async () => {
  await using s = await served((exchange) => {
    exchange.inform(103, ["Link", "x"]);
    if (exchange.head.target === "/whole") return exchange.send(200, [], "abc");
    exchange.begin(200, [], chunked);
    exchange.write(Buffer.from("abc"));
    exchange.end(["X-Sum", "1"]);
  });
  const peer = s.peer();
  peer.socket.write(
    "GET /whole HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  );
  await peer.end();
  assert.doesNotMatch(peer.said, /103|chunked|X-Sum/);
  assert.match(
    peer.said,
    /Content-Length: 3.*Connection: keep-alive.*abcHTTP.*Connection: close\r\n\r\nabc$/s,
  );
});

test("an interim answer comes before the answer, and a 204 and a 304 have no body", async () => {
  await using s = await served((exchange) => {
    exchange.inform(103, ["Link", "</a>"]);
    exchange.send(exchange.head.target === "/204" ? 204 : 304, [], "never");
  });
  const peer = s.peer();
  peer.socket.write(get("/204") + get("/304", "Connection: close\r\n"));
  await peer.end();
  assert.match(peer.said, /^HTTP\/1.1 103 Early Hints\r\nLink: <\/a>\r\n\r\nHTTP\/1.1 204/);
  assert.doesNotMatch(peer.said, /never/);
});

test("an answer of which nothing has left can be taken back, once it is on its way it cannot", async () => {
  const flushed = Promise.withResolvers<void>();
  await using s = await served((exchange) => {
    exchange.begin(200, ["X-First", "1"], 5);
    if (exchange.head.target === "/early") {
      assert.equal(exchange.retract(), true);
      assert.equal(exchange.begun, false);
      exchange.send(502, [], "bad");
    } else if (exchange.head.target === "/again") {
      assert.equal(exchange.retract(), true);
      exchange.begin(200, [], 3);
      exchange.write(Buffer.from("two"));
      exchange.end();
    } else {
      exchange.write(Buffer.from("he"));
      assert.equal(exchange.retract(), false);
      exchange.write(Buffer.from("llo"));
      exchange.end();
      assert.equal(exchange.retract(), false);
      flushed.resolve();
    }
  });
  const peer = s.peer();
  peer.socket.write(get("/early") + get("/again") + get("/late", "Connection: close\r\n"));
  await peer.end();
  await flushed.promise;
  assert.deepEqual(peer.said.match(/HTTP\/1\.1 \d+|X-First/g), [
    "HTTP/1.1 502",
    "HTTP/1.1 200",
    "HTTP/1.1 200",
    "X-First",
  ]);
  assert.match(peer.said, /\r\n\r\nbadHTTP.*\r\n\r\ntwoHTTP.*\r\n\r\nhello$/s);
});

test("an answer of another length than it said breaks its connection", async () => {
  for (const body of ["abcd", "ab"]) {
    const failed = Promise.withResolvers<unknown>();
    await using s = await served(
      (exchange) => {
        exchange.begin(200, [], 3);
        exchange.write(Buffer.from(body));
        exchange.end();
      },
      { onError: failed.resolve },
    );
    const peer = s.peer();
    peer.socket.write(get());
    const error = await failed.promise;
    assert.ok(error instanceof TuskerError && error.code === "KERNEL_INTERNAL");
    await peer.end();
    assert.doesNotMatch(peer.said, /abcd/);
  }
});

test("a field that would split the answer is refused before anything is sent", async () => {
  const failed = Promise.withResolvers<unknown>();
  await using s = await served((exchange) => {
    try {
      exchange.send(200, ["X", "a\r\nSet-Cookie: b"], "x");
    } catch (error) {
      failed.resolve(error);
      exchange.send(500, []);
    }
  });
  const peer = s.peer();
  peer.socket.write(get("/", "Connection: close\r\n"));
  const error = await failed.promise;
  assert.ok(error instanceof TuskerError && error.code === "NET_MALFORMED");
  await peer.end();
  assert.match(peer.said, /^HTTP\/1.1 500 /);
});

test("a connection whose protocol changed carries every byte, those that came early first", async () => {
  await using s = await served((exchange) => {
    const { socket, early } = exchange.upgrade("echo", ["X-A", "1"]);
    socket.attach({
      onData: (bytes) => void socket.write(bytes),
      onEnd: () => socket.end(),
      onDrain() {},
      onClose() {},
    });
    socket.write(early);
    socket.resume();
  });
  const peer = s.peer();
  const bytes = Buffer.from(Array.from({ length: 256 }, (_none, i) => i));
  peer.socket.write(
    get("/", "Connection: upgrade\r\nUpgrade: echo\r\n") + bytes.toString("latin1"),
    "latin1",
  );
  await peer.until(() => peer.said.length > 400 || peer.said.endsWith("\xff"));
  for (let i = 0; i < 100; i++) peer.socket.write(bytes);
  peer.socket.end();
  await peer.end();
  const [head = "", ...rest] = peer.said.split("\r\n\r\n");
  assert.match(head, /^HTTP\/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-A: 1$/);
  assert.equal(rest.join("\r\n\r\n"), bytes.toString("latin1").repeat(101));
  await peer.until(() => s.server.connections === 0);
});

test("a client that resets in any state leaves nothing behind", async () => {
  let ended = 0;
  let begun = 0;
  await using s = await served((exchange) => {
    begun++;
    exchange.attach({ ...listener, onEnd: () => ended++ });
    exchange.resume();
    if (exchange.head.target === "/answering") exchange.begin(200, [], chunked);
  });
  const post = "POST /answering HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
  for (const text of ["", "GET / HT", get(), get("/answering"), post, get() + get()]) {
    const before = begun;
    const peer = s.peer();
    peer.socket.write(text);
    await peer.until(() => s.server.connections === 1 && (begun > before || !text.includes("\r\n\r\n")));
    peer.socket.resetAndDestroy();
    while (s.server.connections > 0) await turn();
    assert.equal(ended, begun, JSON.stringify(text));
  }
});

test("a client that goes while its answer is made is noticed, whatever it sent before", async () => {
  const gone = Promise.withResolvers<TuskerError | undefined>();
  await using s = await served((exchange) => {
    exchange.attach({ ...listener, onBody: () => exchange.pause(), onEnd: gone.resolve });
    exchange.resume();
    exchange.begin(200, [], chunked);
  });
  const peer = s.peer();
  peer.socket.write("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  await peer.until(() => peer.said.includes("200"));
  peer.socket.end();
  assert.equal((await gone.promise)?.code, "NET_RESET");
});

test("draining closes what rests at once and lets what runs say goodbye", async () => {
  let running: Http1Exchange | undefined;
  await using s = await served((exchange) => {
    running = exchange;
  });
  const [idle, busy] = [s.peer(), s.peer()];
  busy.socket.write(get());
  await busy.until(() => running !== undefined && s.server.connections === 2);
  const drained = s.server.drain(60_000);
  await idle.end();
  running?.send(200, [], "bye");
  await busy.end();
  assert.match(busy.said, /Connection: close\r\n\r\nbye$/);
  await drained;
});
