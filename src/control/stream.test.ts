import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { type Server, serveHttp1 } from "../net/index.ts";
import { stream } from "./stream.ts";

const piece = "x".repeat(1024 * 1024);

/** A server that streams what is past, and then what `send` is called with. */
async function streaming(past: readonly string[]) {
  let send = (_text: string): void => {};
  const left = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const server: Server = await serveHttp1(
    (exchange) =>
      stream(exchange, "text/plain", past, (to) => {
        send = to;
        begun.resolve();
        return { [Symbol.dispose]: left.resolve };
      }),
    { host: "127.0.0.1", port: 0 },
  );
  return {
    url: `http://127.0.0.1:${server.port}/`,
    port: server.port,
    send: (text: string) => send(text),
    begun: begun.promise,
    left: left.promise,
    [Symbol.asyncDispose]: () => server.drain(0),
  };
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>, length: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  while (text.length < length) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  return text;
}

test("what is past may be more than may wait for a slow reader", async () => {
  const past = Array.from({ length: 6 }, () => piece);
  await using s = await streaming(past);
  const answer = await fetch(s.url);
  assert.equal(answer.status, 200);
  const reader = answer.body?.getReader();
  assert.ok(reader !== undefined);
  await s.begun;
  s.send("now");
  const text = await read(reader, 6 * piece.length + 3);
  assert.equal(text.length, 6 * piece.length + 3);
  assert.ok(text.endsWith("now"), "what is new comes behind what is past");
  await reader.cancel();
  await s.left;
});

test("a reader who cannot keep up is cut off, and nothing is kept for him", async () => {
  await using s = await streaming([]);
  const socket = connect(s.port, "127.0.0.1");
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await s.begun;
  socket.pause();
  let ended = false;
  void s.left.then(() => (ended = true));
  // Kernel buffers take some of it first.
  for (let sent = 0; sent < 200 && !ended; sent++) {
    s.send(piece);
    await new Promise(setImmediate);
  }
  await s.left;
  const closed = once(socket, "close");
  socket.on("error", () => {});
  socket.resume();
  await closed;
});
