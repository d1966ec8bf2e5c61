import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { kind, parse } from "../src/tsk/index.ts";

const folder = resolve(import.meta.dirname, "../editors/vscode");

interface Rule {
  readonly name?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly include?: string;
  readonly patterns?: readonly Rule[];
}

interface Grammar {
  readonly scopeName: string;
  readonly patterns: readonly Rule[];
  readonly repository: Readonly<Record<string, Rule>>;
}

const grammar = read("syntaxes/tsk.tmLanguage.json") as Grammar;

test("the extension names files that are there, and one language", () => {
  const { main, contributes } = read("package.json") as {
    main: string;
    contributes: { languages: { configuration: string }[]; grammars: { path: string; scopeName: string }[] };
  };
  for (const file of [
    main,
    ...contributes.languages.map((one) => one.configuration),
    ...contributes.grammars.map((one) => one.path),
  ])
    assert.ok(readFileSync(join(folder, file), "utf8").length > 0, file);
  assert.equal(contributes.grammars[0]?.scopeName, grammar.scopeName);
});

test("a double click takes a whole word of the language, as the editor compiles the pattern", () => {
  const { wordPattern } = read("language-configuration.json") as {
    wordPattern: { pattern: string; flags: string };
  };
  const word = new RegExp(wordPattern.pattern, `${wordPattern.flags}g`);
  assert.deepEqual('user-service: { port: $base, größe: 10MiB, key: @env("A_1") }'.match(word), [
    ...["user-service", "port", "$base", "größe", "10MiB", "key", "@env", "A_1"],
  ]);
});

test("every rule that is included exists, every pattern can be compiled, every scope ends in tsk", () => {
  for (const rule of rulesOf(grammar)) {
    if (rule.include !== undefined) assert.ok(rule.include.slice(1) in grammar.repository, rule.include);
    for (const pattern of [rule.match, rule.begin, rule.end])
      if (pattern !== undefined) assert.doesNotThrow(() => new RegExp(pattern, "u"), pattern);
    if (rule.name !== undefined) assert.match(rule.name, /\.tsk$/);
  }
});

const literals: readonly (readonly [text: string, tokenKind: number, scope: string])[] = [
  ["42", kind.int, "numeric"],
  ["1_000", kind.int, "numeric"],
  ["0xFF", kind.int, "numeric"],
  ["0b101", kind.int, "numeric"],
  ["1.5", kind.float, "numeric"],
  ["2.5e3", kind.float, "numeric"],
  ["30s", kind.duration, "duration"],
  ["1m30s", kind.duration, "duration"],
  ["250ms", kind.duration, "duration"],
  ["1.5h", kind.duration, "duration"],
  ["64KiB", kind.size, "size"],
  ["10MB", kind.size, "size"],
  ["512Mi", kind.size, "size"],
  ["25%", kind.percent, "percent"],
  ["8000-9000", kind.range, "range"],
  ["1..5", kind.range, "range"],
  ["2026-11-23", kind.date, "date"],
  ["2026-11-23T10:30:00Z", kind.date, "date"],
];

for (const [text, tokenKind, scope] of literals)
  test(`${text} is a ${scope} to the language and to the grammar`, () => {
    assert.equal(parse(`a: ${text}`).tokens.kind(3), tokenKind);
    assert.deepEqual(firstOf("literal", text), { scope, text });
  });

test("names, variables and operators are words as the language cuts them", () => {
  assert.deepEqual(firstOf("variable", "$a-b + 1"), { scope: "other", text: "$a-b" });
  assert.deepEqual(firstOf("operator-call", '@env.secure("X")'), { scope: "operator", text: "@env.secure" });
  assert.deepEqual(firstOf("reference", "services.a-b.port"), {
    ...{ scope: "reference", text: "services.a-b.port" },
  });
});

test("a key is what stands before : = or {, not what a condition chooses", () => {
  const keys = (line: string): readonly string[] =>
    (grammar.repository.key?.patterns ?? []).flatMap(({ match = "" }) =>
      [...line.matchAll(new RegExp(match, "gu"))].map((found) => found[1] ?? ""),
    );
  assert.deepEqual(keys("a.b: { c = 1, d { } }"), ["a.b", "c", "d"]);
  assert.deepEqual(keys('service "user" { port: 1 }'), ["service", "port"]);
  assert.deepEqual(keys("  \"x/*\": { 'y': 2 }"), ['"x/*"', "'y'"]);
  assert.deepEqual(keys("a: ok ? b : c"), ["a"]);
  assert.deepEqual(keys("a >"), ["a"]);
});

/** The first of a group's patterns that fits at the beginning, as the editor would choose it. */
function firstOf(group: string, text: string): { readonly scope: string; readonly text: string } | undefined {
  const rule = grammar.repository[group];
  for (const { match, name = "" } of rule?.patterns ?? (rule === undefined ? [] : [rule])) {
    const found = new RegExp(match ?? "", "uy").exec(text);
    if (found !== null) return { scope: name.split(".").at(-2) ?? "", text: found[0] };
  }
  return undefined;
}

function rulesOf({ patterns, repository }: Grammar): readonly Rule[] {
  const all = (rule: Rule): readonly Rule[] => [rule, ...(rule.patterns ?? []).flatMap(all)];
  return [...patterns, ...Object.values(repository)].flatMap(all);
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}
