import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { test } from "node:test";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { kind, parse, type Tree } from "../src/tsk/index.ts";

// The engine of Visual Studio Code colours what the parser reads: what one calls a comment, a text, a number, a variable or
// a key, the other does too. The texts are the cases of the conformance suite that are right as they stand.

const root = resolve(import.meta.dirname, "..");
const grammar = await grammarOfTheExtension();
const texts = soundTexts();

test("the engine of the editor reads the grammar, and sees in every text what the parser sees", () => {
  const wrong = texts.flatMap(({ name, tree }) => differences(tree).map((one) => `${name}:${one}`));
  assert.deepEqual(wrong.slice(0, 20), []);
  assert.ok(texts.length > 150, `${texts.length} texts`);
});

test("a string that is not closed ends with its line, and the next key is a key", () => {
  const scopes = scopesOf('a: "x\nb: 1\n');
  assert.ok(scopes.at("b")?.includes("support.type.property-name.tsk"), String(scopes.at("b")));
});

interface Text {
  readonly name: string;
  readonly tree: Tree;
}

function soundTexts(): readonly Text[] {
  const folder = join(root, "test/golden/tsk");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".tsk"))
    .sort()
    .map((name) => ({
      name,
      tree: parse(readFileSync(join(folder, name), "utf8").split(/^=== /m, 1)[0] ?? ""),
    }))
    .filter(({ tree }) => tree.diagnostics.length === 0);
}

/** What a token of the parser must be to the grammar; undefined where it may be several things. */
const expected: ReadonlyMap<number, RegExp> = new Map([
  [kind.comment, /comment\./],
  [kind.variable, /variable\.other\./],
  [kind.int, /constant\.numeric\.tsk|property-name|entity\.name|variable\.other\.reference/],
  [kind.float, /constant\.numeric\.tsk|property-name|entity\.name|variable\.other\.reference/],
  [kind.duration, /constant\.numeric\.duration|property-name/],
  [kind.size, /constant\.numeric\.size|property-name/],
  [kind.percent, /constant\.numeric\.percent/],
  [kind.range, /constant\.numeric\.range|property-name/],
  [kind.date, /constant\.other\.date|property-name/],
  [kind.string, /string\.quoted|property-name\.quoted|entity\.name\.section/],
  [kind.raw, /string\.quoted|property-name\.quoted|entity\.name\.section/],
  [kind.block, /string\.quoted\.triple/],
  [kind.rawBlock, /string\.quoted\.triple/],
  [kind.head, /string\.quoted\.double/],
  ...[kind.middle, kind.tail, kind.blockMiddle, kind.blockTail].map(
    (what) => [what, /punctuation\.definition\.interpolation\.end/] as const,
  ),
  [kind.blockHead, /string\.quoted\.triple/],
  [kind.name, /property-name|reference|constant\.language|operator|section|import|parameter/],
  // Behind the dot of a reference a word may begin with a digit.
  [kind.word, /property-name|entity\.name\.section|variable\.other\.reference/],
]);

/** Places at which the two disagree. */
function differences({ source, tokens }: Tree): readonly string[] {
  const scopes = scopesOf(source.text);
  const found: string[] = [];
  for (let index = 0; index < tokens.count; index++) {
    const [what, start] = [tokens.kind(index), tokens.start(index)];
    const shape = expected.get(what);
    // What stands in an interpolation stands in the text around it, too.
    const here = scopes.of(start).split("meta.interpolation.tsk").at(-1) ?? "";
    const fits = shape === undefined ? what < kind.newline || !/string|comment/.test(here) : shape.test(here);
    if (fits && !/invalid/.test(here)) continue;
    const { line, column } = source.at({ start, end: start });
    found.push(`${line}:${column} ${source.text.slice(start, tokens.end(index))} is ${here}`);
  }
  return found;
}

/** The scopes of every character. */
function scopesOf(text: string): { of(offset: number): string; at(word: string): string | undefined } {
  const all: string[] = new Array(text.length).fill("");
  let state = textmate.INITIAL;
  let offset = 0;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    for (const { startIndex, endIndex, scopes } of tokens)
      all.fill(scopes.slice(1).join(" "), offset + startIndex, offset + Math.min(endIndex, line.length));
    offset += line.length + 1;
    state = ruleStack;
  }
  return { of: (at) => all[at] ?? "", at: (word) => all[text.indexOf(word)] };
}

async function grammarOfTheExtension(): Promise<textmate.IGrammar> {
  const wasm = readFileSync(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm"));
  await oniguruma.loadWASM(wasm);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => {
      const path = join(root, "editors/vscode/syntaxes/tsk.tmLanguage.json");
      return textmate.parseRawGrammar(readFileSync(path, "utf8"), path);
    },
  });
  const loaded = await registry.loadGrammar("source.tsk");
  assert.ok(loaded !== null);
  return loaded;
}
