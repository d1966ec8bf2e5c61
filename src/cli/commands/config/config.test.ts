import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { commandFolder } from "../../../../test/support/command-line.ts";

const fleet = '[services]\na: { run: "node a.js" }\n[gateway]\ntimeout: "5s"\n';

test("config alone and with --help lists its commands; a slip is named", async () => {
  using at = commandFolder({});
  const [bare, asked, slip] = [
    await at.run("config"),
    await at.run("config", "--help"),
    await at.run("config", "explian", "a"),
  ];
  assert.deepEqual([bare.code, asked.code, slip.code], [2, 0, 2]);
  assert.match(asked.out, /config render +print/);
  assert.match(slip.err, /"config explian"; did you mean "config explain"\?/);
});

test("render --raw prints the values of any file, with its own layer alone", async () => {
  using at = commandFolder({
    "any.tsk": '[anything]\nx: 30s\ny: @env("HOME_OF_Y", 1)\nkey: @env.secure("KEY", "k1")\n',
    "any.local.tsk": "z: 1",
    "environment/prod.tsk": "[anything]\nx: 1m",
  });
  const { code, out, err } = await at.run("config", "render", "--raw", "any.tsk", "--json");
  assert.deepEqual([code, err], [0, ""]);
  assert.equal(out, '{"anything":{"x":"30s","y":1,"key":"[secret]"}}\n');
  const prod = await at.run("config", "render", "anything.x", "--raw", "any.tsk", "--env", "prod");
  assert.equal(prod.out, '"1m"\n');
});

test("render --out keeps the values with their hash, which stays as long as they do", async () => {
  using at = commandFolder({ "any.tsk": "a: 1\nb: @env.secure('K', 'x')\n", "wrong.tsk": "a: [" });
  const kept = async (...args: readonly string[]): Promise<{ sha256: string; config: unknown }> => {
    const { code, out } = await at.run("config", "render", "--raw", "any.tsk", "--out", "kept.json", ...args);
    assert.equal(code, 0);
    const read = JSON.parse(readFileSync(join(at.path, "kept.json"), "utf8"));
    assert.ok(out.includes(read.sha256), out);
    return read;
  };
  const first = await kept();
  assert.deepEqual(first.config, { a: 1, b: "[secret]" });
  assert.equal(first.sha256, createHash("sha256").update('{"a":1,"b":"[secret]"}').digest("hex"));
  assert.deepEqual(await kept("--json"), first);
  assert.notEqual((await kept("--set", "a=2")).sha256, first.sha256);
  const { code } = await at.run("config", "render", "--raw", "wrong.tsk", "--out", "none.json");
  assert.deepEqual([code, existsSync(join(at.path, "none.json"))], [1, false]);
});

test("render --raw of a file that is wrong exits 1 with diagnostics as JSON and prints no value", async () => {
  using at = commandFolder({ "any.tsk": "#!tusker 1\na: 1\nb: nope\na: 2\n" });
  const { code, out, err } = await at.run("config", "render", "--raw", "any.tsk", "--json");
  assert.deepEqual([code, out], [1, ""]);
  const { diagnostics } = JSON.parse(err) as { diagnostics: { code: string; line: number; file: string }[] };
  assert.deepEqual(
    diagnostics.map((one) => [one.code, basename(one.file), one.line]),
    [
      ["TSK_UNKNOWN_NAME", "any.tsk", 3],
      ["TSK_DUPLICATE", "any.tsk", 4],
    ],
  );
  assert.equal((await at.run("config", "render", "--raw", "none.tsk")).code, 1);
});

test("explain says who wins, who loses and why", async () => {
  using at = commandFolder({
    "tusker.tsk": fleet,
    "a.js": "",
    "environment/prod.tsk": '[gateway]\ntimeout: "7s"\n',
  });
  const line = ["explain", "gateway.timeout", "--env", "prod", "--set", "gateway.timeout=9s"];
  const { out } = await at.run("config", ...line, "--json");
  const { origins } = JSON.parse(out) as { origins: { layer: string; why?: string }[] };
  assert.deepEqual(
    origins.map(({ layer, why }) => [layer, why]),
    [
      ["set", undefined],
      ["environment", "the layer set is above environment"],
      ["base", "the layer environment is above base"],
    ],
  );
});

