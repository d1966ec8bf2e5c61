import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromStart, nextIndex } from "./blocking-index.ts";

test("the index of the answer is the next to ask with", () => {
  assert.equal(nextIndex("12", "15"), "15");
  assert.equal(nextIndex("12", "12"), "12");
});

test("an index that went backwards means: start over", () => {
  assert.equal(nextIndex("12", "11"), fromStart);
});

test("after starting over, the lower index is taken", () => {
  assert.equal(nextIndex(fromStart, "11"), "11");
});

test("indexes above 2^53 stay exact", () => {
  assert.equal(nextIndex("9821327576066713600", "9821327576066713601"), "9821327576066713601");
  assert.equal(nextIndex("9821327576066713601", "9821327576066713600"), fromStart);
});

for (const answered of [undefined, "", "0", "-1", "x", "1.5", "999999999999999999999"]) {
  test(`an answer with index ${answered} is asked again with 1, never with 0`, () => {
    assert.equal(nextIndex(fromStart, answered), "1");
  });
}

test("the next question never blocks on less than 1, save to start over", () => {
  const index = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  fc.assert(
    fc.property(index, index, (sent, answered) => {
      const next = nextIndex(sent.toString(), answered.toString());
      if (next === fromStart) assert.ok(answered < sent);
      else assert.equal(next, answered === 0n ? "1" : answered.toString());
    }),
  );
});
