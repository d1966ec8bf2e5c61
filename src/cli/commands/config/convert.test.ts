// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the interpolation of the language
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify as stringifyToml } from "smol-toml";
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";
import { commandFolder } from "../../../../test/support/command-line.ts";

test("YAML keeps its values and its comments", async () => {
  using at = commandFolder({
    "a.yaml": `# the top

# about a
a: 1 # one
list: &l
  # first
  - x # ex
  - "@env('HOME')"
map:
  # inner
  b: "\${c}"
  date: 2026-11-23
again: *l
`,
  });
  const { code, out } = await at.run("config", "convert", "a.yaml");
  assert.equal(code, 0);
  assert.equal(
    out,
    `#!tusker 1
# the top
#
# about a
a: 1 # one
list: [
  # first
  "x" # ex
  "@env('HOME')"
]
map: {
  # inner
  b: "\\\${c}"
  date: "2026-11-23"
}
again: ["x", "@env('HOME')"]
`,
  );
});

test("TOML and JSON keep their values; --out writes a file", async () => {
  using at = commandFolder({
    "a.toml": "x = 1_000\n[b.c]\nwhen = 2026-11-23T10:30:00Z\nlist = [1.5, -2]\n",
    "a.json": '{"a":{"b c":[{},[]]},"__proto__":1}',
    "list.json": "[1]",
    "bad.yaml": "a: [1",
    "nan.toml": "a = nan",
  });
  const value = async (file: string): Promise<unknown> => {
    assert.equal((await at.run("config", "convert", file, "--out", "out.tsk")).code, 0);
    return JSON.parse((await at.run("config", "render", "--raw", "out.tsk", "--json")).out);
  };
  assert.deepEqual(await value("a.toml"), {
    x: 1000,
    b: { c: { when: "2026-11-23T10:30:00.000Z", list: [1.5, -2] } },
  });
  assert.deepEqual(await value("a.json"), JSON.parse(at.read("a.json")));
  for (const [file, code] of [
    ["list.json", 1],
    ["bad.yaml", 1],
    ["nan.toml", 1],
    ["none.json", 1],
    ["a.txt", 2],
  ] as const)
    assert.equal((await at.run("config", "convert", file)).code, code, file);
});

test("what the language has no value for is refused by its name, not made into something else", async () => {
  using at = commandFolder({
    "bytes.yaml": "a: { b: !!binary aGVsbG8= }\n",
    "set.yaml": "a: !!set { x, y }\n",
    "infinite.yaml": "a: .inf\n",
    "tag.yaml": "a: !mine x\n",
    "two.yaml": "a: 1\n---\nb: 2\n",
    "keys.yaml": "m: { 1: one, '1': text }\n",
    "list-key.yaml": "m: { ? [a] : b }\n",
    "null-key.yaml": "~: b\n",
    "itself.yaml": "a: &x [1, *x]\n",
    "deep.yaml": `a: ${"[".repeat(9_000)}${"]".repeat(9_000)}\n`,
    "deep.json": `${'{"a":'.repeat(9_000)}1${"}".repeat(9_000)}`,
    "steps.json": `${'{"a":'.repeat(258)}1${"}".repeat(258)}`,
    "large.json": '{"a":[1,{"b":-12345678901234567890}]}',
    "large.yaml": "a: 0xFFFFFFFFFFFFFFFFFF\n",
    "large.toml": "a = 9223372036854775807\n",
    "far.json": '{"a":1e400}',
  });
  for (const [file, words] of [
    ["bytes.yaml", /a\.b is a (?:Buffer|Uint8Array), which/],
    ["set.yaml", /a is a Set, which/],
    ["infinite.yaml", /a is Infinity, which/],
    ["tag.yaml", /Unresolved tag: !mine at line 1/],
    ["two.yaml", /another document begins on line 2/],
    ["keys.yaml", /m\.1 is there twice/],
    ["list-key.yaml", /m has a key that is a list or a map/],
    ["null-key.yaml", /the document has a key that is null/],
    ["itself.yaml", /deeper than 256, or holds itself/],
    ["deep.yaml", /deeper than 256, or holds itself/],
    ["deep.json", /deeper than 256, or holds itself/],
    ["steps.json", /deeper than 256, or holds itself/],
    ["large.json", /a\.1\.b is -12345678901234567890, which no number is exactly/],
    ["large.yaml", /a is 4722366482869645213695, which no number is exactly/],
    ["large.toml", /cannot be represented losslessly/],
    ["far.json", /a is Infinity, which/],
  ] as const) {
    const { code, err } = await at.run("config", "convert", file);
    assert.equal(code, 1);
    assert.match(err, words);
  }
});

