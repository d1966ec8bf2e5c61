import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { bench, endpoint, rawService, requestOn, service, test } from "./fixture.test.ts";

const MiB = 1024 * 1024;
const routes = { "/*": { service: "users", max_body: "1GiB" } };

/** Bytes that do not repeat in any pattern a buffer could have. */
function block(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(64 * 1024 + (number % 7));
  let state = number * 2_654_435_761 + 1;
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes.writeUInt32LE(state, i);
  }
  bytes.fill(number & 0xff, bytes.length - (bytes.length % 4));
  return bytes;
}

function* content(total: number): Generator<Buffer> {
  for (let sent = 0, number = 0; sent < total; number++) {
    const bytes = block(number).subarray(0, Math.min(64 * 1024 + 7, total - sent));
    sent += bytes.length;
    yield bytes;
  }
}

function digestOf(chunks: Iterable<Uint8Array>): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

/** Writes until `total` or until the socket is gone, at the pace of the other side. */
async function produce(socket: Socket, total: number, onWrite: (bytes: number) => void): Promise<void> {
  const piece = Buffer.alloc(64 * 1024, 7);
  const closed = once(socket, "close");
  let wake = (): void => {};
  socket.on("drain", () => wake());
  for (let written = 0; written < total && !socket.destroyed; written += piece.length) {
    onWrite(piece.length);
    const drained = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (!socket.write(piece)) await Promise.race([drained, closed]);
  }
}

/** Waits until `read` no longer changes however often the event loop turns: everything in between is full. */
async function standstill(read: () => number): Promise<number> {
  for (let same = 0, last = -1; same < 300; ) {
    await new Promise(setImmediate);
    const now = read();
    same = now === last ? same + 1 : 0;
    last = now;
  }
  return read();
}

async function* readSlowly(socket: Socket, onChunk: () => Promise<void> | void): AsyncGenerator<Buffer> {
  for await (const chunk of socket) {
    await onChunk();
    yield chunk as Buffer;
  }
}

test("an answer of 8 MiB arrives byte for byte at a reader that dawdles", async () => {
  const total = 8 * MiB;
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      headers: ["Content-Length", String(total)],
      body: (async function* () {
        yield* content(total);
      })(),
    }),
  );
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect({ port: front.port, host: "127.0.0.1" });
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const hash = createHash("sha256");
  let head = "";
  let size = 0;
  for await (const chunk of readSlowly(client, () => new Promise(setImmediate))) {
    let body = chunk;
    if (!head.includes("\r\n\r\n")) {
      const text = chunk.toString("latin1");
      const end = text.indexOf("\r\n\r\n") + 4;
      head += text.slice(0, end);
      body = chunk.subarray(end);
    }
    hash.update(body);
    size += body.length;
  }
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.equal(size, total);
  assert.equal(hash.digest("hex"), digestOf(content(total)));
});

test("an upload of 8 MiB arrives byte for byte at a service that dawdles", async () => {
  const total = 8 * MiB;
  const arrived = Promise.withResolvers<{ size: number; digest: string; length: string | undefined }>();
  await using users = await service(async (exchange) => {
    const hash = createHash("sha256");
    let size = 0;
    for await (const chunk of exchange.body) {
      await new Promise(setImmediate);
      hash.update(chunk);
      size += chunk.byteLength;
    }
    arrived.resolve({ size, digest: hash.digest("hex"), length: exchange.header("content-length") });
    await exchange.respond({ status: 200 });
  });
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.resume();
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${total}\r\n\r\n`);
  for (const chunk of content(total)) if (!client.write(chunk)) await once(client, "drain");
  await once(client, "close");
  assert.deepEqual(await arrived.promise, {
    size: total,
    digest: digestOf(content(total)),
    length: String(total),
  });
});

test("a chunked upload stays chunked and complete", async () => {
  const arrived = Promise.withResolvers<string>();
  await using users = await service(async (exchange) => {
    assert.equal(exchange.header("content-length"), undefined);
    arrived.resolve(digestOf([await exchange.bytes(4 * MiB)]));
    await exchange.respond({ status: 200 });
  });
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.resume();
  client.write("PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const chunk of content(MiB))
    client.write(
      Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n")]),
    );
  client.write("0\r\n\r\n");
  await once(client, "close");
  assert.equal(await arrived.promise, digestOf(content(MiB)));
});

test("a reader that stops stops the service: what waits in between is bounded", async () => {
  const total = 128 * MiB;
  let produced = 0;
  await using users = await rawService(async (socket) => {
    await requestOn(socket);
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
    await produce(socket, total, (bytes) => {
      produced += bytes;
    });
  });
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.on("error", () => {});
  client.pause();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const waiting = await standstill(() => produced);
  // The kernel holds up to ten MiB on each of two connections; the gateway itself a few hundred KiB.
  assert.ok(waiting > 0 && waiting < 48 * MiB, `${waiting}`);
  let received = 0;
  client.on("data", (chunk) => {
    received += chunk.length;
    if (received > 64 * MiB) client.destroy();
  });
  client.resume();
  await once(client, "close");
  assert.ok(produced > waiting, "it went on when the reader did");
});

test("a service that stops reading stops the client: what waits in between is bounded", async () => {
  await using users = await rawService((socket) => void socket.pause());
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.on("error", () => {});
  const total = 128 * MiB;
  client.write(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
  let produced = 0;
  const producing = produce(client, total, (bytes) => {
    produced += bytes;
  });
  const waiting = await standstill(() => produced);
  assert.ok(waiting > 0 && waiting < 48 * MiB, `${waiting}`);
  client.destroy();
  await producing;
});

test("events of a stream arrive one by one, without waiting for more", async () => {
  const { promise: second, resolve: sendSecond } = Promise.withResolvers<void>();
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      headers: ["Content-Type", "text/event-stream"],
      body: (async function* () {
        yield Buffer.from("data: 1\n\n");
        await second;
        yield Buffer.from("data: 2\n\n");
      })(),
    }),
  );
  await using front = await bench({ routes, endpoints: [endpoint(users.port)] });
  const client = connect(front.port, "127.0.0.1");
  client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const chunk of client) {
    text += String(chunk);
    if (text.includes("data: 1")) sendSecond();
  }
  assert.match(text, /data: 2/);
});
