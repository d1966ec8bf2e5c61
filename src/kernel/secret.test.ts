import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import fc from "fast-check";
import { deepFreeze, Secret } from "./index.ts";

test("only reveal gives it back", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(new Secret(text).reveal(), text)));
});

test("it prints as [secret], whoever prints it", () => {
  const secret = new Secret("sk_live_1");
  assert.equal(String(secret), "[secret]");
  assert.equal(`${secret}`, "[secret]");
  assert.equal(JSON.stringify({ key: secret }), '{"key":"[secret]"}');
  const printed = [
    inspect(secret),
    inspect({ a: [secret] }, { depth: 9, showHidden: true }),
    format("%s %o %j", secret, secret, secret),
  ];
  for (const text of printed) assert.doesNotMatch(text, /sk_live/);
  assert.equal(inspect(secret), "[secret]");
});

test("nothing of it can be listed, copied or cloned out", () => {
  const secret = new Secret("sk_live_1");
  assert.deepEqual(Reflect.ownKeys(secret), []);
  assert.deepEqual({ ...secret }, {});
  assert.equal(JSON.stringify(structuredClone(secret)), "{}");
});

test("it may hold any value, and freezing leaves it usable", () => {
  const frozen = deepFreeze({ key: new Secret({ user: "a" }) });
  assert.deepEqual(frozen.key.reveal(), { user: "a" });
});
