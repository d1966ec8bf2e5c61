import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { commandFolder } from "../../../../test/support/command-line.ts";

test("a key goes to a file of its owner and is never overwritten", async () => {
  using at = commandFolder({});
  const { code, out } = await at.run("secret", "keygen", "--out", "host.key", "--json");
  assert.equal(code, 0);
  assert.match(JSON.parse(out).publicKey, /^tusk-public-key:v1:/);
  assert.doesNotMatch(out, /tusk-secret-key/);
  assert.equal(statSync(join(at.path, "host.key")).mode & 0o777, 0o600);
  assert.equal((await at.run("secret", "keygen", "--out", "host.key")).code, 2);
});

test("what is sealed is read by a fleet with the key, masked, and opened by decrypt", async () => {
  using maker = commandFolder({});
  const { secretKey, publicKey } = JSON.parse((await maker.run("secret", "keygen", "--json")).out);
  const { out: line } = await maker.run("secret", "encrypt", "sk_live_1", "--key", publicKey);
  assert.match(line, /^@encrypted\("tusk:v1:[\w-]+"\)\n$/);
  using at = commandFolder({ "any.tsk": `key: ${line}` }, { TUSKER_SECRET_KEY: secretKey });
  assert.equal((await at.run("config", "render", "--raw", "any.tsk", "--json")).out, '{"key":"[secret]"}\n');
  assert.equal((await at.run("secret", "decrypt", line)).out, "sk_live_1\n");
  assert.equal((await maker.run("secret", "decrypt", line)).code, 1);
  assert.equal((await maker.run("secret", "encrypt", "x")).code, 2);
});

test("rotate seals all values anew for another key, or none", async () => {
  using maker = commandFolder({});
  const keys = async () => JSON.parse((await maker.run("secret", "keygen", "--json")).out);
  const [old, fresh, foreign] = [await keys(), await keys(), await keys()];
  const sealed = async (text: string, key: string) =>
    (await maker.run("secret", "encrypt", text, "--key", key)).out.trim();
  const text = `a: ${await sealed("one", old.publicKey)} # kept\nb: ${await sealed("two", old.publicKey)}\n`;
  const wrong = `c: ${await sealed("three", foreign.publicKey)}\n`;
  using at = commandFolder(
    { "a.tsk": text, "b.tsk": wrong },
    { TUSKER_SECRET_KEY: `${old.secretKey},${fresh.secretKey}` },
  );
  assert.equal((await at.run("secret", "rotate", "a.tsk", "b.tsk", "--key", fresh.publicKey)).code, 1);
  assert.equal(at.read("a.tsk"), text);
  const { code, out } = await at.run("secret", "rotate", "a.tsk", "--key", fresh.publicKey);
  assert.deepEqual([code, out], [0, "sealed 2 values anew in a.tsk\n"]);
  assert.match(at.read("a.tsk"), /# kept/);
  using later = commandFolder({}, { TUSKER_SECRET_KEY: fresh.secretKey });
  const [first = ""] = at.read("a.tsk").split("\n");
  assert.equal((await later.run("secret", "decrypt", first)).out, "one\n");
});

test("rotate without files seals the fleet, its layers and all that they include", async () => {
  using maker = commandFolder({});
  const keys = async () => JSON.parse((await maker.run("secret", "keygen", "--json")).out);
  const [old, fresh] = [await keys(), await keys()];
  const line = `a: ${(await maker.run("secret", "encrypt", "one", "--key", old.publicKey)).out}`;
  const files = {
    "tusker.tsk": `@include "parts/*.tsk"\n${line}`,
    "parts/x.tsk": `@include "deep/y.tsk"\n${line}`,
    "parts/deep/y.tsk": line,
    "environment/prod.tsk": `@include "../only-prod.tsk"\n${line}`,
    "only-prod.tsk": line,
    "other.tsk": line,
  };
  using at = commandFolder(files, { TUSKER_SECRET_KEY: `${old.secretKey},${fresh.secretKey}` });
  assert.equal((await at.run("secret", "rotate", "--key", fresh.publicKey)).code, 0);
  const kept = Object.entries(files).filter(([name, text]) => at.read(name) === text);
  assert.deepEqual(
    kept.map(([name]) => name),
    ["other.tsk"],
  );
});
