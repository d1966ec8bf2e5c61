/** Compression on the way through: what comes bit by bit arrives bit by bit. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { ask, bench, endpoint, service, test } from "./fixture.test.ts";

const decoders = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress };

test("an answer that is made bit by bit arrives bit by bit, in every coding", async () => {
  let more = Promise.withResolvers<void>();
  await using users = await service((exchange) => {
    async function* words() {
      yield new TextEncoder().encode("first ");
      await more.promise;
      yield new TextEncoder().encode("second");
    }
    return exchange.respond({
      status: 200,
      headers: ["Content-Type", "application/x-ndjson"],
      body: words(),
    });
  });
  await using front = await bench({
    routes: { "/*": { service: "users", compress: true } },
    endpoints: [endpoint(users.port)],
  });
  for (const coding of ["gzip", "br", "zstd"] as const) {
    more = Promise.withResolvers<void>();
    const asked = request({ port: front.port, path: "/", headers: { "accept-encoding": coding } }).end();
    const [reply] = await once(asked, "response");
    assert.equal(reply.headers["content-encoding"], coding);
    const heard = reply.pipe(decoders[coding]());
    const [first] = await once(heard, "data");
    assert.equal(String(first), "first ", `${coding}: before the second is made`);
    more.resolve();
    const [second] = await once(heard, "data");
    assert.equal(String(second), "second");
    heard.resume();
    await once(heard, "end");
    asked.destroy();
  }
});

test("HEAD is told what GET is told", async () => {
  await using users = await service((exchange) =>
    exchange.respond({
      status: 200,
      headers: ["Content-Type", "text/plain", "ETag", '"v1"', "Content-Digest", "sha-256=:AAAA:"],
      body: "again and again. ".repeat(200),
    }),
  );
  await using front = await bench({
    routes: { "/*": { service: "users", compress: true } },
    endpoints: [endpoint(users.port)],
  });
  const headers = ["Accept-Encoding", "gzip"];
  const told = async (method: string) => {
    const reply = await ask(front.port, "/", { method, headers });
    const names = ["content-encoding", "vary", "etag", "content-digest"];
    return names.map((name) => reply.header(name));
  };
  assert.deepEqual(await told("GET"), ["gzip", "Accept-Encoding", 'W/"v1"', undefined]);
  assert.deepEqual(await told("HEAD"), await told("GET"));
});
