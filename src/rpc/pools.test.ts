import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Pool } from "../net/index.ts";
import { http1Pool, serveHttp1 } from "../net/index.ts";
import { type Pools, pools } from "./pools.ts";

/** Real pools that are counted. */
function counted(): { readonly made: string[]; readonly closed: string[]; readonly book: Pools<Pool> } {
  const made: string[] = [];
  const closed: string[] = [];
  const book = pools((origin): Pool => {
    made.push(origin);
    const pool = http1Pool(origin);
    return {
      origin,
      request: (request) => pool.request(request),
      async [Symbol.asyncDispose]() {
        closed.push(origin);
        await pool[Symbol.asyncDispose]();
      },
    };
  });
  return { made, closed, book };
}

test("an origin has one pool however often it is taken", async () => {
  const { made, book } = counted();
  book.take("http://a")[Symbol.dispose]();
  book.take("http://a")[Symbol.dispose]();
  book.take("http://b")[Symbol.dispose]();
  assert.deepEqual(made, ["http://a", "http://b"]);
  await book[Symbol.asyncDispose]();
});

test("a pool that is no longer wanted closes with its last request, not before", async () => {
  const { closed, book } = counted();
  const one = book.take("http://a");
  const two = book.take("http://a");
  book.take("http://b")[Symbol.dispose]();
  book.keep(new Set());
  assert.deepEqual(closed, ["http://b"]);
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assert.deepEqual(closed, ["http://b"]);
  two[Symbol.dispose]();
  assert.deepEqual(closed, ["http://b", "http://a"]);
});

test("an origin that comes back gets a new pool while the old one drains", async () => {
  const { made, closed, book } = counted();
  const old = book.take("http://a");
  book.keep(new Set());
  book.keep(new Set(["http://a"]));
  const fresh = book.take("http://a");
  assert.notEqual(old.pool, fresh.pool);
  old[Symbol.dispose]();
  assert.deepEqual([made.length, closed.length], [2, 1]);
  fresh[Symbol.dispose]();
  await book[Symbol.asyncDispose]();
  assert.equal(closed.length, 2);
});

test("a request on a pool that was dropped meanwhile still ends well", async () => {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await using server = await serveHttp1(
    async (exchange) => {
      arrived.resolve();
      await release.promise;
      await exchange.respond({ status: 200, body: "ok" });
    },
    { port: 0 },
  );
  const { book, closed } = counted();
  using taken = book.take(`http://127.0.0.1:${server.port}`);
  const call = taken.pool.request({ method: "GET", path: "/" });
  await arrived.promise;
  book.keep(new Set());
  release.resolve();
  assert.equal(await (await call).text(10), "ok");
  taken[Symbol.dispose]();
  assert.equal(closed.length, 1);
});
