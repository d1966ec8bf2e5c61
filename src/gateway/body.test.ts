import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ByteStream, ServerExchange } from "../net/index.ts";
import { type ReplayRoom, requestBody } from "./body.ts";

/** A client's body whose chunks come when the test lets them. */
function source(chunks: readonly Uint8Array[]) {
  let given = 0;
  let closed = false;
  const body: ByteStream = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = chunks[given];
        if (value === undefined) return { done: true, value: undefined };
        given++;
        return { done: false, value };
      },
      async return() {
        closed = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return {
    // The body reads nothing of an exchange but its stream.
    exchange: { body } as Pick<ServerExchange, "body"> as ServerExchange,
    given: () => given,
    closed: () => closed,
  };
}

const room = (max = 16 * 1024 * 1024): ReplayRoom => ({ used: 0, max });
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

async function all(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function some(stream: ByteStream, count: number): Promise<void> {
  const iterator = stream[Symbol.asyncIterator]();
  for (let i = 0; i < count; i++) await iterator.next();
  await iterator.return?.();
}

test("a short body can be read again from its beginning", async () => {
  const client = source([bytes(10, 1), bytes(20, 2)]);
  const body = requestBody(client.exchange, 1_000, room());
  const first = await all(body.stream());
  assert.equal(first.length, 30);
  assert.deepEqual(await all(body.stream()), first);
  assert.equal(client.given(), 2, "the client sent it once");
  assert.equal(body.replayable, true);
});

test("a try that gave up halfway leaves the rest for the next one", async () => {
  const client = source([bytes(10, 1), bytes(20, 2), bytes(30, 3)]);
  const body = requestBody(client.exchange, 1_000, room());
  await some(body.stream(), 2);
  assert.equal(client.closed(), false);
  assert.equal((await all(body.stream())).length, 60);
});

test("nothing is read before somebody asks, and no further than asked", async () => {
  const client = source([bytes(10), bytes(10), bytes(10)]);
  const body = requestBody(client.exchange, 1_000, room());
  assert.equal(client.given(), 0);
  await some(body.stream(), 1);
  assert.equal(client.given(), 1);
  assert.equal(body.pending, true);
});

test("past 64 KiB a body can be sent once only and is not kept", async () => {
  const space = room();
  const client = source(Array.from({ length: 40 }, () => bytes(4_096)));
  const body = requestBody(client.exchange, 1_000_000, space);
  let most = 0;
  let size = 0;
  for await (const chunk of body.stream()) {
    size += chunk.byteLength;
    most = Math.max(most, space.used);
  }
  assert.equal(size, 40 * 4_096);
  assert.equal(body.replayable, false);
  assert.ok(most <= 68 * 1024, `${most}`);
  assert.equal(space.used, 0);
});

test("when the room for all requests is full, further bodies are not kept", async () => {
  const space = room(100);
  const first = requestBody(source([bytes(80)]).exchange, 1_000, space);
  await all(first.stream());
  const second = requestBody(source([bytes(30)]).exchange, 1_000, space);
  assert.equal((await all(second.stream())).length, 30);
  assert.deepEqual([first.replayable, second.replayable], [true, false]);
  first[Symbol.dispose]();
  second[Symbol.dispose]();
  assert.equal(space.used, 0);
});

test("a body past its limit fails its reader", async () => {
  const body = requestBody(source([bytes(60), bytes(60)]).exchange, 100, room());
  await assert.rejects(all(body.stream()), { code: "GATEWAY_BODY_TOO_LARGE" });
});

test("draining reads on to the end, or to its limit", async () => {
  const client = source([bytes(10), bytes(10), bytes(10)]);
  const body = requestBody(client.exchange, 1_000, room());
  await some(body.stream(), 1);
  assert.equal(await body.drain(1_000), "ended");
  assert.equal(body.pending, false);
  const long = requestBody(source(Array.from({ length: 9 }, () => bytes(10))).exchange, 1_000, room());
  await some(long.stream(), 1);
  assert.equal(await long.drain(30), "more");
});

test("a body that is let go before its end lets go of the client's stream", async () => {
  const client = source([bytes(10), bytes(10)]);
  const space = room();
  const body = requestBody(client.exchange, 1_000, space);
  await some(body.stream(), 1);
  body[Symbol.dispose]();
  assert.equal(client.closed(), true);
  assert.equal(space.used, 0);
});

test("a try that still hangs in a read does not take what belongs to the next one", async () => {
  const gate = Promise.withResolvers<void>();
  let given = 0;
  const exchange = {
    body: (async function* () {
      for (let i = 0; i < 3; i++) {
        given++;
        if (i === 1) await gate.promise;
        yield bytes(10, i);
      }
    })(),
  } as Pick<ServerExchange, "body"> as ServerExchange;
  const body = requestBody(exchange, 1_000, room());
  const hanging = body.stream()[Symbol.asyncIterator]();
  await hanging.next();
  const hung = hanging.next();
  const next = all(body.stream());
  gate.resolve();
  assert.equal((await hung).done, true);
  assert.deepEqual([...(await next)], [...bytes(10, 0), ...bytes(10, 1), ...bytes(10, 2)]);
  assert.equal(given, 3);
});

test("however a body is cut and however often a try gives up, the last one gets all of it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 12 }),
      fc.array(fc.nat(12), { maxLength: 4 }),
      async (chunks, stops) => {
        const space = room();
        const body = requestBody(source(chunks).exchange, 10_000, space);
        for (const stop of stops) await some(body.stream(), stop);
        assert.deepEqual(await all(body.stream()), Buffer.concat(chunks));
        body[Symbol.dispose]();
        assert.equal(space.used, 0);
      },
    ),
  );
});
