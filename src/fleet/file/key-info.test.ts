import assert from "node:assert/strict";
import { test } from "node:test";
import { keyAt, keysAt } from "./key-info.ts";

test("the root has the sections, a section its keys in their order", () => {
  const names = keysAt([]).map((one) => one.name);
  assert.deepEqual([names[0], names.includes("gateway")], ["fleet", true]);
  assert.deepEqual(
    keysAt(["control"]).map((one) => one.name),
    ["port", "bind"],
  );
});

test("keys are known below names that the file chooses, in each of the forms that are allowed", () => {
  assert.equal(keysAt(["services", "anything"])[0]?.name, "version");
  for (const path of [
    ["routes", "/x"],
    ["routes", "/x", "0"],
  ])
    assert.deepEqual(keysAt(path)[0], {
      ...{ name: "service", doc: keysAt(path)[0]?.doc, type: "text" },
      ...{ values: [], required: false },
    });
  assert.deepEqual(keysAt(["services", "a", "config", "database"]), []);
});

test("a key says its type and the only values it takes", () => {
  assert.deepEqual(keyAt(["gateway", "port"])?.type, "a whole number");
  assert.deepEqual(keyAt(["gateway", "rate_limit_enabled"])?.values, [true, false]);
  assert.deepEqual(keyAt(["externals", "database", "check"])?.values, ["tcp", "none"]);
  assert.equal(keyAt(["services", "a", "dependencies"])?.type, "a list");
  assert.equal(keyAt(["gateway", "nothing"]), undefined);
});
