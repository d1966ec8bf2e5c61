import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { verifyReferences } from "./verify.ts";

test("the source of the rule is text, so that version control shows its changes", () => {
  assert.equal(readFileSync(new URL("./verify.ts", import.meta.url)).indexOf(0), -1);
});

test("an instance removed earlier in a transaction cannot get a check later in it", () => {
  const existing = { node: () => ({}), service: () => ({}) };
  const texts = { name: "", notes: "", output: "", serviceName: "", serviceTags: [], type: "" };
  const check = { ...texts, node: "n", id: "c", serviceId: "s", status: "passing" } as const;
  const gone = (node: string, id: string) => ({ kind: "service-gone", node, id }) as const;
  assert.doesNotThrow(() => verifyReferences(existing, [gone("n", "other"), { kind: "check", check }]));
  assert.throws(
    () => verifyReferences(existing, [gone("n", "s"), { kind: "check", check }]),
    /Missing service registration/,
  );
});
