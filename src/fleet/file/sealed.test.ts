import assert from "node:assert/strict";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { inspect } from "node:util";
import fc from "fast-check";
import { TuskerError } from "../../kernel/index.ts";
import { loadFleet } from "./load.ts";
import { generateSealKeys, publicKeyOf, seal, secretKeysIn, unseal } from "./sealed.ts";

const keys = generateSealKeys();
const refused = (error: unknown): boolean => error instanceof TuskerError && error.code === "FLEET_SEALED";

test("what is sealed with a public key is opened by its secret key, and by no other", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const sealed = seal(text, keys.publicKey);
      assert.match(sealed, /^tusk:v1:[\w-]+$/);
      assert.equal(unseal(sealed, [keys.secretKey]), text);
    }),
    { numRuns: 20 },
  );
  assert.throws(() => unseal(seal("x", keys.publicKey), [generateSealKeys().secretKey]), refused);
  assert.throws(() => unseal(seal("x", keys.publicKey), []), refused);
});

test("a changed text is never opened", () => {
  const sealed = seal("sk_live_1", keys.publicKey);
  for (let at = 8; at < sealed.length; at += 3) {
    const other = sealed[at] === "A" ? "B" : "A";
    const changed = `${sealed.slice(0, at)}${other}${sealed.slice(at + 1)}`;
    // The last letter of base64 may carry no bits; the first ones name the key.
    if (Buffer.from(changed.slice(8), "base64url").equals(Buffer.from(sealed.slice(8), "base64url")))
      continue;
    assert.throws(() => unseal(changed, [keys.secretKey]), refused);
  }
  assert.throws(() => unseal(sealed.slice(0, 40), [keys.secretKey]), refused);
  assert.throws(() => unseal("tusk:v2:abc", [keys.secretKey]), refused);
});

test("two seals of one text differ", () => {
  assert.notEqual(seal("x", keys.publicKey), seal("x", keys.publicKey));
});

test("while a key is replaced, texts of both are opened", () => {
  const next = generateSealKeys();
  const both = secretKeysIn(`${next.secretKey}, ${keys.secretKey}\n`);
  assert.equal(unseal(seal("old", keys.publicKey), both), "old");
  assert.equal(unseal(seal("new", next.publicKey), both), "new");
});

test("the public key follows from the secret one", () => {
  assert.equal(publicKeyOf(keys.secretKey), keys.publicKey);
});

test("a key given for the other does not stand in the message", () => {
  for (const act of [
    () => seal("x", keys.secretKey),
    () => unseal(seal("x", keys.publicKey), [keys.publicKey]),
  ])
    assert.throws(act, (error) => refused(error) && !inspect(error).includes(keys.secretKey.slice(30)));
});

test("a fleet file reads an encrypted value, an included file and a linked one only below its folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-"));
  const file = join(folder, "tusker.tsk");
  const other = mkdtempSync(join(tmpdir(), "tusker-"));
  writeFileSync(join(other, "outside.tsk"), 'name: "outside"');
  writeFileSync(join(folder, "inside.tsk"), 'name: "inside"');
  symlinkSync(join(other, "outside.tsk"), join(folder, "link.tsk"));
  symlinkSync(join(folder, "inside.tsk"), join(folder, "near.tsk"));
  const env = { TUSKER_SECRET_KEY: keys.secretKey };
  writeFileSync(
    file,
    `[fleet]\n@include "near.tsk"\n[services.users]\nport: 4000\nconfig: { token: @encrypted("${seal("sk_1", keys.publicKey)}") }\n`,
  );
  const good = loadFleet(file, { env });
  assert.deepEqual(good.diagnostics, []);
  assert.equal(good.settings?.name, "inside");
  assert.doesNotMatch(inspect(good.document.value, { depth: 9 }), /sk_1/);
  writeFileSync(file, '[fleet]\n@include "link.tsk"\n');
  assert.deepEqual(
    loadFleet(file, { env }).diagnostics.map((one) => one.code),
    ["TSK_OUTSIDE"],
  );
});
