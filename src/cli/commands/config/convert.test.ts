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
  });
  for (const [file, words] of [
    ["bytes.yaml", /a\.b is a (?:Buffer|Uint8Array), which/],
    ["set.yaml", /a is a Set, which/],
    ["infinite.yaml", /a is Infinity, which/],
  ] as const) {
    const { code, err } = await at.run("config", "convert", file);
    assert.equal(code, 1);
    assert.match(err, words);
  }
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
