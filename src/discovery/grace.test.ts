import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint } from "./endpoint.ts";
import { withoutRemovals } from "./grace.ts";

const endpoint = (id: string, port = 1): Endpoint => ({
  id,
  service: "user",
  host: "127.0.0.1",
  port,
  meta: {},
  tags: [],
  weight: 1,
});

test("what the registry does not tell yet stays", () => {
  assert.deepEqual(
    withoutRemovals([endpoint("a"), endpoint("b")], [endpoint("b")]).map(({ id }) => id),
    ["b", "a"],
  );
});

test("what it tells replaces what was known under the same id", () => {
  assert.deepEqual(withoutRemovals([endpoint("a", 1)], [endpoint("a", 2)]), [endpoint("a", 2)]);
});

test("an empty answer removes nothing", () => {
  assert.equal(withoutRemovals([endpoint("a"), endpoint("b")], []).length, 2);
});
