import assert from "node:assert/strict";
import { test } from "node:test";
import { missingEntries, readLock } from "../scripts/lock.ts";

test("the lock holds the packages of every platform, or npm ci refuses it; npm run lock adds what is missing", () => {
  assert.deepEqual(Object.keys(missingEntries(readLock())), []);
});

test("the lock names no registry: a clone installs from the one its user has", () => {
  assert.doesNotMatch(JSON.stringify(readLock()), /"resolved"/);
});

test("a missing package gets the version its parent names and the platform its name says", () => {
  const packages = {
    "node_modules/a": {
      dev: true,
      optionalDependencies: { "@a/cli-linux-arm64-musl": "1.0.0", "@a/b-wasm32-wasi": "2" },
    },
  };
  assert.deepEqual(missingEntries({ packages }), {
    "node_modules/@a/cli-linux-arm64-musl": {
      ...{ version: "1.0.0", os: ["linux"], cpu: ["arm64"], libc: ["musl"] },
      ...{ dev: true, optional: true },
    },
    "node_modules/@a/b-wasm32-wasi": { version: "2", cpu: ["wasm32"], dev: true, optional: true },
  });
});

test("what is there is left alone", () => {
  const packages = { "node_modules/a": { optionalDependencies: { b: "1" } }, "node_modules/b": {} };
  assert.deepEqual(missingEntries({ packages }), {});
});
