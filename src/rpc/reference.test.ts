import { strict as assert } from "node:assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { grpcSection } from "./section.ts";

const page = readFileSync(new URL("../../docs/reference/grpc.md", import.meta.url), "utf8");
const table = page.slice(page.indexOf("## Settings: `[grpc]`"), page.indexOf("## Streams"));
const rows = [...table.matchAll(/^\| `(\w+)` \| (?:`([^`]+)`|absent) \|/gm)].map(([, key = "", shown]) => ({
  key,
  shown,
}));

test("docs/reference/grpc.md lists every setting of [grpc], and no other", () => {
  assert.deepEqual(rows.map(({ key }) => key).sort(), Object.keys(grpcSection.shape).sort());
});

test("the defaults it lists are the defaults", () => {
  const defaults = grpcSection.parse({});
  for (const { key, shown } of rows) {
    const written = shown === undefined ? {} : { [key]: wordOf(shown) };
    const parsed = grpcSection.parse(written);
    assert.deepEqual(Reflect.get(parsed, key), Reflect.get(defaults, key), key);
    if (shown === undefined) assert.equal(Reflect.get(defaults, key), undefined, key);
  }
});

/** A value as a file would hold it: JSON, or a bare word such as 30s. */
function wordOf(shown: string): unknown {
  return /^\d+[a-zA-Z]+$/.test(shown) ? shown : JSON.parse(shown);
}
