import assert from "node:assert/strict";
import { generateKeyPairSync, hash, type KeyObject } from "node:crypto";
import { test } from "node:test";
import { SignJWT } from "jose";
import { manualClock } from "../../kernel/index.ts";
import { type Server, serveHttp1 } from "../../net/index.ts";
import { ask, bench, endpoint, rawService, service, until } from "../fixture.test.ts";
import { apiKeys } from "./api-keys.ts";
import { issuerKeys } from "./jwks.ts";

interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: object;
}

function key(kid: string): Key {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, alg: "EdDSA", use: "sig" } };
}

interface Wanted {
  readonly audience?: string;
  readonly issuer?: string;
  readonly scope?: string;
  readonly endsInS?: number;
  /** False: it does not name its key. */
  readonly kid?: boolean;
}

function token(by: Key, wanted: Wanted = {}): Promise<string> {
  const {
    audience = "shop",
    issuer = "https://issuer.test",
    scope = "orders.read",
    endsInS = 600,
    kid = true,
  } = wanted;
  return new SignJWT({ scope })
    .setProtectedHeader({ alg: "EdDSA", ...(kid ? { kid: by.kid } : {}) })
    .setSubject("ada")
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.parse(new Date().toISOString()) / 1000) + endsInS)
    .sign(by.privateKey);
}

/** An issuer that publishes what it is told to, and counts who asks. */
async function issuer(keys: readonly Key[]): Promise<Server & { keys: readonly Key[]; asked: number }> {
  const state = { keys, asked: 0 };
  const server = await serveHttp1(
    (exchange) => {
      state.asked++;
      return exchange.respond({
        status: 200,
        headers: ["Content-Type", "application/jwk-set+json"],
        body: JSON.stringify({ keys: state.keys.map(({ jwk }) => jwk) }),
      });
    },
    { port: 0 },
  );
  return Object.assign(state, {
    ...server,
    port: server.port,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  });
}

function consumerService(): Promise<Server> {
  return service((exchange) =>
    exchange.respond({
      status: 200,
      body: `${exchange.header("x-tusker-consumer")} ${exchange.header("x-api-key")}`,
    }),
  );
}

function jwt(port: number): object {
  return { issuer: "https://issuer.test", audience: "shop", jwks_url: `http://127.0.0.1:${port}/jwks` };
}

const bearer = (text: string): { headers: string[] } => ({ headers: ["Authorization", `Bearer ${text}`] });

test("a key lets its consumer in, and the service is told who it is, but not the key", async () => {
  await using users = await consumerService();
  await using front = await bench({
    gateway: { api_keys: { acme: [keyHash("good"), keyHash("older")] } },
    routes: {
      "/a": { service: "users", auth: ["key"] },
      "/vip": { service: "users", auth: ["key"], consumers: ["umbrella"] },
      "/open": { service: "users" },
    },
    endpoints: [endpoint(users.port)],
  });
  const by = (target: string, ...headers: string[]) => ask(front.port, target, { headers });
  assert.equal((await by("/a", "X-API-Key", "good", "X-Tusker-Consumer", "root")).body, "acme undefined");
  assert.equal((await by("/a", "X-API-Key", "older")).status, 200);
  const refused = await by("/a");
  assert.deepEqual(
    [refused.status, refused.code, refused.header("www-authenticate")],
    [401, "GATEWAY_UNAUTHENTICATED", 'ApiKey realm="gateway"'],
  );
  assert.equal((await by("/a", "X-API-Key", "bad")).status, 401);
  assert.deepEqual(
    [(await by("/vip", "X-API-Key", "good")).status, (await by("/vip", "X-API-Key", "good")).code],
    [403, "GATEWAY_FORBIDDEN"],
  );
  assert.equal(
    (await by("/open", "X-Tusker-Consumer", "root")).body,
    "undefined undefined",
    "nobody claims to be known",
  );
});

