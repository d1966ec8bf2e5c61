import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { prefixOf } from "./strip-prefix.ts";

test("takes the whole prefix off, at a segment's end only", () => {
  assert.equal(prefixOf("/api/users", "/api"), "/api");
  assert.equal(prefixOf("/api", "/api"), "/api");
  assert.equal(prefixOf("/api/", "/api"), "/api");
  for (const path of ["/apiary", "/ap", "/", "/v1/api/users", "/API/users"])
    assert.equal(prefixOf(path, "/api"), "", path);
});

test("an empty prefix takes nothing off", () => {
  assert.equal(prefixOf("/api/users", ""), "");
});

test("what is left is a path again, and prefix and rest make up the whole", () => {
  const path = fc.array(fc.constantFrom("a", "b", "")).map((parts) => `/${parts.join("/")}`);
  fc.assert(
    fc.property(path, fc.constantFrom("/a", "/a/b", "/b", ""), (whole, strip) => {
      const prefix = prefixOf(whole, strip);
      const rest = whole.slice(prefix.length);
      assert.equal(prefix + rest, whole);
      assert.ok(rest === "" || rest.startsWith("/"), rest);
    }),
  );
});