test("what other formats spell in their own ways comes out as its value", async () => {
  using at = commandFolder({
    "a.yaml":
      "%YAML 1.2\n---\nbase: &b { x: 1, y: [2] }\nd: { <<: *b, x: 3 }\nm: { <<: [*b, { z: 4 }] }\n1: one\ntrue: two\nn: 0o17\nlong: 1152921504606846976\ntext: yes\nfold: >-\n  a\n  b\n...\n",
    "a.toml": "a.b.c = 1\n'q.k' = 2\n[[p]]\nn = -0.0\n[[p.q]]\nx = [[1], ['a']]\n",
  });
  const value = async (file: string): Promise<unknown> => {
    assert.equal((await at.run("config", "convert", file, "--out", "out.tsk")).code, 0);
    return JSON.parse((await at.run("config", "render", "--raw", "out.tsk", "--json")).out);
  };
  assert.deepEqual(await value("a.yaml"), {
    1: "one",
    base: { x: 1, y: [2] },
    d: { x: 3, y: [2] },
    m: { x: 1, y: [2], z: 4 },
    ...{ true: "two", n: 15, long: 2 ** 60, text: "yes", fold: "a b" },
  });
  assert.deepEqual(await value("a.toml"), {
    ...{ a: { b: { c: 1 } }, "q.k": 2, p: [{ n: 0, q: [{ x: [[1], ["a"]] }] }] },
  });
});

test("what cannot be written is said with its code, and leaves what was there", async () => {
  using at = commandFolder({ "a.json": "{}", "folder/x": "" });
  const { code, err } = await at.run("config", "convert", "a.json", "--out", "folder", "--json");
  assert.equal(code, 1);
  assert.equal(JSON.parse(err).code, "CLI_CANNOT_WRITE");
});

const key = fc.string({ maxLength: 5 }).filter((text) => text !== "__proto__" && text !== "<<");
const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.constantFrom("${a}", "@env('A')", "on", "1_0", "# x", "a\nb"),
);
const data = fc.dictionary(
  key,
  fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.array(text, { maxLength: 3 }),
    fc.dictionary(key, text, { maxKeys: 3 }),
  ),
  { maxKeys: 4 },
);

test("property: values survive the way from each format", async () => {
  await fc.assert(
    fc.asyncProperty(data, async (one) => {
      const yaml = stringifyYaml(one);
      // What the foreign parser makes of its own text is what counts.
      const expected = { "a.json": one, "a.yaml": parseYaml(yaml), "a.toml": one };
      using at = commandFolder({
        "a.json": JSON.stringify(one),
        "a.yaml": yaml,
        "a.toml": stringifyToml(one),
      });
      for (const [file, value] of Object.entries(expected)) {
        await at.run("config", "convert", file, "--out", "out.tsk");
        const { out } = await at.run("config", "render", "--raw", "out.tsk", "--json");
        assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(value)), file);
      }
    }),
    { numRuns: 40 },
  );
});

test("of a file that cannot be read the place is told, and not a word of it", async () => {
  using at = commandFolder({
    "a.yaml": 'password: "hunter2\nb: [\n',
    "a.toml": 'password = "hunter2\n',
    "a.json": '{ "password": "hunter2", ]',
  });
  for (const [file, place] of [
    ["a.yaml", "line 3, column 1"],
    ["a.toml", "line 1"],
    ["a.json", "line 1"],
  ] as const) {
    const { code, err } = await at.run("config", "convert", file);
    assert.equal(code, 1, err);
    assert.ok(err.includes(place), err);
    assert.doesNotMatch(err, /hunter2/);
  }
});
