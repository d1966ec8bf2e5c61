import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { test } from "node:test";
import { manualClock, type TuskerError } from "../../../kernel/index.ts";
import {
  type AnswerListener,
  chunked,
  type Http1Client,
  type OutgoingExchange,
  type OutgoingRequest,
  type Tunnel,
} from "../engine.ts";
import { createHttp1Client, type Http1ClientOptions } from "./client.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An origin made of sockets: `onHead` is told of every request with the number of its connection. */
async function origin(
  onHead: (socket: Socket, head: string, connection: number) => void,
  options: Http1ClientOptions = {},
): Promise<{ client: Http1Client; sockets: Socket[]; node: NetServer } & AsyncDisposable> {
  const sockets: Socket[] = [];
  const node = createServer((socket) => {
    const number = sockets.push(socket);
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end + 4);
        text = text.slice(end + 4);
        onHead(socket, head, number);
      }
    });
  });
  node.listen(0, "127.0.0.1");
  await once(node, "listening");
  const address = node.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = createHttp1Client(`http://127.0.0.1:${address.port}`, options);
  return {
    client,
    sockets,
    node,
    async [Symbol.asyncDispose]() {
      client.destroy();
      for (const socket of sockets) socket.destroy();
      node.close();
      await once(node, "close");
    },
  };
}

interface Seen {
  status: number;
  body: string;
  trailers: readonly string[];
  informed: number[];
  sent: number;
  tunnel: Tunnel | undefined;
}

/** Asks and gathers what is told; rejects with what failed. */
function ask(
  client: Http1Client,
  request: Partial<OutgoingRequest> = {},
  more: Partial<AnswerListener> = {},
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const seen: Seen = { status: 0, body: "", trailers: [], informed: [], sent: 0, tunnel: undefined };
    client.send(
      { method: "GET", target: "/", fields: [], headTimeoutMs: 30_000, repeatable: true, ...request },
      {
        onSent: () => seen.sent++,
        onInform: (status) => seen.informed.push(status),
        onHead: ({ status }) => {
          seen.status = status;
        },
        onBody: (bytes) => {
          seen.body += Buffer.from(bytes).toString("latin1");
        },
        onEnd: (trailers) => {
          seen.trailers = trailers;
          resolve(seen);
        },
        onDrain() {},
        onTunnel: (tunnel) => {
          seen.tunnel = tunnel;
          resolve(seen);
        },
        onFailed: reject,
        ...more,
      },
    );
  });
}

const failure = (work: Promise<unknown>): Promise<TuskerError> =>
  work.then(
    () => assert.fail("it did not fail"),
    (error: TuskerError) => error,
  );

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

test("one connection serves one request after the other; the one used last is used first", async () => {
  const used: number[] = [];
  await using o = await origin((socket, _head, connection) => {
    used.push(connection);
    socket.write(ok);
  });
  await Promise.all([ask(o.client), ask(o.client)]);
  assert.equal(o.client.idle, 2);
  used.length = 0;
  for (let i = 0; i < 3; i++) await ask(o.client);
  assert.equal(new Set(used).size, 1);
});

test("a kept connection that turns out dead is replaced once where nothing can happen twice", async () => {
  let asked = 0;
  await using o = await origin((socket, _head, connection) => {
    asked++;
    if (connection === 1 && asked > 1) socket.destroy();
    else socket.write(ok);
  });
  await ask(o.client);
  const seen = await ask(o.client);
  assert.deepEqual([seen.status, seen.sent, asked, o.sockets.length], [200, 2, 3, 2]);
});

test("what may not be sent twice, or has begun to be answered, is not", async () => {
  let asked = 0;
  const last: { words: string } = { words: "" };
  await using o = await origin((socket) => {
    asked++;
    if (asked % 2 === 1) socket.write(ok);
    else socket.end(last.words);
  });
  await ask(o.client);
  const unsafe = await failure(ask(o.client, { method: "POST", body: "x", repeatable: false }));
  assert.deepEqual([unsafe.code, unsafe.details.sent, asked], ["NET_RESET", true, 2]);
  last.words = "HTTP/1.1 200 OK\r\n";
  await ask(o.client);
  assert.equal((await failure(ask(o.client))).code, "NET_RESET");
  assert.equal(asked, 4);
});

