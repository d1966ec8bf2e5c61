import assert from "node:assert/strict";
import { test } from "node:test";
import { correctTexts } from "../../../test/support/slips/judge.ts";
import { mistakes } from "../../../test/support/slips/people.ts";
import { loadDocument } from "../../tsk/index.ts";

const texts = correctTexts().filter(({ name }) => name.endsWith("shop/tusker.tsk"));
const nothing = { text: "", judge: () => [] };

for (const { what, from, to, all } of mistakes)
  test(`${what}: one diagnostic`, () => {
    const [{ text: correct, judge } = nothing] = texts;
    assert.ok(correct.includes(from), from);
    const text = all === true ? correct.replaceAll(from, () => to) : correct.replace(from, () => to);
    const told = judge(text).map(({ line, code, message }) => `${line} ${code} ${message}`);
    assert.equal(told.length, 1, told.join("\n"));
    // As `render --raw` reads it, which knows no fleet.
    const raw = loadDocument({
      entry: "any.tsk",
      readFile: (path) => (path === "any.tsk" ? text : undefined),
    });
    assert.ok(raw.diagnostics.length <= 1, raw.diagnostics.map((one) => one.message).join("\n"));
  });

test("the list is long enough to say something", () => {
  assert.ok(mistakes.length >= 70);
  assert.equal(new Set(mistakes.map(({ what }) => what)).size, mistakes.length);
});
