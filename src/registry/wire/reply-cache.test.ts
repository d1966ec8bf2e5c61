import assert from "node:assert/strict";
import { test } from "node:test";
import { questionOf, replyCache } from "./reply-cache.ts";

const answer = (text: string) => ({ status: 200, headers: [], body: Buffer.from(text) });
const still = (index: number) => ({ topic: "t", index, said: () => 0, saidThen: 0 });

test("an answer is kept until its topic changes", () => {
  let version = 5;
  const cache = replyCache(() => version);
  cache.keep("q", still(5), answer("a"));
  assert.equal(cache.get("q")?.answer.body.toString(), "a");
  assert.equal(cache.get("other"), undefined);
  version = 6;
  assert.equal(cache.get("q"), undefined);
});

test("an answer is kept until a check says something else", () => {
  let said = 1;
  const cache = replyCache(() => 5);
  cache.keep("q", { topic: "t", index: 5, said: () => said, saidThen: 1 }, answer("a"));
  assert.notEqual(cache.get("q"), undefined);
  said = 2;
  assert.equal(cache.get("q"), undefined);
});

test("what was overtaken while it became safe is not kept", () => {
  const cache = replyCache(() => 6);
  cache.keep("q", still(5), answer("a"));
  cache.keep("r", { topic: "t", index: 6, said: () => 2, saidThen: 1 }, answer("a"));
  assert.deepEqual([cache.get("q"), cache.get("r")], [undefined, undefined]);
});

test("what is kept stays below the limit, the newest of it", () => {
  const cache = replyCache(() => 5, 64_000);
  for (let i = 0; i < 100; i++) cache.keep(`q${i}`, still(5), answer("x".repeat(3_000)));
  const there = Array.from({ length: 100 }, (_, i) => cache.get(`q${i}`) !== undefined);
  assert.deepEqual([there[0], there[99]], [false, true]);
  const kept = there.filter(Boolean).length;
  assert.ok(kept >= 10 && kept <= 21, `${kept} are kept`);
  cache.keep("large", still(5), answer("x".repeat(4_001)));
  assert.equal(cache.get("large"), undefined);
});

test("a question does not depend on how long somebody waits for its answer", () => {
  const same = ["/v1/s/web?passing", "/v1/s/web?index=5&passing", "/v1/s/web?passing&wait=3s&index=7"];
  for (const target of same)
    assert.equal(questionOf(target, true) ?? questionOf(target, false), "/v1/s/web?passing");
  assert.equal(questionOf("/v1/s/web&passing?index=5", true), "/v1/s/web&passing?");
  assert.equal(questionOf("/v1/s/web&passing", false), "/v1/s/web&passing");
  assert.equal(questionOf("/v1/s/web?indexes=5", false), "/v1/s/web?indexes=5");
});

test("a wait that is written in other letters makes no question", () => {
  assert.equal(questionOf("/v1/s/web?%69ndex=5&passing", true), undefined);
  assert.equal(questionOf("/v1/s/web?%69ndex=5&index=5", true), undefined);
});