test("a fresh connection that dies is a failure, not a reason to ask again", async () => {
  let asked = 0;
  await using o = await origin((socket) => {
    asked++;
    socket.destroy();
  });
  assert.equal((await failure(ask(o.client))).code, "NET_RESET");
  assert.equal(asked, 1);
});

test("bytes behind an answer belong to nobody: the connection is dropped, the answer counts", async () => {
  await using o = await origin((socket) =>
    socket.write(`${ok}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`),
  );
  for (let i = 1; i <= 2; i++) {
    assert.equal((await ask(o.client)).body, "ok");
    assert.deepEqual([o.client.idle, o.sockets.length], [0, i]);
  }
});

test("bytes on a connection that rests make it useless", async () => {
  await using o = await origin((socket) => socket.write(ok));
  await ask(o.client);
  o.sockets[0]?.write(ok.replace("ok", "no"));
  while (o.client.connections > 0) await turn();
  assert.equal((await ask(o.client)).body, "ok");
  assert.equal(o.sockets.length, 2);
});

test("an idle connection goes a second before the peer would close it", async () => {
  const clock = manualClock();
  await using o = await origin(
    (socket) => socket.write(ok.replace("\r\n\r\n", "\r\nKeep-Alive: timeout=5, max=100\r\n\r\n")),
    { clock },
  );
  await ask(o.client);
  clock.advance(3_900);
  assert.equal(o.client.idle, 1);
  clock.advance(100);
  assert.equal(o.client.idle, 0);
});

