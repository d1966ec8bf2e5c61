import { strict as assert } from "node:assert";
import { test } from "node:test";
import { testCertificate } from "../../test/support/certificate.ts";
import type { ServerHandler } from "./exchange.ts";
import { httpPool } from "./http-pool.ts";
import { serveHttp2 } from "./http2.ts";
import { serveHttp1 } from "./serve-http1.ts";

const handler: ServerHandler = async (exchange) => {
  const body = Buffer.from(await exchange.bytes(1_000)).toString();
  await exchange.respond({ status: 200, body: `${exchange.httpVersion} ${body}` });
};
const tls = { certificate: () => testCertificate };
const trusting = { tls: { ca: testCertificate.cert } };
async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from("a");
  yield Buffer.from("b");
}

test("over TLS the server chooses the version, and a request loses nothing by it", async () => {
  await using both = await serveHttp2(handler, { port: 0, tls, http1: true });
  await using old = await serveHttp1(handler, { port: 0, tls });
  for (const [server, said] of [
    [both, "2 ab"],
    [old, "1.1 ab"],
  ] as const) {
    await using pool = httpPool(`https://127.0.0.1:${server.port}`, trusting);
    // The first finds out, the others run at once; a body that streams can be sent only once.
    for (const count of [1, 3]) {
      const asked = Array.from({ length: count }, () =>
        pool.request({ method: "POST", path: "/", body: pieces() }),
      );
      for (const answer of await Promise.all(asked)) assert.equal(await answer.text(10), said);
    }
  }
});

test("in clear text it is HTTP/1.1, which every server knows", async () => {
  await using both = await serveHttp2(handler, { port: 0, http1: true });
  await using pool = httpPool(`http://127.0.0.1:${both.port}`);
  assert.equal(await (await pool.request({ method: "POST", path: "/", body: "ab" })).text(10), "1.1 ab");
});

test("a server that cannot be believed is an error in either version", async () => {
  await using both = await serveHttp2(handler, { port: 0, tls, http1: true });
  await using pool = httpPool(`https://127.0.0.1:${both.port}`);
  await assert.rejects(() => pool.request({ method: "GET", path: "/" }), { code: "NET_CONNECT" });
});
