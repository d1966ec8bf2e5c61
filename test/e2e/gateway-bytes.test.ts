/** What goes through the gateway is, byte for byte, what goes without it: tunnels, streams of events, long bodies. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { gatewayBefore } from "../support/http1/gateway.ts";
import { readMessages } from "../support/http1/reference.ts";
import { arrivalOf, download, startTransferOrigin, upload } from "../support/http1/transfers.ts";
import { until } from "../support/until.ts";
import { closing, frame, startWebSocketService } from "../support/websocket.ts";

const mask = Buffer.from([1, 2, 3, 4]);
const sent = (...[opcode, payload, more]: Parameters<typeof frame>): Buffer =>
  frame(opcode, payload, { ...more, mask });

/** Everything a client can say: both kinds, whole and in fragments, every size of length field, pings in between. */
const said: readonly Buffer[] = [
  sent("text", "hello"),
  sent("binary", Buffer.from([0, 13, 10, 255])),
  sent("text", "frag", { final: false }),
  sent("ping", "between fragments"),
  sent("continuation", "men", { final: false }),
  sent("continuation", "ted"),
  sent("binary", Buffer.alloc(125, 1)),
  sent("binary", Buffer.alloc(126, 2)),
  sent("binary", Buffer.alloc(65_535, 3)),
  sent("binary", Buffer.alloc(65_536, 4)),
  sent("binary", Buffer.alloc(3 * 1024 * 1024, "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")),
  sent("text", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  sent("text", "push 300"),
  sent("close", closing(4321, "we are done")),
];

/** All that comes back after the head, until both sides have ended. */
async function transcript(port: number, frames: readonly Buffer[]): Promise<Buffer> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  for (const one of frames) if (!socket.write(one)) await once(socket, "drain");
  await once(socket, "close");
  const all = Buffer.concat(chunks);
  const end = all.indexOf("\r\n\r\n");
  const head = all.toString("latin1", 0, end);
  assert.match(head, /^HTTP\/1\.1 101 /);
  assert.match(
    head,
    /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/i,
    "RFC 6455 §1.3 has this pair",
  );
  return all.subarray(end + 4);
}

for (const transport of ["engine", "compat"] as const) {
  test(`${transport}: a websocket: every byte of both directions is that of the direct connection`, async () => {
    await using users = await startWebSocketService();
    await using gateway = await gatewayBefore(users.port, { transport });
    for (const frames of [said, [...said.slice(0, 3), sent("text", "close 3001")]]) {
      const direct = await transcript(users.port, frames);
      const through = await transcript(gateway.server.port, frames);
      assert.ok(direct.length > 20 && direct.equals(through), `${direct.length} and ${through.length} bytes`);
      const both = await until("both connections to close", () =>
        users.received.length % 2 === 0 ? users.received.slice(-2) : undefined,
      );
      const [first, second] = both;
      assert.equal(first, second);
    }
  });

  test(`${transport}: a websocket: the client Node brings sees the same through the gateway`, async () => {
    await using users = await startWebSocketService();
    await using gateway = await gatewayBefore(users.port, { transport });
    const direct = await conversation(users.port);
    assert.deepEqual(await conversation(gateway.server.port), direct);
    assert.deepEqual([direct.length, direct.at(-1)], [14, "closed 3004 as you wish clean"]);
  });
}

/** Talks with the service through a client of WebSocket and writes down what it is told. */
async function conversation(port: number): Promise<string[]> {
  const told: string[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    told.push(typeof data === "string" ? `text ${data}` : `binary ${Buffer.from(data).toString("base64")}`);
    if (told.length === 13) socket.send("close 3004");
  });
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener("close", ({ code, reason, wasClean }) => {
      told.push(`closed ${code} ${reason} ${wasClean ? "clean" : "broken"}`);
      resolve();
    });
  });
  await once(socket, "open");
  socket.send("gr\u00fc\u00dfe");
  socket.send(Buffer.alloc(200_000, 7));
  socket.send("");
  socket.send("push 10");
  await closed;
  return told;
}

/** Events of every form, with an end inside a character and without one at the end. */
const events: readonly string[] = [
  ": a comment\n\n",
  "retry: 1000\n\n",
  "id: 1\nevent: add\ndata: one\ndata: two\n\n",
  "data: caf\u00e9 \ud83d\ude80\n\n",
  ...Array.from({ length: 200 }, (_, i) => `id: ${i}\ndata: ${"x".repeat(i * 7)}\n\n`),
  "data: no end",
];

test("a stream of events: each arrives before the next is made, byte for byte as without the gateway", async () => {
  await using users = await startEventService();
  for (const transport of ["engine", "compat"] as const) {
    await using gateway = await gatewayBefore(users.port, { transport });
    const through = await listen(gateway.server.port, users.next);
    const direct = await listen(users.port, users.next);
    assert.deepEqual(through, direct);
    assert.equal(direct.length, events.length);
  }
});

/** A service that sends an event whenever it is told to. */
async function startEventService(): Promise<
  AsyncDisposable & { readonly port: number; readonly next: () => boolean }
> {
  const sockets = new Set<Socket>();
  let current: Socket | undefined;
  let at = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      current = socket;
      at = 0;
      socket.write(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    /** @returns false when the stream has ended */
    next() {
      const text = events[at++];
      if (text === undefined) current?.end("0\r\n\r\n");
      else current?.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
      return text !== undefined;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** What a client has heard of the body each time before it asked for more. */
async function listen(port: number, next: () => boolean): Promise<string[]> {
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  let bytes: Buffer = Buffer.alloc(0);
  const heard: string[] = [];
  let due = 0;
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end < 0) continue;
    const whole = readMessages(bytes, { kind: "response", form: "received" }).messages[0];
    const body =
      whole?.body ??
      readMessages(Buffer.concat([bytes, Buffer.from("0\r\n\r\n")]), {
        ...{ kind: "response", form: "received" },
      }).messages[0]?.body;
    if (whole !== undefined) break;
    // In the middle of a chunk: the rest of it is on its way.
    if (body === undefined || body.length < due) continue;
    if (due > 0) heard.push(body.toString());
    const text = events[heard.length];
    if (next()) due = body.length + Buffer.byteLength(text ?? "");
  }
  socket.destroy();
  return heard;
}

const bytes = 24 * 1024 * 1024 + 5;

for (const transport of ["engine", "compat"] as const)
  test(`${transport}: a long download and a long upload arrive as they were sent, counted and in chunks`, async () => {
    await using origin = await startTransferOrigin();
    await using gateway = await gatewayBefore(origin.port, { transport, max_body: "1GiB" });
    const { port } = gateway.server;
    for (const chunked of [false, true]) {
      assert.deepEqual(await download(port, bytes, chunked), arrivalOf(bytes));
      assert.deepEqual(await upload(port, bytes, chunked), arrivalOf(bytes));
    }
    assert.deepEqual(await download(origin.port, bytes), arrivalOf(bytes), "and so without the gateway");
  });
