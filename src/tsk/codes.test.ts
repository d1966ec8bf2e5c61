import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tskCodes } from "./index.ts";

test("the specification lists every code of the language with its sentence, and no other", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/reference/language.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(TSK_[A-Z_]+)` \| (.*) \|$/gm)].map((row) => [row[1], row[2]]);
  assert.deepEqual(
    rows.sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    Object.entries(tskCodes).sort((a, b) => a[0].localeCompare(b[0])),
  );
});
