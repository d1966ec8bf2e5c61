import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { bench } from "../fixture.test.ts";

/** A reader of a stream that takes nothing until it is told to. */
async function lazyReader(port: number, path: string) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, "readable");
  const pieces: Buffer[] = [];
  let bytes = 0;
  return {
    socket,
    read() {
      socket.on("data", (chunk: Buffer) => {
        pieces.push(chunk);
        bytes += chunk.byteLength;
      });
    },
    get bytes() {
      return bytes;
    },
    get text() {
      return Buffer.concat(pieces).toString();
    },
  };
}

/** More than the kernel holds for a connection whose reader sleeps. */
const rounds = 150;
const value = (i: number): string => `${i}:${"x".repeat(60_000)}`;

test("a reader who falls behind costs a bounded queue, harms nobody, and goes on from the whole state", async () => {
  await using t = await bench();
  const slow = await lazyReader(t.registry.port, "/v1/tusker/watch/kv/");
  const quick = await lazyReader(t.registry.port, "/v1/tusker/watch/kv/");
  quick.read();
  for (let i = 0; i < rounds; i++) {
    await t.put("/v1/kv/k", value(i));
    // Each change is one frame of at least this.
    await t.until(() => quick.bytes >= (i + 1) * 80_000);
  }
  slow.read();
  const last = Buffer.from(value(rounds - 1)).toString("base64");
  await t.until(() => slow.bytes > last.length && slow.text.includes(last));
  const all = rounds * last.length;
  assert.ok(quick.bytes > all, "who keeps up hears every change");
  assert.ok(
    slow.bytes < quick.bytes / 2,
    `${slow.bytes} of ${quick.bytes}: what it could not take was dropped`,
  );
  assert.equal(slow.text.match(/event: snapshot/g)?.length, 2, "at the start, and after it fell behind");
  await t.put("/v1/kv/after", "1");
  await t.until(() => slow.text.includes('"after"'));
  slow.socket.destroy();
  quick.socket.destroy();
});

test("a reader who takes nothing for a minute is cut off", async () => {
  await using t = await bench();
  const stuck = await lazyReader(t.registry.port, "/v1/tusker/watch/kv/");
  for (let i = 0; i < rounds; i++) await t.put("/v1/kv/k", value(i));
  assert.equal(t.registry.stats.watching, 1);
  for (let beats = 0; beats < 5; beats++) t.clock.advance(15_000);
  await t.until(() => t.registry.stats.watching === 0);
  stuck.socket.destroy();
});
