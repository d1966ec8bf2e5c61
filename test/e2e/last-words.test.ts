/** A process whose last act is to close a connection. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { serveHttp2 } from "../../src/net/index.ts";

test("closing a connection of HTTP/2 keeps the process until it is closed", async () => {
  await using server = await serveHttp2(async (exchange) => exchange.respond({ status: 200, body: "x" }), {
    port: 0,
  });
  const program = `
    import { http2Pool } from ${JSON.stringify(new URL("../../src/net/index.ts", import.meta.url).href)};
    for (let i = 0; i < 10; i++) {
      const pool = http2Pool("http://127.0.0.1:${server.port}");
      const answer = await pool.request({ method: "GET", path: "/" });
      await answer.bytes(10);
      await pool[Symbol.asyncDispose]();
    }
    console.log("closed");
  `;
  const args = ["--conditions=tusker-source", "--input-type=module", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  assert.equal(stdout, "closed\n");
});
