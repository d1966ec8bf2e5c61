import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { actions } from "./routes.ts";

const page = readFileSync(new URL("../../docs/reference/control.md", import.meta.url), "utf8");
const rows = [...page.matchAll(/^\| (GET|POST) \| `([^`]+)` \|/gm)].map(([, method, path = ""]) => ({
  method,
  path: path.replace("{name}", "user-service").replace("{id}", "4bf92f35"),
}));

test("every row of the reference is answered by exactly one action", () => {
  assert.ok(rows.length > 0);
  for (const { method, path } of rows)
    assert.equal(actions.filter((one) => one.method === method && one.path.test(path)).length, 1, path);
});

test("every action is in the reference", () => {
  const silent = actions.filter(
    (one) => !rows.some(({ method, path }) => one.method === method && one.path.test(path)),
  );
  assert.deepEqual(silent, []);
});
