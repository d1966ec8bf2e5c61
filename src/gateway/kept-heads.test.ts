import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { manualClock } from "../kernel/index.ts";
import { http1Pool, type Pool, type Server } from "../net/index.ts";
import { bench, endpoint, service, test } from "./fixture.test.ts";

/** Heads that come again on a connection are not judged anew in every respect; these are the respects that remain. */

function named(): Promise<Server> {
  return service((exchange) =>
    exchange.respond({ status: 200, body: String(exchange.header("x-tusker-consumer")) }),
  );
}

async function issuer() {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "EdDSA" }];
  const server = await service((exchange) =>
    exchange.respond({ status: 200, body: JSON.stringify({ keys }) }),
  );
  const token = (endsAtMs: number): Promise<string> =>
    new SignJWT({ scope: "read" })
      .setProtectedHeader({ alg: "EdDSA", kid: "one" })
      .setSubject("ada")
      .setIssuer("https://issuer.test")
      .setAudience("shop")
      .setExpirationTime(Math.floor(endsAtMs / 1_000))
      .sign(privateKey);
  const jwt = {
    issuer: "https://issuer.test",
    audience: "shop",
    jwks_url: `http://127.0.0.1:${server.port}/`,
  };
  return { jwt, token, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** One request on the connection that is there. */
async function again(pool: Pool, path: string, token: string, method = "GET") {
  const headers = ["Host", "shop.test", "User-Agent", "kept/1", "Authorization", `Bearer ${token}`];
  const answer = await pool.request({ method, path, headers });
  const body = Buffer.from(await answer.bytes(65_536)).toString();
  return { status: answer.status, body, header: (name: string) => answer.header(name) };
}

test("a token that comes again and again is good until it ends, and no longer", async () => {
  const start = 1_800_000_000_000;
  const clock = manualClock(start);
  await using users = await named();
  await using issued = await issuer();
  await using front = await bench({
    gateway: { jwt: { ...issued.jwt, leeway: "0s" } },
    routes: { "/*": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  await using pool = http1Pool(`http://127.0.0.1:${front.port}`, { connections: 1 });
  const token = await issued.token(start + 60_000);
  for (let n = 0; n < 6; n++) {
    const { status, body } = await again(pool, "/a", token);
    assert.deepEqual([status, body], [200, "ada"]);
    clock.advance(9_999);
  }
  clock.advance(10);
  assert.equal((await again(pool, "/a", token)).status, 401);
  const other = await issued.token(start + 120_000);
  assert.equal((await again(pool, "/a", other)).status, 200);
  assert.equal((await again(pool, "/a", `${other.slice(0, -4)}AAAA`)).status, 401);
});

test("who may use a route is asked anew behind a reload, also of those who were let in before", async () => {
  await using users = await named();
  await using issued = await issuer();
  const routes = (consumers: readonly string[]) => ({ "/*": { service: "users", auth: ["jwt"], consumers } });
  const gateway = { jwt: issued.jwt };
  await using front = await bench({ gateway, routes: routes(["ada"]), endpoints: [endpoint(users.port)] });
  await using pool = http1Pool(`http://127.0.0.1:${front.port}`, { connections: 1 });
  const token = await issued.token(Date.parse(new Date().toISOString()) + 600_000);
  const statuses = async (): Promise<number[]> => {
    const seen: number[] = [];
    for (let n = 0; n < 4; n++) seen.push((await again(pool, "/a", token)).status);
    return seen;
  };
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  assert.deepEqual(front.gateway.adopt(front.config(gateway, routes(["bob"]))), []);
  assert.deepEqual(await statuses(), [403, 403, 403, 403]);
  front.gateway.adopt(front.config({ jwt: { ...issued.jwt, audience: "bank" } }, routes(["ada"])));
  assert.deepEqual(await statuses(), [401, 401, 401, 401]);
  front.gateway.adopt(front.config(gateway, routes(["ada"])));
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
});

test("one head on more routes than are remembered for it: each request is told from the others", async () => {
  await using users = await named();
  await using issued = await issuer();
  const paths = Array.from({ length: 7 }, (_, n) => `/r${n}`);
  await using front = await bench({
    gateway: { jwt: issued.jwt },
    routes: Object.fromEntries(paths.map((path) => [path, { service: "users", auth: ["jwt"] }])),
    endpoints: [endpoint(users.port)],
  });
  await using pool = http1Pool(`http://127.0.0.1:${front.port}`, { connections: 1 });
  const token = await issued.token(Date.parse(new Date().toISOString()) + 600_000);
  const asked = [...paths, ...paths.toReversed(), ...paths, ...paths.slice(0, 2), ...paths.slice(0, 2)];
  for (const path of asked) {
    const { status, body } = await again(pool, path, token);
    assert.deepEqual([status, body], [200, "ada"]);
  }
  const requests = front.spans.filter(({ kind }) => kind === "server");
  assert.deepEqual(
    requests.map(({ name, attributes }) => [name, attributes["http.route"], attributes["url.path"]]),
    asked.map((path) => [`GET ${path}`, path, path]),
  );
});

test("two routes and two methods on one connection are let in, limited and traced each as their own", async () => {
  await using users = await named();
  await using issued = await issuer();
  await using front = await bench({
    gateway: { jwt: issued.jwt },
    routes: {
      "/a/*": { service: "users", auth: ["jwt"], rate_limit: { requests: 100, window: "1h" } },
      "/b/{id}": { service: "users", auth: ["jwt"], consumers: ["bob"] },
      "/open": { service: "users" },
    },
    endpoints: [endpoint(users.port)],
  });
  await using pool = http1Pool(`http://127.0.0.1:${front.port}`, { connections: 1 });
  const token = await issued.token(Date.parse(new Date().toISOString()) + 600_000);
  for (let n = 1; n <= 5; n++) {
    const limited = await again(pool, `/a/${n}?x=1`, token);
    assert.deepEqual([limited.status, limited.body], [200, "ada"]);
    assert.match(limited.header("ratelimit") ?? "", new RegExp(`^"/a/\\*";r=${100 - n};t=\\d+$`));
    assert.equal(limited.header("ratelimit-policy"), '"/a/*";q=100;w=3600');
    const refused = await again(pool, "/b/7", token);
    assert.equal(refused.status, 403);
    const open = await again(pool, "/open", token, n % 2 === 0 ? "GET" : "DELETE");
    assert.deepEqual([open.status, open.body, open.header("ratelimit")], [200, "undefined", undefined]);
  }
  const requests = front.spans.filter(({ kind }) => kind === "server");
  const tries = front.spans.filter(({ kind }) => kind === "client");
  const seen = (name: string) => requests.filter((span) => span.name === name);
  assert.deepEqual(
    ["GET /a/*", "GET /b/{id}", "GET /open", "DELETE /open"].map((name) => seen(name).length),
    [5, 5, 2, 3],
  );
  assert.deepEqual(
    seen("GET /a/*").map(({ attributes }) => attributes["url.path"]),
    ["/a/1", "/a/2", "/a/3", "/a/4", "/a/5"],
  );
  for (const { attributes, name } of requests) {
    const {
      "url.path": path,
      "http.response.status_code": status,
      "http.request.method": method,
      "tusker.code": code,
      ...same
    } = attributes;
    assert.ok(typeof path === "string" && typeof status === "number");
    assert.equal(name.split(" ")[0], method);
    assert.equal(code, status === 403 ? "GATEWAY_FORBIDDEN" : undefined);
    assert.deepEqual(same, {
      "http.route": name.split(" ")[1],
      "url.scheme": "http",
      "server.address": "shop.test",
      "network.peer.address": "127.0.0.1",
      "network.protocol.version": "1.1",
      "user_agent.original": "kept/1",
      "client.address": "127.0.0.1",
    });
  }
  assert.equal(tries.length, 10);
  assert.equal(new Set(front.spans.map(({ spanId }) => spanId)).size, front.spans.length);
  for (const attempt of tries)
    assert.ok(requests.some((one) => one.spanId === attempt.parentSpanId && one.traceId === attempt.traceId));
});
