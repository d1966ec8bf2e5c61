import assert from "node:assert/strict";
import { test } from "node:test";
import { type ServerExchange, serveHttp1 } from "../../net/index.ts";
import type { CheckSpec } from "../state/model.ts";
import { httpProbe } from "./http-probe.ts";
import { maxOutputChars } from "./probe.ts";
import { splitAddress, tcpProbe } from "./tcp-probe.ts";

const never = new AbortController().signal;
const policy = {
  successBeforePassing: 0,
  failuresBeforeWarning: 0,
  failuresBeforeCritical: 0,
  deregisterAfterMs: 0,
  intervalMs: 1_000,
  timeoutMs: 1_000,
};
const httpSpec = (url: string, more: Partial<Extract<CheckSpec, { kind: "http" }>> = {}) => ({
  kind: "http" as const,
  url,
  method: "GET",
  headers: {},
  body: "",
  tlsSkipVerify: false,
  tlsServerName: "",
  followRedirects: true,
  ...policy,
  ...more,
});
const tcpSpec = (address: string) => ({ kind: "tcp" as const, address, ...policy });
const serve = (handler: (exchange: ServerExchange) => Promise<void> | void) =>
  serveHttp1(handler, { port: 0 });

for (const [status, result] of [
  [200, "passing"],
  [204, "passing"],
  [299, "passing"],
  [429, "warning"],
  [304, "critical"],
  [404, "critical"],
  [500, "critical"],
] as const) {
  test(`an answer ${status} is ${result}`, async () => {
    await using server = await serve((x) => x.respond({ status }));
    const found = await httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`), never);
    assert.equal(found.status, result);
  });
}

test("the output names the request, the answer and what it said", async () => {
  await using server = await serve((x) => x.respond({ status: 200, body: "all well" }));
  const url = `http://127.0.0.1:${server.port}/health`;
  const found = await httpProbe(httpSpec(url), never);
  assert.equal(found.output, `HTTP GET ${url}: 200 OK Output: all well`);
});

test("method, headers and body go as registered, on a connection of its own", async () => {
  const seen: unknown[] = [];
  await using server = await serve(async (x) => {
    const body = new TextDecoder().decode(await x.bytes(1_000));
    seen.push([x.method, x.target, x.header("x-a"), x.header("connection"), body]);
    await x.respond({ status: 200 });
  });
  const spec = httpSpec(`http://127.0.0.1:${server.port}/h?x=1`, {
    method: "POST",
    headers: { "X-A": ["1"], Connection: ["keep-alive"] },
    body: "ping",
  });
  await httpProbe(spec, never);
  assert.deepEqual(seen, [["POST", "/h?x=1", "1", "close", "ping"]]);
});

test("a check names its host and itself, in any case, each once", async () => {
  const seen: unknown[] = [];
  await using server = await serve(async (x) => {
    const named = (name: string): string[] =>
      x.headers.filter((_, at) => at % 2 === 1 && x.headers[at - 1]?.toLowerCase() === name);
    seen.push(...["host", "user-agent", "accept", "x-a"].map(named));
    await x.respond({ status: 200 });
  });
  const headers = {
    ...{ Host: ["shop.example"], "User-Agent": ["mine"], ACCEPT: ["text/html"] },
    ...{ "x-a": ["1"], "X-A": ["2"] },
  };
  const { output } = await httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`, { headers }), never);
  assert.deepEqual(seen, [["shop.example"], ["mine"], ["text/html"], ["1", "2"]], output);
});

test("a redirect within the origin keeps the headers of the check, one that leaves it loses them for good", async () => {
  const seen: [string, string | undefined][] = [];
  const note = (x: ServerExchange): void =>
    void seen.push([x.target, `${x.header("authorization")} ${x.header("x-a")} ${x.header("accept")}`]);
  const to = (x: ServerExchange, location: string): Promise<void> =>
    x.respond({ status: 307, headers: ["Location", location] });
  await using other = await serve((x) => {
    note(x);
    return to(x, `http://127.0.0.1:${own.port}/back`);
  });
  await using own = await serve((x) => {
    note(x);
    if (x.target === "/") return to(x, "/here");
    return x.target === "/here"
      ? to(x, `http://127.0.0.1:${other.port}/there`)
      : x.respond({ status: 200, body: "done" });
  });
  const headers = { Authorization: ["Bearer s3cret"], "X-A": ["1"], Accept: ["text/html"] };
  const found = await httpProbe(httpSpec(`http://127.0.0.1:${own.port}/`, { headers }), never);
  assert.equal(found.status, "passing");
  const without = "undefined undefined text/plain, text/*, */*";
  assert.deepEqual(seen, [
    ["/", "Bearer s3cret 1 text/html"],
    ["/here", "Bearer s3cret 1 text/html"],
    ["/there", without],
    ["/back", without],
  ]);
});

test("an endless body costs one page", async () => {
  await using server = await serve((x) =>
    x
      .respond({
        status: 200,
        body: (async function* () {
          for (;;) yield new Uint8Array(1_000).fill(97);
        })(),
      })
      .catch(() => undefined),
  );
  const found = await httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`), never);
  assert.equal(found.status, "passing");
  assert.equal(found.output.length, maxOutputChars);
});

test("a redirect is followed to its end", async () => {
  await using server = await serve((x) =>
    x.target === "/a"
      ? x.respond({ status: 302, headers: ["Location", "/b"] })
      : x.respond({ status: 200, body: "b" }),
  );
  const found = await httpProbe(httpSpec(`http://127.0.0.1:${server.port}/a`), never);
  assert.equal(found.status, "passing");
});

test("a redirect that must not be followed is critical", async () => {
  await using server = await serve((x) => x.respond({ status: 302, headers: ["Location", "/b"] }));
  const spec = httpSpec(`http://127.0.0.1:${server.port}/a`, { followRedirects: false });
  assert.equal((await httpProbe(spec, never)).status, "critical");
});

test("a circle of redirects ends critical", async () => {
  let asked = 0;
  await using server = await serve((x) => {
    asked++;
    return x.respond({ status: 301, headers: ["Location", "/"] });
  });
  const found = await httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`), never);
  assert.equal(found.status, "critical");
  assert.equal(asked, 11);
});

test("an instance that does not answer is given up with the signal", async () => {
  const answer = Promise.withResolvers<void>();
  await using server = await serve(() => answer.promise);
  const late = new AbortController();
  const probing = httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`), late.signal);
  setImmediate(() => late.abort());
  await assert.rejects(probing);
  answer.resolve();
});

test("a port that accepts is passing", async () => {
  await using server = await serve((x) => x.respond({ status: 200 }));
  const address = `127.0.0.1:${server.port}`;
  assert.deepEqual(await tcpProbe(tcpSpec(address), never), {
    status: "passing",
    output: `TCP connect ${address}: Success`,
  });
});

test("a port nobody listens on fails with the system's words", async () => {
  const server = await serve((x) => x.respond({ status: 200 }));
  await server.drain(0);
  await assert.rejects(tcpProbe(tcpSpec(`127.0.0.1:${server.port}`), never), /ECONNREFUSED/);
  await assert.rejects(httpProbe(httpSpec(`http://127.0.0.1:${server.port}/`), never), /ECONNREFUSED/);
});

test("an address is split at its last colon", () => {
  assert.deepEqual(splitAddress("localhost:80"), { host: "localhost", port: 80 });
  assert.deepEqual(splitAddress("[fe80::1]:80"), { host: "fe80::1", port: 80 });
  assert.ok(Number.isNaN(splitAddress("localhost").port));
  assert.ok(Number.isNaN(splitAddress("localhost:x").port));
});
