import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "../../kernel/index.ts";
import { answerCache } from "./answer-cache.ts";
import { question } from "./fixture.test.ts";

const ask = (name: string, id = 7, maxBytes?: number): Buffer => question([name], 1, maxBytes, id);
const reply = (id: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([id >> 8, id & 255]), Buffer.from(text)]);

/** Asks until it is answered from what is kept. */
function eventually(cache: ReturnType<typeof answerCache>, message: Buffer): string | undefined {
  for (let n = 0; n < 200; n++) {
    const kept = cache.get(message);
    if (kept !== undefined) return `${kept.readUInt16BE(0)} ${kept.toString("latin1", 2)}`;
  }
  return undefined;
}

test("a reply is kept for the same question under any id, and bears the id of who asks", () => {
  const cache = answerCache({ version: () => 1, random: seededRandom(1) });
  cache.get(ask("a"));
  cache.keep(ask("a"), reply(7, "yes"));
  assert.equal(eventually(cache, ask("a", 300)), "300 yes");
  assert.equal(eventually(cache, ask("a", 8)), "8 yes");
  assert.equal(eventually(cache, ask("b")), undefined, "another name");
  assert.equal(eventually(cache, ask("a", 7, 4_096)), undefined, "an asker who takes more");
});

test("whatever changes, everything kept is forgotten, also what was made before and comes late", () => {
  let version = 1;
  const cache = answerCache({ version: () => version, random: seededRandom(1) });
  cache.keep(ask("a"), reply(7, "old"));
  version = 2;
  cache.keep(ask("a"), reply(7, "late"));
  assert.equal(eventually(cache, ask("a")), undefined);
  cache.keep(ask("a"), reply(7, "new"));
  assert.equal(eventually(cache, ask("a")), "7 new");
});

test("who holds on to an answer has it for itself: what is asked next is made anew", () => {
  const cache = answerCache({ version: () => 1, random: seededRandom(1) });
  cache.keep(ask("a"), reply(7, "yes"));
  let held: Buffer | undefined;
  for (let n = 0; n < 200 && held === undefined; n++) held = cache.get(ask("a", 300));
  cache.forget();
  assert.equal(eventually(cache, ask("a", 8)), undefined);
  cache.keep(ask("a"), reply(7, "yes"));
  assert.equal(eventually(cache, ask("a", 8)), "8 yes");
  assert.equal(held?.readUInt16BE(0), 300, "what is being sent keeps its id");
});

test("orders of an answer replace each other: each is heard in the end, none for ever", () => {
  const cache = answerCache({ version: () => 1, random: seededRandom(1) });
  const heard: string[] = [];
  for (let n = 0; n < 4_000; n++) {
    const kept = cache.get(ask("a"));
    if (kept === undefined) cache.keep(ask("a"), reply(7, `${n}`));
    else heard.push(kept.toString("latin1", 2));
  }
  assert.ok(heard.length > 3_000, `${heard.length} of 4000 were answered from what is kept`);
  const made = new Set(heard);
  assert.ok(made.size > 300, `${made.size} orders were heard`);
  assert.ok(
    heard.slice(-500).every((order) => Number(order) > 1_000),
    "an old order is still told",
  );
});

test("what is kept stays below its limit", () => {
  const cache = answerCache({ version: () => 1, random: seededRandom(1), maxBytes: 2_000 });
  cache.get(ask("a"));
  for (let n = 0; n < 500; n++) {
    cache.keep(ask(`n${n}`), reply(7, "x".repeat(100)));
    const kept = Array.from({ length: n + 1 }, (_, i) => eventually(cache, ask(`n${i}`))).filter(Boolean);
    assert.ok(kept.length <= 6, `${kept.length} replies are kept`);
    if (n > 20) break;
  }
});
