import assert from "node:assert/strict";
import { test } from "node:test";
import { commandFolder } from "../../../../test/support/command-line.ts";

test("migrate makes the repairs of older dialects; nothing is left to do and the values are the same", async () => {
  const old = `name: shop
debug: yes
server:
  host: localhost
  ports:
    - 80
    - 443
home: "@env('HOME_OF', 'x')"
`;
  using at = commandFolder({ "a.tsk": old });
  const before = await at.run("config", "render", "--raw", "a.tsk", "--json");
  const checked = await at.run("config", "migrate", "a.tsk", "--check");
  assert.deepEqual([checked.code, at.read("a.tsk")], [1, old]);
  assert.equal((await at.run("config", "migrate", "a.tsk")).code, 0);
  const after = await at.run("config", "render", "--raw", "a.tsk", "--json");
  assert.deepEqual([after.out, after.err], [before.out, ""], at.read("a.tsk"));
  assert.match(at.read("a.tsk"), /^#!tusker 1\nname: "shop"\n/);
  assert.deepEqual(await at.run("config", "migrate", "a.tsk", "--check"), { code: 0, out: "", err: "" });
  assert.equal((await at.run("config", "migrate", "none.tsk")).code, 1);
});

test("without operands a word that an environment gives a meaning stays a reference", async () => {
  using at = commandFolder({
    "tusker.tsk": "a: region\nb: nowhere\n",
    "environment/prod.tsk": 'region: "eu"\nc: b\n',
  });
  assert.equal((await at.run("config", "migrate")).code, 0);
  assert.equal(at.read("tusker.tsk"), 'a: region\nb: "nowhere"\n');
  assert.equal(at.read("environment/prod.tsk"), '#!tusker 1\nregion: "eu"\nc: b\n');
});

test("only a file in which nothing older or wrong is left is marked, and JSON stays JSON", async () => {
  using at = commandFolder({
    "plain.tsk": "\ufeffa: 1\r\nb: 2\r\n",
    "wrong.tsk": "a: yes\nb: [1\n",
    "data.tsk": '{"a": 1}\n',
    "marked.tsk": "#!tusker 1\na: 1\n",
  });
  const files = ["plain.tsk", "wrong.tsk", "data.tsk", "marked.tsk"];
  const { code, out, err } = await at.run("config", "migrate", ...files, "--json");
  assert.deepEqual([code, JSON.parse(err).diagnostics[0].code], [1, "TSK_UNCLOSED"]);
  assert.deepEqual(JSON.parse(out).files, [
    { file: "wrong.tsk", repairs: 1, marked: false },
    { file: "plain.tsk", repairs: 0, marked: true },
  ]);
  assert.deepEqual(files.map(at.read), [
    "\ufeff#!tusker 1\r\na: 1\r\nb: 2\r\n",
    "a: true\nb: [1\n",
    '{"a": 1}\n',
    "#!tusker 1\na: 1\n",
  ]);
});
