import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { acceptedPort } from "./node-socket.ts";
import type { SocketListener, SocketPort } from "./port.ts";
import { straightWay } from "./straight.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An accepted connection as a port, and the client at its other end, which does not read yet. */
async function pair(listener: Partial<SocketListener> = {}) {
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = connect(address.port, "127.0.0.1");
  const accepted = once(server, "connection");
  await once(client, "connect");
  const [socket]: Socket[] = await accepted;
  assert.ok(socket !== undefined);
  const { port } = acceptedPort(socket);
  port.attach({ onData() {}, onEnd() {}, onDrain() {}, onClose() {}, ...listener });
  return {
    port,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      port.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

async function everything(client: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of client) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Writes of every kind and size; gives what must arrive. */
function writeMuch(port: SocketPort): Buffer {
  const sent: Buffer[] = [];
  const bytes = (size: number, code: number): Buffer => Buffer.alloc(size, code);
  for (let round = 0; round < 60; round++) {
    const code = 65 + (round % 26);
    for (const size of [1, 2_048, 2_049, 40_000]) {
      port.write("text\xe9\r\n");
      port.write(bytes(size, code));
      port.writeFramed("before\r\n", bytes(size, code + 32), round % 2 === 0 ? "" : "after");
      sent.push(Buffer.from("text\xe9\r\n", "latin1"), bytes(size, code), Buffer.from("before\r\n"));
      sent.push(bytes(size, code + 32), Buffer.from(round % 2 === 0 ? "" : "after"));
    }
    port.writeAll([bytes(10, 48), bytes(70_000, 49)], () => {});
    sent.push(bytes(10, 48), bytes(70_000, 49));
  }
  return Buffer.concat(sent);
}

test("the Node this project runs on has the short way", async () => {
  await using both = await pair();
  both.port.write("the first text shows how it is done");
  assert.equal(straightWay(both.client, () => {})?.open, true);
});

test("what is written by the short way and by the stream arrives whole and in order at a slow reader", async () => {
  await using both = await pair();
  const { port, client } = both;
  const sent = writeMuch(port);
  assert.ok(port.pendingBytes > 1_000_000, "most of it has to wait");
  port.end();
  assert.ok((await everything(client)).equals(sent));
});

test("a writer that is behind hears when all has left", async () => {
  const drained = Promise.withResolvers<void>();
  await using both = await pair({ onDrain: drained.resolve });
  const { port, client } = both;
  assert.equal(port.write("first"), true);
  await turn();
  assert.equal(port.pendingBytes, 0, "the kernel took it");
  let ready = true;
  for (let i = 0; ready && i < 1_000; i++) ready = port.write(Buffer.alloc(256 * 1024, 120));
  assert.equal(ready, false);
  assert.ok(port.pendingBytes >= 64 * 1024);
  client.resume();
  await drained.promise;
  assert.equal(port.pendingBytes, 0);
});

test("closing sends what waits first", async () => {
  await using both = await pair();
  const { port, client } = both;
  port.write("head");
  for (let i = 0; i < 40; i++) port.write(Buffer.alloc(256 * 1024, 120));
  port.close();
  assert.equal((await everything(client)).length, 4 + 40 * 256 * 1024);
});

test("a client that is gone ends the connection with the system's word for it, and nothing is written after", async () => {
  const closed = Promise.withResolvers<Error | undefined>();
  await using both = await pair({ onClose: closed.resolve });
  const { port, client } = both;
  port.write("hello");
  for (let i = 0; i < 40; i++) port.write(Buffer.alloc(256 * 1024, 120));
  client.resetAndDestroy();
  const error = await closed.promise;
  assert.match(String(error !== undefined && "code" in error ? error.code : error), /^(ECONNRESET|EPIPE)$/);
  assert.equal(port.write("nobody hears this"), true);
  assert.equal(port.pendingBytes, 0);
});

test("on the short way text of one turn leaves at its end, in one piece", async () => {
  await using both = await pair();
  const { port, client } = both;
  port.write("the first text shows how it is done");
  await turn();
  await once(client, "readable");
  client.read();
  port.write("one, ");
  await Promise.resolve();
  port.write("two");
  assert.equal(port.pendingBytes, 8);
  await turn();
  assert.equal(port.pendingBytes, 0);
  const [piece] = await once(client.setEncoding("latin1"), "data");
  assert.equal(piece, "one, two");
});

test("bytes, an end, a close and a destruction come after the text before them", async () => {
  const ways: readonly ((port: SocketPort) => void)[] = [
    (port) => {
      port.write(Buffer.from("behind"));
      port.end();
    },
    (port) => {
      port.writeFramed("", Buffer.from("behind"), "");
      port.close();
    },
    (port) => {
      port.writeAll([Buffer.from("behind")], () => {});
      port.destroy();
    },
    (port) => {
      port.write("behind");
      port.destroy();
    },
  ];
  for (const way of ways) {
    await using both = await pair();
    both.port.write("before, ");
    way(both.port);
    assert.equal((await everything(both.client)).toString("latin1"), "before, behind");
  }
});

test("on the short way no more than 32 connections wait for the end of a turn, and long text does not", async () => {
  await using stack = new AsyncDisposableStack();
  const ports: SocketPort[] = [];
  for (let n = 0; n < 33; n++) ports.push(stack.use(await pair()).port);
  const [first, last] = [ports.at(0), ports.at(-1)];
  for (const port of ports) port.write("short");
  assert.equal(first?.pendingBytes, 0);
  assert.equal(last?.pendingBytes, 5);
  first?.write("x".repeat(20_000));
  assert.equal(first?.pendingBytes, 0);
  await turn();
  assert.equal(last?.pendingBytes, 0);
});
