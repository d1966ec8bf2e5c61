import assert from "node:assert/strict";
import { test } from "node:test";
import { httpClient, isLoopback, isOwnName, refuseRebinding, serveHttp1 } from "./index.ts";

test("loopback is what only this machine reaches", () => {
  assert.deepEqual(
    ["127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "127.evil.example"].map(
      isLoopback,
    ),
    [true, true, true, true, false, false, false, false],
  );
});

test("a name of this machine is localhost or an address, and nothing that only begins or ends like one", () => {
  for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1:8500", "10.0.0.1", "[::1]:4318", "[fe80::1]"])
    assert.ok(isOwnName(host), host);
  for (const host of [
    "",
    "evil.example:4318",
    "localhost.evil.example",
    "127.0.0.1.evil.example:80",
    "1.2.3.4.5",
    "[::1].evil.example",
    "localhost:80@evil.example",
    "evil.example/localhost",
  ])
    assert.ok(!isOwnName(host), host);
});

test("on loopback a page of another name gets nothing, and on other addresses every name is served", async () => {
  await using http = httpClient();
  let served = 0;
  const handler = refuseRebinding("this test", "127.0.0.1", (exchange) => {
    served++;
    return exchange.respond({ status: 204 });
  });
  await using server = await serveHttp1(handler, { host: "127.0.0.1", port: 0 });
  const statusFor = async (name: string): Promise<number> => {
    const url = `http://127.0.0.1:${server.port}/`;
    const answer = await http.request({ method: "GET", url, headers: ["Host", name] });
    await answer.text(1_000);
    return answer.status;
  };
  assert.equal(await statusFor("evil.example"), 403);
  assert.equal(served, 0);
  assert.equal(await statusFor(`localhost:${server.port}`), 204);
  const open = refuseRebinding("this test", "0.0.0.0", handler);
  assert.equal(open, handler);
});
