import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { secretMask } from "./mask.ts";

test("writes over every secret, wherever it stands and as often as it does", () => {
  const mask = secretMask(["sk_live_123", "p.ss+w*rd"]);
  assert.equal(
    mask("key=sk_live_123, again sk_live_123; p.ss+w*rd"),
    "key=[secret], again [secret]; [secret]",
  );
  assert.equal(mask("pass+word"), "pass+word", "it is a text, not a pattern");
});

test("of a secret of several lines no line is shown, whoever prints it how", () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\r\n  Byqck0QlPQ==\n-----END PRIVATE KEY-----\n";
  const mask = secretMask([key]);
  for (const line of key.split(/\r?\n/)) assert.doesNotMatch(mask(line), /MIGH|Byqc/);
  assert.doesNotMatch(mask(JSON.stringify({ key })), /MIGH|Byqc/);
});

test("of two secrets the longer one counts where both match", () => {
  assert.equal(secretMask(["sk_live", "sk_live_123"])("sk_live_123"), "[secret]");
});

test("leaves short texts alone", () => {
  assert.equal(secretMask(["admin", ""])("the admin page"), "the admin page");
});

test("property: no secret survives", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 9, maxLength: 20 }), { minLength: 1, maxLength: 5 }),
      fc.array(fc.string(), { minLength: 1, maxLength: 6 }),
      (secrets, around) => {
        const text = around.map((part, i) => part + (secrets[i] ?? "")).join("");
        const masked = secretMask(secrets)(text);
        // The mark itself may complete one: that says nothing about the original.
        for (const secret of secrets)
          assert.ok(!masked.replaceAll("[secret]", "\n").includes(secret) || secret.includes("\n"));
      },
    ),
  );
});
