// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearlyTsk, wellFormedTsk } from "../../../../test/support/tsk-arbitrary.ts";
import { Source } from "../../source.ts";
import { parse } from "../parse.ts";
import type { Tree } from "../tree.ts";
import { changeOf } from "./change.ts";
import { reparse } from "./reparse.ts";

/** All that a tree says. */
function told({ items, tokens, diagnostics, trouble }: Tree): unknown {
  const cut = Array.from({ length: tokens.count }, (_, index) => [tokens.kind(index), tokens.end(index)]);
  return { items, diagnostics, trouble, tokens: cut };
}

const shop = Array.from(
  { length: 6 },
  (_, index) => `user-${index}: {
  port: ${index + 8000} # a port
  dependencies: ["a", "b"]
  config: { greeting: "hello \${$name}", wait: 5s, list: [1, 2
  3] }
}
`,
).join("");
const document = `$name: "x"\n[fleet]\nname: "y"; try: "/a"\n[services]\n${shop}[gateway]\nport: 8080\ntimeout: a ? b : c\n`;

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.integer({ min: 0, max: 12 }),
  text: fc.oneof(
    { weight: 2, arbitrary: fc.constant("") },
    nearlyTsk.map((one) => one.slice(0, 8)),
  ),
});

test("a text that was changed again and again is read as if it were new", () => {
  const base = fc.oneof(
    { weight: 2, arbitrary: fc.constant(document) },
    { weight: 1, arbitrary: fc.constant(`#!tusker 1\n${document}`) },
    { weight: 2, arbitrary: fc.array(wellFormedTsk, { maxLength: 4 }).map((parts) => parts.join("\n")) },
    { weight: 1, arbitrary: nearlyTsk },
  );
  fc.assert(
    fc.property(base, fc.array(edit, { minLength: 1, maxLength: 4 }), (start, edits) => {
      let text = start;
      let tree = parse(new Source("a", text));
      for (const { at, cut, text: put } of edits) {
        const from = Math.round(at * text.length);
        text = text.slice(0, from) + put + text.slice(from + cut);
        const source = new Source("a", text);
        tree = reparse(tree, source);
        assert.deepEqual(told(tree), told(parse(source)), JSON.stringify(text));
      }
    }),
    { numRuns: 150 },
  );
});

test("what stands before and behind a change is not read again", () => {
  const before = parse(new Source("a", document));
  const at = document.indexOf("port: 8003");
  const source = new Source("a", `${document.slice(0, at)}x: 1\n  ${document.slice(at)}`);
  const after = reparse(before, source);
  assert.equal(after.items[2], before.items[2]);
  assert.deepEqual(told(after), told(parse(source)));
});

test("the same text is not read again, but has a source of its own, for secrets are masked there", () => {
  const before = parse(new Source("a", document));
  const source = new Source("a", document);
  const after = reparse(before, source);
  assert.equal(after.items, before.items);
  assert.equal(after.source, source);
});

test("a text of another file, dialect or form is read from its beginning", () => {
  const before = parse(new Source("a", document));
  for (const other of [
    new Source("b", document),
    new Source("a", `#!tusker 1\n${document}`),
    new Source("a", `{${document}`),
    new Source("a", `\ufeff${document}`),
  ])
    assert.deepEqual(told(reparse(before, other)), told(parse(other)));
  const object = parse(new Source("a", "{ a: 1, b: 2 }"));
  const source = new Source("a", "{ a: 1, b: 3 } c");
  assert.deepEqual(told(reparse(object, source)), told(parse(source)));
});

test("the change of a text is the smallest one", () => {
  assert.deepEqual(changeOf("abc", "abc"), { start: 3, end: 3, delta: 0 });
  assert.deepEqual(changeOf("aab", "aaab"), { start: 2, end: 2, delta: 1 });
  assert.deepEqual(changeOf("aaab", "aab"), { start: 2, end: 3, delta: -1 });
  assert.deepEqual(changeOf("", "x"), { start: 0, end: 0, delta: 1 });
  assert.deepEqual(changeOf("one two", "one three"), { start: 5, end: 7, delta: 2 });
});
