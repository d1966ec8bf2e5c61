import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { merged, toOverlay } from "./overlay.ts";

test("keys are paths, values are JSON or text", () => {
  const entries: [string, string][] = [
    ["pool/size", "5"],
    ["pool/hosts", '["a","b"]'],
    ["name", "plain words"],
    ["on", "true"],
    ["empty", ""],
  ];
  assert.deepEqual(toOverlay(entries), {
    pool: { size: 5, hosts: ["a", "b"] },
    name: "plain words",
    on: true,
    empty: "",
  });
});

test("a key that is a value and a folder is a folder, in whatever order they come", () => {
  const entries: [string, string][] = [
    ["a", "1"],
    ["a/b", "2"],
  ];
  assert.deepEqual(toOverlay(entries), { a: { b: 2 } });
  assert.deepEqual(toOverlay(entries.reverse()), { a: { b: 2 } });
});

test("objects are merged, everything else is replaced, and what is below is left alone", () => {
  const below = { pool: { size: 1, host: "a" }, list: [1, 2], name: "x" };
  const copy = structuredClone(below);
  assert.deepEqual(merged(below, { pool: { size: 5 }, list: [3], more: null }), {
    pool: { size: 5, host: "a" },
    list: [3],
    name: "x",
    more: null,
  });
  assert.deepEqual(below, copy);
});

test("no key reaches what all objects share", () => {
  const overlay = toOverlay([
    ["__proto__/polluted", "true"],
    ["constructor/prototype/polluted", "true"],
  ]);
  merged({}, overlay);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("any keys and values give an object, and laying it over nothing changes nothing", () => {
  const entry = fc.tuple(fc.string(), fc.string());
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const overlay = toOverlay(entries);
      assert.deepEqual(merged({}, overlay), overlay);
      assert.deepEqual(merged(overlay, overlay), overlay);
    }),
  );
});