test("a signature is checked once, whichever way its request goes and how many come with it at first", async (t) => {
  await using users = await consumerService();
  const one = key("one");
  await using keys = await issuer([one]);
  await using front = await bench({
    gateway: { jwt: jwt(keys.port) },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
  });
  await front.gateway.reachable();
  const { verify } = crypto.subtle;
  const checked = t.mock.method(crypto.subtle, "verify", verify);
  const alone = await token(one);
  assert.equal((await ask(front.port, "/a", bearer(alone))).body, "ada undefined");
  assert.equal(checked.mock.callCount(), 1, "alone");
  const shared = await token(one, { scope: "orders.write" });
  const all = await Promise.all(Array.from({ length: 20 }, () => ask(front.port, "/a", bearer(shared))));
  assert.deepEqual(new Set(all.map(({ body }) => body)), new Set(["ada undefined"]));
  assert.equal(checked.mock.callCount(), 2, "of twenty at once");
  const bad = await token(key("one"));
  assert.equal((await ask(front.port, "/a", bearer(bad))).status, 401);
  // The key that is known and, if there were a newer one, that.
  assert.equal(checked.mock.callCount(), 3, "bad");
});

test("a token is checked in every respect, once, and then remembered", async () => {
  await using users = await consumerService();
  const one = key("one");
  await using keys = await issuer([one]);
  await using front = await bench({
    gateway: { jwt: jwt(keys.port) },
    routes: {
      "/a": { service: "users", auth: ["jwt"] },
      "/w": { service: "users", auth: ["jwt"], scopes: ["orders.read", "orders.write"] },
    },
    endpoints: [endpoint(users.port)],
  });
  const good = await token(one);
  for (let i = 0; i < 3; i++) assert.equal((await ask(front.port, "/a", bearer(good))).body, "ada undefined");
  assert.equal(keys.asked, 1);
  const lacking = await ask(front.port, "/w", bearer(good));
  assert.deepEqual([lacking.status, lacking.code], [403, "GATEWAY_FORBIDDEN"]);
  assert.equal(
    (await ask(front.port, "/w", bearer(await token(one, { scope: "orders.write orders.read" })))).status,
    200,
  );
  const stranger = key("one");
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${good.split(".")[1]}.`;
  for (const bad of [
    await token(one, { audience: "other" }),
    await token(one, { issuer: "https://evil.test" }),
    await token(one, { endsInS: -60 }),
    await token(stranger),
    unsigned,
    "nonsense",
    `${good.slice(0, -4)}AAAA`,
  ]) {
    const refused = await ask(front.port, "/a", bearer(bad));
    assert.deepEqual([refused.status, refused.code], [401, "GATEWAY_UNAUTHENTICATED"], bad);
    assert.ok(!refused.body.includes(bad));
  }
});

test("a key the issuer began to use is fetched when a token names it", async () => {
  await using users = await consumerService();
  const [one, two] = [key("one"), key("two")];
  await using keys = await issuer([one]);
  const clock = manualClock(Date.parse(new Date().toISOString()));
  await using front = await bench({
    gateway: { jwt: jwt(keys.port) },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  assert.equal((await ask(front.port, "/a", bearer(await token(one)))).status, 200);
  keys.keys = [two];
  assert.equal(
    (await ask(front.port, "/a", bearer(await token(two)))).status,
    401,
    "it was asked a moment ago",
  );
  assert.equal(keys.asked, 1);
  clock.advance(30_000);
  assert.equal((await ask(front.port, "/a", bearer(await token(two)))).status, 200);
  assert.equal(keys.asked, 2);
});

test("an issuer that does not name its keys may have several, and change them", async () => {
  await using users = await consumerService();
  const nameless = (one: Key): Key => {
    const { kid: _kid, ...jwk } = Object.assign({ kid: "" }, one.jwk);
    return { ...one, jwk };
  };
  const [one, two, three] = [nameless(key("a")), nameless(key("b")), nameless(key("c"))];
  await using keys = await issuer([one, two]);
  const clock = manualClock(Date.parse(new Date().toISOString()));
  await using front = await bench({
    gateway: { jwt: jwt(keys.port) },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  let ends = 600;
  // Each is another token: none is remembered.
  const status = async (by: Key) =>
    (await ask(front.port, "/a", bearer(await token(by, { kid: false, endsInS: ends++ })))).status;
  assert.deepEqual([await status(one), await status(two), await status(three)], [200, 200, 401]);
  keys.keys = [three];
  clock.advance(30_000);
  assert.equal(await status(three), 200, "a signature that does not fit may be of a new key");
  assert.equal(await status(one), 401);
  assert.equal(keys.asked, 2);
});

test("an issuer that hangs holds nobody up for longer than five seconds, and only until its keys are known", async () => {
  await using users = await consumerService();
  await using hangs = await rawService(() => {});
  const clock = manualClock(Date.parse(new Date().toISOString()));
  await using front = await bench({
    gateway: { jwt: jwt(hangs.port) },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  const waiting = ask(front.port, "/a", bearer(await token(key("one"))));
  await until(() => hangs.count === 1);
  clock.advance(5_000);
  const refused = await waiting;
  assert.deepEqual([refused.status, refused.code], [503, "GATEWAY_KEYS_UNAVAILABLE"]);
  assert.equal(
    (await ask(front.port, "/a", bearer(await token(key("one"))))).status,
    503,
    "not asked again at once",
  );
  assert.equal(hangs.count, 1);
  assert.equal(front.metric("tusker_gateway_jwks_failures_total"), 1);
});

test("an issuer that hangs holds nobody up for longer than the request has", async () => {
  await using users = await consumerService();
  await using hangs = await rawService(() => {});
  const clock = manualClock(Date.parse(new Date().toISOString()));
  await using front = await bench({
    gateway: { jwt: jwt(hangs.port), timeout: "1s" },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  const waiting = ask(front.port, "/a", bearer(await token(key("one"))));
  await until(() => hangs.count === 1);
  clock.advance(1_000);
  const refused = await waiting;
  assert.deepEqual([refused.status, refused.code], [503, "GATEWAY_KEYS_UNAVAILABLE"]);
});

test("a wall clock that is set back does not keep a token in whose key was withdrawn", async () => {
  await using users = await consumerService();
  const [one, two] = [key("one"), key("two")];
  await using keys = await issuer([one]);
  const real = manualClock(Date.parse(new Date().toISOString()));
  let backMs = 0;
  const clock = { ...real, now: () => real.now(), wall: () => real.wall() - backMs };
  await using front = await bench({
    gateway: { jwt: jwt(keys.port) },
    routes: { "/a": { service: "users", auth: ["jwt"] } },
    endpoints: [endpoint(users.port)],
    clock,
  });
  const good = bearer(await token(one, { endsInS: 86_400 }));
  assert.equal((await ask(front.port, "/a", good)).status, 200);
  keys.keys = [two];
  backMs = 3_600_000;
  assert.equal(front.metric("tusker_gateway_clock_jumps"), 1);
  real.advance(700_000);
  // Old keys are good for one more request, which has new ones fetched.
  await ask(front.port, "/a", good);
  await until(() => keys.asked === 2);
  real.advance(300_000);
  assert.equal((await ask(front.port, "/a", good)).status, 401);
});

test("known keys go on counting while the issuer is away, and nobody waits for it", async () => {
  const clock = manualClock();
  const fetches: PromiseWithResolvers<unknown>[] = [];
  const failures: unknown[] = [];
  const keys = issuerKeys({
    fetch: () => {
      const next = Promise.withResolvers<unknown>();
      fetches.push(next);
      return next.promise;
    },
    compile: ({ keys: list }) =>
      Object.assign(async () => Promise.reject(new Error(String(list.length))), {
        jwks: () => ({ keys: list }),
      }),
    clock,
    onFailure: (error) => failures.push(error),
  });
  const first = keys.current();
  fetches[0]?.resolve({ keys: [{ kty: "OKP" }, { kty: "oct", k: "c2VjcmV0" }, 5] });
  assert.equal((await first).jwks().keys.length, 1, "a shared secret is no published key");
  clock.advance(600_000);
  assert.equal(await keys.current(), await first, "old, but at once");
  assert.equal(fetches.length, 2);
  fetches[1]?.reject(new Error("down"));
  await until(() => failures.length === 1);
  assert.equal(await keys.current(), await first);
  assert.equal(fetches.length, 2, "not asked by every request");
  clock.advance(5_000);
  await keys.current();
  assert.equal(fetches.length, 3);
});

test("keys are compared by hash, and a very long one is nobody's", () => {
  const keys = apiKeys({ acme: [keyHash("x".repeat(600)), keyHash("k")] });
  assert.equal(keys.consumerOf("k"), "acme");
  assert.equal(keys.consumerOf(keyHash("k")), undefined, "the hash itself is no key");
  assert.equal(keys.consumerOf("x".repeat(600)), undefined);
});

function keyHash(text: string): string {
  return `sha256:${hash("sha256", text)}`;
}
