/** What holds of a policy for any settings and any request. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, seededRandom } from "../../kernel/index.ts";
import { headerOf } from "../../net/index.ts";
import { isRepeatable, mayRetry } from "../../resilience/index.ts";
import { parsePattern } from "../match/pattern.ts";
import { cors } from "./cors.ts";
import { fault } from "./fault.ts";
import { redirect, staticAnswer } from "./local.ts";
import { retriesOn, retryReasons, statusesOf } from "./retry-on.ts";
import { placeOfKey, split } from "./split.ts";
import { sticky } from "./sticky.ts";
import { transform } from "./transform.ts";
import type { Visit } from "./visit.ts";

function visit(fields: Readonly<Record<string, string>> = {}, more: Partial<Visit> = {}): Visit {
  return {
    ...{
      method: "GET",
      path: "/a/b",
      query: "?q=1",
      host: "h.test",
      client: "192.0.2.1",
      consumer: undefined,
    },
    signal: new AbortController().signal,
    header: (name) => fields[name],
    lasting: undefined,
    answerFields: [],
    ...more,
  };
}

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const value = fc.stringMatching(/^[!-~]{1,12}$/);

test("split: the share of a part is its weight, equal keys stay together, a weight of 0 gets nothing", () => {
  const weights = fc
    .array(fc.nat(20), { minLength: 1, maxLength: 5 })
    .filter((all) => all.some((one) => one > 0));
  fc.assert(
    fc.property(weights, fc.integer(), (all, seed) => {
      const parts = all.map((weight, i) => [i, weight] as const);
      const total = all.reduce((sum, weight) => sum + weight, 0);
      const byChance = split(parts, undefined, placeOfKey, seededRandom(seed));
      const counts = all.map(() => 0);
      for (let i = 0; i < 2_000; i++) {
        const part = byChance(visit());
        counts[part] = (counts[part] ?? 0) + 1;
      }
      for (const [i, weight] of all.entries()) {
        assert.ok(Math.abs((counts[i] ?? 0) / 2_000 - weight / total) < 0.06);
        if (weight === 0) assert.equal(counts[i], 0);
      }
      const byKey = split(parts, "header:x-user", placeOfKey, seededRandom(seed));
      for (let user = 0; user < 20; user++) {
        const who = visit({ "x-user": `user ${user}` });
        assert.equal(byKey(who), byKey(who));
      }
    }),
    { numRuns: 25 },
  );
});

test("fault: about the share that is written, and each is announced in the answer", async () => {
  const share = fc.constantFrom(0, 0.1, 0.5, 0.9, 1);
  await fc.assert(
    fc.asyncProperty(
      share,
      fc.integer({ min: 400, max: 599 }),
      fc.integer(),
      async (abort_share, abort, seed) => {
        let told = 0;
        const one = fault(
          { abort, abort_share, delay_share: 1 },
          {
            ...{ clock: manualClock(), random: seededRandom(seed), timeoutMs: 1_000 },
            onFault: () => told++,
          },
        );
        let answered = 0;
        for (let i = 0; i < 300; i++) {
          const asked = visit();
          const verdict = await one(asked);
          if (verdict === undefined) continue;
          answered++;
          assert.ok(verdict.kind === "refuse" && verdict.status === abort);
          assert.equal(headerOf(asked.answerFields, "x-tusker-fault"), `abort=${abort}`);
        }
        assert.equal(told, answered);
        assert.ok(Math.abs(answered / 300 - abort_share) < 0.12, `${answered}`);
      },
    ),
    { numRuns: 20 },
  );
});

test("cors: only origins that are written may read, and credentials are never allowed to all", () => {
  const origin = fc.constantFrom(
    "https://a.test",
    "https://b.test",
    "http://a.test",
    "null",
    "https://evil.test",
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(origin, { minLength: 1 }),
      origin,
      fc.boolean(),
      fc.boolean(),
      (origins, from, preflight, credentials) => {
        const guard = cors({ origins, credentials, expose: ["X-Total"], max_age: 1_000 }, ["GET"]);
        const asked = visit(
          { origin: from, ...(preflight ? { "access-control-request-method": "GET" } : {}) },
          { method: preflight ? "OPTIONS" : "GET" },
        );
        const verdict = guard(asked);
        assert.ok(!(verdict instanceof Promise) && verdict?.kind !== "refuse");
        const fields = verdict?.kind === "answer" ? (verdict.answer.headers ?? []) : asked.answerFields;
        assert.equal(verdict === undefined, !preflight);
        const allowed = headerOf(fields, "access-control-allow-origin");
        assert.equal(allowed, origins.includes(from) ? from : undefined);
        if (allowed === undefined)
          assert.equal(headerOf(fields, "access-control-allow-credentials"), undefined);
        assert.equal(headerOf(fields, "vary"), "Origin");
      },
    ),
  );
});

test("transform: what is removed is gone, what is set is there once, what frames the message stays", () => {
  const fields = fc.array(fc.tuple(name, value), { maxLength: 12 });
  const framing = ["Content-Length", "5", "Transfer-Encoding", "chunked", "Connection", "close"];
  fc.assert(
    fc.property(fields, fc.array(name), fc.dictionary(name, value, { maxKeys: 4 }), (given, remove, set) => {
      const out = transform({ remove: [...remove, "content-length", "CONNECTION"], set, add: {} })([
        ...framing,
        ...given.flat(),
      ]);
      const names = out.filter((_, i) => i % 2 === 0).map((one) => one.toLowerCase());
      for (const gone of remove) if (!(gone in set)) assert.ok(!names.includes(gone));
      for (const [written, text] of Object.entries(set)) {
        assert.equal(names.filter((one) => one === written).length, 1);
        assert.equal(headerOf(out, written), text);
      }
      assert.deepEqual(out.slice(0, framing.length), framing);
      for (const [kept, text] of given)
        if (!remove.includes(kept) && !(kept in set)) assert.ok(out.includes(kept) && out.includes(text));
    }),
  );
});

test("sticky: the mark in the cookie that was set is the mark that comes back, among whatever other cookies", () => {
  const mark = fc.stringMatching(/^[a-z0-9]{1,14}$/);
  const others = fc.array(
    fc.tuple(
      name,
      value.filter((text) => !/[;"\\,]/.test(text)),
    ),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(mark, others, others, (one, before, after) => {
      const policy = sticky({ cookie: "tusker_node", ttl: 60_000 });
      const set = policy.cookieFor(one);
      assert.ok(set.includes("HttpOnly") && !/[\r\n]/.test(set));
      const cookie = [
        ...before.map((pair) => pair.join("=")),
        set.split(";")[0],
        ...after.map((pair) => pair.join("=")),
      ].join("; ");
      assert.equal(policy.markOf(visit({ cookie })), one);
      assert.equal(policy.markOf(visit()), undefined);
    }),
  );
});

test("redirect and fixed answer: a parameter is filled in as it came, and no answer has a body it may not have", () => {
  const parsed = parsePattern("/old/{id}");
  assert.ok(parsed.ok);
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Za-z0-9._~%-]{1,20}$/),
      fc.integer({ min: 200, max: 599 }),
      (id, status) => {
        const to = redirect(
          { to: "/new/{id}{query}", status: 308 },
          parsed.pattern,
        )(visit({}, { path: `/old/${id}` }));
        assert.ok(!(to instanceof Promise) && to?.kind === "answer");
        assert.equal(headerOf(to.answer.headers ?? [], "location"), `/new/${id}?q=1`);
        const fixed = staticAnswer({ status, type: "text/plain", body: "body", headers: {} })(visit());
        assert.ok(!(fixed instanceof Promise) && fixed?.kind === "answer");
        assert.equal(fixed.answer.status, status);
        assert.equal(
          fixed.answer.body === undefined || fixed.answer.body === "",
          status === 204 || status === 304,
        );
      },
    ),
  );
});

test("retry_on: a route only ever narrows what is safe, and never wakes what is final", () => {
  const failure = fc.oneof(
    fc.constantFrom({ kind: "unsent" }, { kind: "refused" }, { kind: "reset" }, { kind: "timeout" }, {
      kind: "final",
    } as const),
    fc.constantFrom(429, 500, 502, 503, 504).map((status) => ({ kind: "status", status }) as const),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom(...retryReasons)),
      failure,
      fc.constantFrom("GET", "POST"),
      (words, one, method) => {
        const reasons = new Set(words);
        const wanted = retriesOn(reasons, one);
        if (one.kind === "final") assert.equal(wanted, false);
        if (words.length === 0) assert.equal(wanted, false);
        assert.ok(!wanted || retriesOn(new Set(retryReasons), one));
        // What may have been acted on is sent again only where that does no harm, whatever the file wants.
        if (method === "POST" && wanted && mayRetry(isRepeatable(method), one, statusesOf(reasons)))
          assert.ok(one.kind === "unsent" || one.kind === "refused");
      },
    ),
  );
});
