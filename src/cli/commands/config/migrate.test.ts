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
  assert.equal(at.read("environment/prod.tsk"), 'region: "eu"\nc: b\n');
});