test("explain does not call lost what an edit changes, or what merges", async () => {
  using at = commandFolder({
    "tusker.tsk": `${fleet}\n[services]\na: { config: { list: [1] } }\n`,
    "a.js": "",
    "environment/prod.tsk": "[services]\na: { config: { list: @append([2]) } }\n",
  });
  const list = await at.run("config", "explain", "services.a.config.list", "--env", "prod");
  assert.match(list.out, /= \[1,2\]\n {2}wins +environment .*\n {2}changed +base .*: @append\n$/);
  const map = await at.run("config", "explain", "services.a.config", "--env", "prod");
  assert.match(map.out, /\n {2}writes +environment .*\n {2}writes +base /);
  assert.doesNotMatch(map.out, /overridden|wins/);
});

test("explain knows the defaults of sections, and what is not there", async () => {
  using at = commandFolder({ "tusker.tsk": fleet, "a.js": "" });
  const explained = await at.run("config", "explain", "gateway.max_body");
  assert.equal(explained.out, 'gateway.max_body = "10MiB"\n  default     no file says otherwise\n');
  assert.equal(
    (await at.run("config", "explain", "services.a.instances", "--json")).out.slice(0, 53),
    '{"path":["services","a","instances"],"value":1,"origi',
  );
  for (const path of ["services.b.instances", "gateway.nothing", "nothing"])
    assert.equal((await at.run("config", "explain", path)).code, 1, path);
  const slip = await at.run("config", "explain", "gateway.max_bdy.x");
  assert.match(slip.err, /no value at gateway\.max_bdy\.x; did you mean gateway\.max_body\?/);
  // What has a default only is not in the document.
  assert.doesNotMatch((await at.run("config", "render", "gateway.max_bdy")).err, /did you mean/);
});

test("diff shows what differs between two environments and where; secrets are masked", async () => {
  const key = (value: string): string =>
    `[services]\na: { config: { key: @env.secure("KEY", "${value}") } }\n`;
  using at = commandFolder({
    "tusker.tsk": fleet,
    "a.js": "",
    "environment/prod.tsk": `[gateway]\ntimeout: "7s"\nport: 80\n${key("sk_prod")}`,
    "environment/test.tsk": `[gateway]\ntimeout: "7s"\n${key("sk_test")}`,
  });
  const prod = await at.run("config", "diff", "--env", "prod", "--json");
  assert.equal(prod.code, 0);
  const { left, right, differences } = JSON.parse(prod.out);
  assert.deepEqual([left, right], ["default", "prod"]);
  const { file } = differences[1].right;
  assert.match(file, /environment\/prod\.tsk$/);
  assert.deepEqual(differences, [
    {
      path: ["gateway", "timeout"],
      left: { value: "5s", layer: "base", file: differences[0].left.file, line: 4, column: 10 },
      right: { value: "7s", layer: "environment", file, line: 2, column: 10 },
    },
    {
      path: ["services", "a", "config", "key"],
      right: { value: "[secret]", layer: "environment", file, line: 5, column: 21 },
    },
    { path: ["gateway", "port"], right: { value: 80, layer: "environment", file, line: 3, column: 7 } },
  ]);
  const both = await at.run("config", "diff", "--env", "test", "--env2", "prod");
  assert.doesNotMatch(both.out, /sk_/);
  assert.match(both.out, /services\.a\.config\.key\n {2}- \[secret\].*\n {2}\+ \[secret\]/);
  assert.doesNotMatch(both.out, /timeout/);
  assert.match(
    both.out,
    /this change would\n {2}restart +the gateway +gateway\.port\n {2}restart +a +services\.a/,
  );
  assert.deepEqual(JSON.parse(prod.out).effects, [
    {
      action: "restart",
      of: "gateway",
      paths: [
        ["gateway", "timeout"],
        ["gateway", "port"],
      ],
    },
    { action: "restart", of: "service", name: "a", paths: [["services", "a", "config", "key"]] },
  ]);
  assert.equal(
    (await at.run("config", "diff", "--env", "test", "--env2", "test")).out,
    "test and test have the same values\n",
  );
  assert.equal((await at.run("config", "diff", "--env", "nowhere")).code, 1);
  assert.equal((await at.run("config", "diff")).code, 2);
});

