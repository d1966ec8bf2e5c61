import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../kernel/index.ts";
import {
  type ByteStream,
  type ClientRequest,
  http1Pool,
  http2Pool,
  type ServerHandler,
  serveHttp1,
  serveHttp2,
} from "./index.ts";

const latin1 = fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code));

const versions = [
  ...(["engine", "compat"] as const).map((transport) => ({
    name: `HTTP/1.1 ${transport}`,
    serve: (handler: ServerHandler, options: { port: number }) =>
      serveHttp1(handler, { ...options, transport }),
    dial: (origin: string) => http1Pool(origin, { transport }),
  })),
  { name: "HTTP/2", serve: serveHttp2, dial: (origin: string) => http2Pool(origin) },
];

async function failureOf(work: Promise<unknown>): Promise<TuskerError> {
  const error = await work.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof TuskerError, String(error));
  return error;
}

for (const { name, serve, dial } of versions) {
  test(`${name}: a request that cannot be written is its caller's, and no peer hears of it`, async () => {
    let runs = 0;
    await using server = await serve(
      async (x) => {
        runs++;
        await x.respond({ status: 200, body: x.header("x-name") ?? "" });
      },
      { port: 0 },
    );
    await using pool = dial(`http://127.0.0.1:${server.port}`);
    const unwritable: readonly Partial<ClientRequest>[] = [
      { headers: ["x-name", "Łukasz"] },
      { headers: ["x-name", "a\r\nx-other: b"] },
      { headers: ["x-name", "a\0"] },
      { headers: ["bad name", "1"] },
      { headers: ["", "1"] },
      { path: "/Ł" },
      { path: "/a b" },
    ];
    for (const part of unwritable) {
      const failure = await failureOf(pool.request({ method: "GET", path: "/", ...part }));
      assert.deepEqual([failure.code, failure.details.sent], ["NET_MALFORMED", false], JSON.stringify(part));
    }
    assert.equal(runs, 0);
    const good = await pool.request({ method: "GET", path: "/", headers: ["x-name", "José"] });
    assert.equal(good.status, 200);
    await good.bytes(100);
  });

  test(`${name}: whatever text a field has, it arrives as it is or its caller hears NET_MALFORMED`, async () => {
    await using server = await serve((x) => x.respond({ status: 200, body: x.header("x-name") ?? "" }), {
      port: 0,
    });
    await using pool = dial(`http://127.0.0.1:${server.port}`);
    const text = fc.oneof(fc.string(), fc.string({ unit: latin1 }), fc.string({ unit: "binary" }));
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        const headers = ["x-name", value];
        const got = await pool.request({ method: "GET", path: "/", headers }).then(
          (answer) => answer.text(1_000),
          (error: unknown) => error,
        );
        if (got instanceof TuskerError)
          assert.deepEqual([got.code, got.details.sent], ["NET_MALFORMED", false]);
        else assert.equal(got, value.replace(/^[ \t]+|[ \t]+$/g, ""));
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: a body of ours that breaks is our failure, not the peer's`, async () => {
    await using server = await serve(
      async (x) => {
        if (x.target === "/early") await x.respond({ status: 200, body: x.body });
        else await x.respond({ status: 200, body: String((await x.bytes(100)).byteLength) });
      },
      { port: 0 },
    );
    await using pool = dial(`http://127.0.0.1:${server.port}`);
    async function* broken(error: Error): ByteStream {
      yield new Uint8Array(1);
      throw error;
    }
    const ask = (path: string, error: Error): Promise<unknown> =>
      pool.request({ method: "POST", path, body: broken(error) }).then((answer) => answer.bytes(100));
    const foreign = await failureOf(ask("/", new Error("disk gone at /srv")));
    assert.deepEqual([foreign.code, foreign.details.sent], ["KERNEL_INTERNAL", true]);
    assert.doesNotMatch(foreign.message, /srv/);
    const ours = await failureOf(ask("/", new TuskerError("GATEWAY_BODY_TOO_LARGE", "too large")));
    assert.equal(ours.code, "GATEWAY_BODY_TOO_LARGE");
    assert.equal((await failureOf(ask("/early", new Error("disk gone")))).code, "KERNEL_INTERNAL");
  });
}