test("a peer that keeps nothing gets a connection each", async () => {
  await using o = await origin((socket) =>
    socket.write(ok.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")),
  );
  for (let i = 1; i <= 3; i++) {
    await ask(o.client);
    assert.deepEqual([o.client.idle, o.sockets.length], [0, i]);
  }
});

test("interim answers, chunks, extensions and trailers arrive as what they are", async () => {
  await using o = await origin((socket) =>
    socket.write(
      "HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n",
    ),
  );
  const seen = await ask(o.client);
  assert.deepEqual(
    [seen.informed, seen.body, seen.trailers, o.client.idle],
    [[103], "ok", ["X-Sum", "1"], 1],
  );
});

test("an interim answer does not cut short the time of a body that is still being sent", async () => {
  const clock = manualClock();
  let got = 0;
  await using o = await origin(
    (socket) => {
      socket.on("data", (chunk) => {
        got += chunk.length;
      });
      socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    },
    { clock },
  );
  const informed = Promise.withResolvers<void>();
  let exchange: OutgoingExchange | undefined;
  const failed = failure(
    ask(
      o.client,
      { method: "PUT", length: 100, headTimeoutMs: 1_000, repeatable: false },
      {
        onSent: (sent) => {
          exchange = sent;
        },
        onInform: () => informed.resolve(),
      },
    ),
  );
  await informed.promise;
  for (let i = 1; i <= 5; i++) {
    exchange?.write(Buffer.from("x"));
    while (got < i) await turn();
    clock.advance(900);
  }
  let over = false;
  void failed.then(() => {
    over = true;
  });
  await turn();
  assert.equal(over, false, "its time begins anew with all that is sent");
  clock.advance(1_100);
  assert.equal((await failed).code, "NET_TIMEOUT");
});

test("an answer without length ends with its connection, one with length must be whole", async () => {
  await using o = await origin((socket, head) =>
    socket.end(
      head.startsWith("GET /cut")
        ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"
        : "HTTP/1.1 200 OK\r\n\r\nall",
    ),
  );
  assert.equal((await ask(o.client)).body, "all");
  assert.equal((await failure(ask(o.client, { target: "/cut" }))).code, "NET_RESET");
});

test("an answer before the request is complete counts, and its connection is not used again", async () => {
  await using o = await origin((socket) => socket.write(ok.replace("200 OK", "413 No")));
  const seen = await ask(o.client, { method: "POST", length: chunked, repeatable: false });
  assert.deepEqual([seen.status, o.client.idle, o.client.connections], [413, 0, 0]);
});

test("requests without connection wait in order, and no more of them than may", async () => {
  const held: Socket[] = [];
  const order: string[] = [];
  await using o = await origin(
    (socket, head) => {
      order.push(head.split(" ")[1] ?? "");
      held.push(socket);
    },
    { connections: 1, maxWaiting: 2 },
  );
  const first = ask(o.client, { target: "/1" });
  while (held.length === 0) await turn();
  const rest = ["/2", "/3"].map((target) => ask(o.client, { target }));
  const refused = await failure(ask(o.client, { target: "/4" }));
  assert.deepEqual([refused.code, refused.details.sent], ["NET_OVERLOADED", false]);
  for (let i = 0; i < 3; i++) {
    while (held.length === 0) await turn();
    held.shift()?.write(ok);
  }
  await Promise.all([first, ...rest]);
  assert.deepEqual([order, o.sockets.length], [["/1", "/2", "/3"], 1]);
});

test("who gives up while waiting is never sent, who gives up later breaks its connection", async () => {
  const heads: string[] = [];
  await using o = await origin((_socket, head) => heads.push(head.split(" ")[1] ?? ""), { connections: 1 });
  const listener: AnswerListener = {
    onSent() {},
    onInform() {},
    onHead: () => assert.fail(),
    onBody: () => assert.fail(),
    onEnd: () => assert.fail(),
    onDrain() {},
    onTunnel() {},
    onFailed: () => assert.fail(),
  };
  const request = { method: "GET", fields: [], headTimeoutMs: 30_000, repeatable: true };
  const running = o.client.send({ ...request, target: "/running" }, listener);
  const waiting = o.client.send({ ...request, target: "/waiting" }, listener);
  while (heads.length === 0) await turn();
  waiting.abort();
  running.abort();
  await o.client.close();
  assert.deepEqual(heads, ["/running"]);
});

test("a change of protocol gives the connection away with every byte", async () => {
  await using o = await origin((socket) => {
    socket.write("HTTP/1.1 101 OK\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
    socket.on("data", (chunk) => socket.write(chunk));
  });
  const { status, tunnel } = await ask(o.client, { upgrade: "echo" });
  assert.ok(tunnel !== undefined);
  assert.deepEqual([status, Buffer.from(tunnel.early).toString()], [101, "early"]);
  let got = "";
  const closed = Promise.withResolvers<void>();
  tunnel.socket.attach({
    onData: (bytes) => {
      got += Buffer.from(bytes).toString();
    },
    onEnd() {},
    onDrain() {},
    onClose: () => closed.resolve(),
  });
  tunnel.socket.resume();
  tunnel.socket.write(Buffer.from("ping"));
  while (got !== "ping") await turn();
  tunnel.socket.destroy();
  await closed.promise;
  assert.equal(o.client.connections, 0);
});

test("a reader that pauses holds its peer back, and loses nothing", async () => {
  const size = 8 * 1024 * 1024;
  let written = 0;
  await using o = await origin((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    const more = (): void => {
      while (written < size) {
        written += 64 * 1024;
        if (!socket.write(Buffer.alloc(64 * 1024, written / 65_536))) return void socket.once("drain", more);
      }
    };
    more();
  });
  let got = 0;
  let wrong = 0;
  let exchange: { resume(): void; pause(): void } | undefined;
  const seen = ask(
    o.client,
    {},
    {
      onSent: (sent) => {
        exchange = sent;
      },
      onBody: (bytes) => {
        for (let i = 0; i < bytes.length; i += 4_096)
          if (bytes[i] !== ((Math.floor((got + i) / 65_536) + 1) & 255)) wrong++;
        got += bytes.byteLength;
        exchange?.pause();
      },
    },
  );
  let last = -1;
  while (got === 0 || last !== written) {
    last = written;
    for (let i = 0; i < 50; i++) await turn();
  }
  assert.ok(written < size, "the peer was never held back");
  while (got < size) {
    exchange?.resume();
    await turn();
  }
  await seen;
  assert.deepEqual([got, wrong], [size, 0]);
});
