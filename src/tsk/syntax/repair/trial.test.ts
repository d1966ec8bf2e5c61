import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fix } from "../../diagnostic.ts";
import { Source } from "../../source.ts";
import { isSound } from "../parse.ts";
import { editsOf } from "./edits.ts";
import { Trial } from "./trial.ts";

const broken = `[server]
host: "a"
limits: { rate: 100, burst: [1, 2 }
port: 8080
`;

function trialOf(text: string): { readonly trial: Trial; readonly source: Source } {
  const source = new Source("main.tsk", text);
  return { source, trial: new Trial(source, { start: 0, end: text.length }) };
}

/** The edits of all lines of a text with which nothing is wrong. */
function repairsOf(text: string, isRight: (edit: Fix) => boolean): readonly string[] {
  const lines = text.split("\n").map((line, index, all) => {
    const start = all.slice(0, index).join("\n").length + (index > 0 ? 1 : 0);
    return { start, end: start + line.length };
  });
  const piece = { start: 0, end: text.length };
  return editsOf.flatMap((edits) =>
    lines.flatMap((line) =>
      [...edits(text, piece, line)]
        .filter(isRight)
        .map(({ start, end, text: put }) => `${start} ${end} ${put}`),
    ),
  );
}

test("an edit is right exactly when the text can be read with it", () => {
  const texts = [
    broken,
    "a: (1 + 2\nb: 3 # ) is missing\n",
    "x {\n  y: 1\n  z: [1, 2]\n",
    'url: "http://x/(y"\nname "z"\n',
    "a: 1]\nb: '}'\n",
  ];
  for (const text of texts) {
    const { trial } = trialOf(text);
    const read = (edit: Fix): boolean =>
      isSound(new Source("", text.slice(0, edit.start) + edit.text + text.slice(edit.end)));
    const expected = repairsOf(text, read);
    assert.ok(expected.length > 0, text);
    assert.deepEqual(
      repairsOf(text, (edit) => trial.isRightWith(edit)),
      expected,
      text,
    );
  }
});

test("a line is not tried while another is wrong without it", () => {
  const { trial, source } = trialOf("a: 1 +\nb: 2\nc: 3\nd: 4 5\n");
  const may = [1, 2, 3, 4].map((line) => trial.mayRepair(source.lineSpan(line)));
  assert.deepEqual(may, [false, false, false, false]);
});

test("the line that alone is wrong is tried, between the braces of an object, too", () => {
  const text = '{\n  "a": 1,\n  "b" 2,\n  "c": 3\n}\n';
  const { trial, source } = trialOf(text);
  assert.ok(trial.mayRepair(source.lineSpan(3)));
  assert.ok(!trial.mayRepair(source.lineSpan(2)));
});

test("what is allowed ends the reading: nothing is right then, but what was read is known", () => {
  const { trial } = trialOf(broken);
  const at = broken.indexOf(" }");
  const put: Fix = { start: at, end: at, text: "]" };
  assert.ok(trial.isRightWith(put));
  trial.allow(0);
  assert.ok(trial.isRightWith(put));
  assert.ok(!trial.isRightWith({ ...put, text: " ]" }));
});
