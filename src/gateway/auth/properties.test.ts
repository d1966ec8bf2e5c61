/** What holds of who is let in, for any keys, any tokens and any issuer. */
import assert from "node:assert/strict";
import { generateKeyPairSync, hash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { SignJWT } from "jose";
import { manualClock, TuskerError } from "../../kernel/index.ts";
import { httpClient, serveHttp1 } from "../../net/index.ts";
import type { Verdict, Visit } from "../policy/visit.ts";
import { routesSection } from "../section.ts";
import { apiKeys } from "./api-keys.ts";
import { auth } from "./guard.ts";
import { issuerKeys } from "./jwks.ts";
import { type TokenClaims, tokens } from "./tokens.ts";

const sha256 = (text: string): string => `sha256:${hash("sha256", text)}`;

test("keys: each is its consumer's, and whatever is not written is nobody's", () => {
  const key = fc.string({ minLength: 1, maxLength: 40, unit: "binary" });
  const consumers = fc.dictionary(fc.string({ minLength: 1 }), fc.array(key, { minLength: 1, maxLength: 3 }));
  fc.assert(
    fc.property(consumers, fc.array(key), (written, others) => {
      const hashes = Object.entries(written).map(([name, keys]) => [name, keys.map(sha256)] as const);
      const known = apiKeys(Object.fromEntries(hashes));
      const owners = new Map(
        Object.entries(written).flatMap(([name, keys]) => keys.map((one) => [one, name] as const)),
      );
      for (const one of [...owners.keys(), ...others]) assert.equal(known.consumerOf(one), owners.get(one));
      for (const [, all] of hashes) for (const one of all) assert.equal(known.consumerOf(one), undefined);
    }),
  );
});

const showing = fc.constantFrom("nothing", "good", "bad");

test("guard: in comes who shows something good that the route takes, and nothing bad beside it", () => {
  const route = fc.record({
    auth: fc.constantFrom<string[]>(["key"], ["jwt"], ["key", "jwt"]),
    consumers: fc.constantFrom<string[] | undefined>(undefined, ["ada"], ["bob"]),
    scopes: fc.constantFrom<string[] | undefined>(undefined, ["read"], ["read", "write"]),
  });
  fc.assert(
    fc.property(route, showing, showing, fc.subarray(["read", "write"]), (written, key, token, scopes) => {
      const { auth: ways, consumers } = written;
      const wanted = ways.includes("jwt") ? written.scopes : undefined;
      const [settings] = Object.values(
        routesSection.parse({ "/a": { service: "s", auth: ways, consumers, scopes: wanted } }),
      ).flat();
      assert.ok(settings !== undefined);
      const claims: TokenClaims = { consumer: "ada", scopes: new Set(scopes), endMs: 0, againMs: 0 };
      const guard = auth(
        settings,
        {
          keys: { consumerOf: (one) => (one === "good" ? "ada" : undefined) },
          keyHeader: "X-API-Key",
          tokens: { check: (one) => (one === "good" ? claims : undefined), cached: 0 },
          clock: manualClock(),
        },
        1_000,
      );
      const visit = visitWith({
        "x-api-key": key === "nothing" ? undefined : key,
        authorization: token === "nothing" ? undefined : `Bearer ${token}`,
      });
      const shown = [ways.includes("key") ? key : "nothing", ways.includes("jwt") ? token : "nothing"];
      const known = shown.includes("good") && !shown.includes("bad");
      const may = consumers === undefined || consumers.includes("ada");
      // Scopes are of tokens: a key alone has none.
      const granted = shown[1] === "good" ? scopes : [];
      const enough = (wanted ?? []).every((one) => granted.includes(one));
      const expected = !known ? "GATEWAY_UNAUTHENTICATED" : may && enough ? undefined : "GATEWAY_FORBIDDEN";
      assert.equal(codeOf(guard(visit)), expected);
      if (!known) assert.equal(visit.consumer, undefined);
    }),
  );
});

test("jwks: whatever an issuer does and whenever it is asked for, it is asked seldom, and known keys are never lost", async () => {
  const step = fc.record({
    passMs: fc.nat(700_000),
    renew: fc.boolean(),
    answer: fc.constantFrom("keys", "nonsense", "fails", "hangs"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = manualClock();
      const asked: { readonly atMs: number; failed: boolean }[] = [];
      let answer = "keys";
      const keys = issuerKeys({
        clock,
        onFailure: () => {},
        fetch: async () => {
          const one = { atMs: clock.now(), failed: answer !== "keys" };
          asked.push(one);
          if (answer === "nonsense") return { no: "keys" };
          if (answer === "fails") throw new Error("down");
          // Whoever fetches ends it in its own time; here: a moment later.
          if (answer === "hangs") await Promise.resolve().then(() => Promise.reject(new Error("too late")));
          return { keys: [{ kty: "OKP" }] };
        },
        compile: (set) => Object.assign(() => Promise.reject(new Error("not called")), { jwks: () => set }),
      });
      let known = false;
      for (const one of steps) {
        clock.advance(one.passMs);
        answer = one.answer;
        const had = await (one.renew ? keys.renew() : keys.current()).catch((error: unknown) => error);
        await new Promise(setImmediate);
        if (known) assert.ok(!(had instanceof Error), "keys that were had go on counting");
        else if (had instanceof Error)
          assert.ok(had instanceof TuskerError && had.code === "GATEWAY_KEYS_UNAVAILABLE");
        known ||= !(had instanceof Error);
      }
      for (const [i, one] of asked.entries()) {
        const before = asked[i - 1];
        if (before === undefined) continue;
        assert.ok(one.atMs - before.atMs >= (before.failed ? 5_000 : 30_000), "asked too often");
      }
    }),
  );
});

test("tokens: whatever is done to a good token, it is good no more, and nothing makes the check fail", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const clock = manualClock(1e12);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k", alg: "EdDSA", use: "sig" };
  await using issuer = await serveHttp1(
    (exchange) => exchange.respond({ status: 200, body: JSON.stringify({ keys: [jwk] }) }),
    { port: 0 },
  );
  await using http = httpClient();
  const known = tokens(
    {
      ...{ issuer: "https://issuer.test", audience: "shop", consumer_claim: "sub", leeway: 0 },
      ...{ jwks_url: `http://127.0.0.1:${issuer.port}/`, algorithms: ["EdDSA"] },
    },
    { http, address: async (written) => written, clock, onKeysFailure: () => {} },
  );
  const good = await new SignJWT({ scope: "read" })
    .setProtectedHeader({ alg: "EdDSA", kid: "k" })
    .setSubject("ada")
    .setIssuer("https://issuer.test")
    .setAudience("shop")
    .setExpirationTime(1e9 + 600)
    .sign(privateKey);
  assert.equal((await known.check(good))?.consumer, "ada");
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
  const change = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(...letters), fc.nat(3));
  await fc.assert(
    fc.asyncProperty(fc.oneof(change, fc.string({ unit: "binary" })), async (how) => {
      if (typeof how === "string") return assert.equal(await known.check(how), undefined);
      const [at, letter, cut] = how;
      const bad = good.slice(0, at) + letter + good.slice(at + cut);
      const same = Buffer.from(bad.split(".").at(-1) ?? "", "base64url").equals(
        Buffer.from(good.split(".").at(-1) ?? "", "base64url"),
      );
      // The last letter of a signature has bits that say nothing: such a text is the same token.
      if (same && bad.split(".").slice(0, 2).join() === good.split(".").slice(0, 2).join()) return;
      assert.equal(await known.check(bad), undefined);
    }),
  );
  clock.advance(600_000);
  assert.equal(await known.check(good), undefined, "and in the end it is none either");
});

function visitWith(fields: Readonly<Record<string, string | undefined>>): Visit {
  return {
    ...{ method: "GET", path: "/a", query: "", host: "h.test", client: "192.0.2.1", consumer: undefined },
    signal: new AbortController().signal,
    header: (name) => fields[name],
    lasting: undefined,
    answerFields: [],
  };
}

function codeOf(verdict: Verdict | Promise<Verdict>): string | undefined {
  assert.ok(!(verdict instanceof Promise));
  return verdict?.kind === "refuse" ? verdict.error.code : undefined;
}
