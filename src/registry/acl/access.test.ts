import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { accessOf, type Policy } from "./access.ts";

test("what no rule is about is denied, and management may do everything", () => {
  const nobody = accessOf({});
  assert.equal(nobody.can("key", "a", "read"), false);
  assert.equal(nobody.canAll("key", "", "read"), false);
  const all = accessOf({ management: true });
  assert.equal(all.can("node", "n", "write") && all.canAll("key", "", "write"), true);
});

test("the rule that names a thing decides, else the longest beginning", () => {
  const { can } = accessOf({
    key: { "*": "read", "app/*": "write", "app/secret/*": "deny", "app/secret/x": "read" },
  });
  assert.equal(can("key", "other", "read"), true);
  assert.equal(can("key", "other", "write"), false);
  assert.equal(can("key", "app/a", "write"), true);
  assert.equal(can("key", "app/secret/a", "read"), false);
  assert.equal(can("key", "app/secret/x", "read"), true);
  assert.equal(can("service", "app/a", "read"), false);
});

test("a name without a star stands for itself alone", () => {
  const { can } = accessOf({ service: { web: "write" } });
  assert.equal(can("service", "web", "write"), true);
  assert.equal(can("service", "web2", "read"), false);
});

test("all below a prefix is allowed only where nothing below it is denied", () => {
  const { canAll } = accessOf({ key: { "app/*": "write", "app/secret": "deny", "app/read/*": "read" } });
  assert.equal(canAll("key", "app/a", "write"), true);
  assert.equal(canAll("key", "app/", "write"), false);
  assert.equal(canAll("key", "app/r", "read"), true);
  assert.equal(canAll("key", "app/r", "write"), false);
  assert.equal(canAll("key", "", "read"), false);
});

const name = fc.stringMatching(/^[ab]{0,4}$/);
const policy = fc.constantFrom<Policy>("deny", "read", "write");
const rules = fc
  .array(fc.tuple(name, fc.boolean(), policy), { maxLength: 6 })
  .map((list) => Object.fromEntries(list.map(([text, prefix, what]) => [prefix ? `${text}*` : text, what])));

test("what may be done to all below a prefix may be done to each, and who may write may read", () => {
  fc.assert(
    fc.property(rules, name, name, (key, prefix, rest) => {
      const access = accessOf({ key });
      const each = access.can("key", prefix + rest, "write");
      if (access.canAll("key", prefix, "write")) assert.ok(each);
      if (each) assert.ok(access.can("key", prefix + rest, "read"));
    }),
  );
});
