// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { openFile } from "../../../test/support/lsp-file.ts";
import { nearlyTsk } from "../../../test/support/tsk-arbitrary.ts";
import { toSemanticTokens } from "../protocol/convert.ts";
import { semanticTokens, semanticTypes } from "./semantic-tokens.ts";

/** `type text` of every token but punctuation. */
function told(text: string): readonly string[] {
  const { snapshot } = openFile(text);
  return semanticTokens(snapshot).map(({ start, end, type }) => `${type} ${text.slice(start, end)}`);
}

test("a name is what it means: a section, a key, a reference, an operator, a word of the language", () => {
  assert.deepEqual(told('[gateway]\nport: other.port + 1 # why\n"x": @env.secure("A", true)\n'), [
    "namespace gateway",
    ...["property port", "property other", "property port", "operator +", "number 1", "comment # why"],
    ...['property "x"', "function @", "function env", "function .", "function secure"],
    ...['string "A"', "keyword true"],
  ]);
});

test("a service is one where it is meant, and a key where it is written", () => {
  const text = '[services]\nuser: { port: 1 }\norder: { port: 2, dependencies: ["user", "db"] }\n';
  assert.deepEqual(
    told(text).filter((one) => one.includes("user") || one.includes("db")),
    ["property user", 'class "user"', 'class "db"'],
  );
});

test("what stands inside an interpolation is no string, and a string over several lines is one line by line", () => {
  assert.deepEqual(told('$a: 1\nb: "x ${$a} y"'), [
    ...["variable $a", "number 1", "property b", 'string "x ${', "variable $a", 'string } y"'],
  ]);
  const { snapshot } = openFile('a: """\r\n  one\r\n  """\r\nb: 1');
  const { data } = toSemanticTokens(snapshot.tree.source, semanticTokens(snapshot));
  const string = semanticTypes.indexOf("string");
  const property = semanticTypes.indexOf("property");
  assert.deepEqual(data, [
    ...[0, 0, 1, property, 0],
    ...[0, 3, 3, string, 0],
    ...[1, 0, 5, string, 0],
    ...[1, 0, 5, string, 0],
    ...[1, 0, 1, property, 0],
    ...[0, 3, 1, semanticTypes.indexOf("number"), 0],
  ]);
});

test("tokens of any text stand in its order, on one line each, and never overlap", () => {
  fc.assert(
    fc.property(nearlyTsk, (text) => {
      const { snapshot } = openFile(text.replaceAll("|", "/"));
      const { data } = toSemanticTokens(snapshot.tree.source, semanticTokens(snapshot));
      const lines = snapshot.tree.source.text.split("\n");
      let [line, start, end] = [0, 0, 0];
      for (let at = 0; at < data.length; at += 5) {
        const [down = 0, right = 0, length = 0, type = -1] = data.slice(at, at + 4);
        const column = down > 0 ? right : start + right;
        assert.ok(down > 0 || at === 0 || column >= end, "it begins in the one before");
        line += down;
        [start, end] = [column, column + length];
        assert.ok(length > 0 && end <= (lines[line]?.length ?? -1), "it ends behind its line");
        assert.ok(type >= 0 && type < semanticTypes.length);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});
