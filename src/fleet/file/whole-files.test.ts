import assert from "node:assert/strict";
import { test } from "node:test";
import { writtenFiles } from "../../../test/support/slips/files.ts";
import { asFleet, root } from "../../../test/support/slips/judge.ts";

const files = writtenFiles();
const judge = asFleet(`${root}/examples/shop/tusker.tsk`);

for (const { name, text, mistakes } of files)
  test(`all ${mistakes.length} mistakes of ${name} are told in one run, each once`, () => {
    const told = judge(text).map(({ line, code }) => `${line} ${code}`);
    assert.deepEqual(
      told,
      mistakes.map(({ line, code }) => `${line} ${code}`),
    );
  });

test("the files are as long as those of people, and hold as many mistakes", () => {
  assert.ok(files.length >= 10);
  for (const { name, text, mistakes } of files) {
    const lines = text.split("\n").length;
    assert.ok(lines >= 60 && lines <= 200 && mistakes.length >= 5 && mistakes.length <= 10, name);
  }
});