test("fmt writes the fleet and its layers in the one style, --check only says which", async () => {
  const files = {
    "tusker.tsk": "[gateway]\nport=80 # front\n@include 'more/c.tsk'\n",
    "more/c.tsk": "timeout=5s",
    "tusker.local.tsk": "a: 1\n",
    "environment/prod.tsk": "a {\nb:1}",
    "other/x.tsk": "a=1",
  };
  using at = commandFolder(files);
  const checked = await at.run("config", "fmt", "--check");
  assert.equal(checked.code, 1);
  assert.equal(
    checked.out,
    "would change  tusker.tsk\nwould change  environment/prod.tsk\nwould change  more/c.tsk\n",
  );
  assert.equal(at.read("tusker.tsk"), files["tusker.tsk"]);
  assert.equal((await at.run("config", "fmt")).code, 0);
  assert.equal(at.read("tusker.tsk"), "[gateway]\nport: 80 # front\n@include 'more/c.tsk'\n");
  assert.equal(at.read("more/c.tsk"), "timeout: 5s\n");
  assert.equal(at.read("environment/prod.tsk"), "a: {\n  b: 1\n}\n");
  assert.equal(at.read("other/x.tsk"), files["other/x.tsk"]);
  assert.equal((await at.run("config", "fmt", "--check")).code, 0);
  assert.equal((await at.run("config", "fmt", "other", "--check")).out, "would change  other/x.tsk\n");
});

test("fmt leaves a file it cannot read alone, shows no secret of it and goes on", async () => {
  const wrong = 'a: @env.secure("A", "sk_live") oops\n';
  using at = commandFolder({ "a.tsk": wrong, "b.tsk": "b=1" });
  const { code, out, err } = await at.run("config", "fmt", "a.tsk", "b.tsk");
  assert.deepEqual([code, out, at.read("a.tsk")], [1, "formatted  b.tsk\n", wrong]);
  assert.match(err, /TSK_UNQUOTED|a\.tsk:1/);
  assert.doesNotMatch(err, /sk_live/);
});

test("what is no text, or more than the language reads, is told and left alone by all that write files", async () => {
  using at = commandFolder({});
  const file = join(at.path, "a.tsk");
  // The first half of a letter in UTF-8 stands where a file that is too large would be cut.
  const large = Buffer.concat([Buffer.alloc(16 * 1024 * 1024 - 3, "#"), Buffer.from("é\na=1\n")]);
  const key = JSON.parse((await at.run("secret", "keygen", "--json")).out).publicKey;
  for (const [bytes, code] of [
    [Buffer.from("caf\u00e9=yes # tusk:v1:x", "latin1"), "TSK_ENCODING"],
    [large, "TSK_TOO_LARGE"],
  ] as const) {
    writeFileSync(file, bytes);
    const formatted = await at.run("config", "fmt", "a.tsk", "--json");
    assert.deepEqual([formatted.code, JSON.parse(formatted.out).failed], [1, ["a.tsk"]]);
    assert.deepEqual(
      JSON.parse(formatted.err).diagnostics.map((one: { code: string }) => one.code),
      [code],
    );
    const migrated = await at.run("config", "migrate", "a.tsk", "--json");
    assert.deepEqual([migrated.code, JSON.parse(migrated.out).files], [1, []]);
    assert.match(migrated.err, new RegExp(code));
    assert.match(
      (await at.run("secret", "rotate", "a.tsk", "--key", key)).err,
      /no UTF-8 text|FLEET_INVALID/,
    );
    assert.ok(readFileSync(file).equals(bytes));
  }
});

test("fmt --json tells the problems of several files in one object", async () => {
  using at = commandFolder({ "a.tsk": "a: [", "b.tsk": "b: }", "c.tsk": "c=1" });
  const { code, out, err } = await at.run("config", "fmt", "--json", "a.tsk", "b.tsk", "c.tsk");
  assert.deepEqual([code, JSON.parse(out).changed], [1, ["c.tsk"]]);
  assert.deepEqual(
    JSON.parse(err).diagnostics.map((one: { file: string; code: string }) => `${one.file} ${one.code}`),
    ["a.tsk TSK_UNCLOSED", "b.tsk TSK_ORPHAN"],
  );
});

test("render --raw --json tells a file that is not there, or is a folder, as it tells all problems", async () => {
  using at = commandFolder({ "folder/a.tsk": "" });
  for (const [file, code] of [
    ["none.tsk", "TSK_FILE_MISSING"],
    ["folder", "TSK_FILE_READ"],
  ] as const) {
    const { code: exit, out, err } = await at.run("config", "render", "--raw", file, "--json");
    assert.deepEqual([exit, out], [1, ""]);
    const [found] = JSON.parse(err).diagnostics;
    assert.deepEqual([found.code, found.severity, found.line, found.column], [code, "error", 1, 1]);
  }
});
