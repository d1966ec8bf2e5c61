import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { codes } from "../src/kernel/index.ts";
import { tskCodes } from "../src/tsk/index.ts";

const root = resolve(import.meta.dirname, "..");
const page = readFileSync(join(root, "docs/reference/errors.md"), "utf8");

/** A row as the page writes it: `CODE` | HTTP | gRPC number NAME | yes/no | meaning | what to do. */
const rows = page.split("\n").flatMap((line) => {
  const match = /^\| `([A-Z0-9_]+)` \| (\d+) \| (\d+) ([A-Z_]+) \| (yes|no) \| ([^|]+) \| ([^|]+) \|$/.exec(
    line,
  );
  if (match === null) return [];
  const [, code = "", http, grpc, grpcName = "", retry, meaning = "", advice = ""] = match;
  return [
    { code, http: Number(http), grpc: Number(grpc), grpcName, retryable: retry === "yes", meaning, advice },
  ];
});

test("the page and the table of codes list the same codes with the same numbers", () => {
  const written = rows.map(({ code, http, grpc, retryable }) => [code, { http, grpc, retryable }]);
  assert.deepEqual(Object.fromEntries(written), codes);
  assert.equal(written.length, Object.keys(codes).length);
});

test("no row of the page is lost because it is written in another shape", () => {
  const other = page.split("\n").filter((line) => line.startsWith("| `") && !line.startsWith("| `TSK_"));
  assert.equal(other.length, rows.length);
});

test("the page lists every diagnostic of the language with its sentence, and no other", () => {
  const written = [...page.matchAll(/^\| `(TSK_[A-Z_]+)` \| (.*) \|$/gm)].map((row) => [row[1], row[2]]);
  assert.deepEqual(Object.fromEntries(written), tskCodes);
  assert.equal(written.length, Object.keys(tskCodes).length);
});

test("every gRPC number stands beside its own name", () => {
  const names = new Map<number, string>();
  for (const { grpc, grpcName } of rows) {
    assert.equal(names.get(grpc) ?? grpcName, grpcName);
    names.set(grpc, grpcName);
  }
  assert.equal(names.get(14), "UNAVAILABLE");
  assert.equal(names.get(4), "DEADLINE_EXCEEDED");
});

test("every code says what it means and what to do", () => {
  for (const { code, meaning, advice } of rows) {
    assert.match(meaning, /^[A-Z`].{10,}\.$/, code);
    assert.match(advice, /^[A-Z`].{5,}\.$/, code);
  }
});

test("a code begins with the room that owns it", () => {
  const rooms = [...readFileSync(join(root, "docs/rooms.md"), "utf8").matchAll(/^\| `([a-z]+)` \|/gm)].map(
    ([, room = ""]) => room.toUpperCase(),
  );
  for (const { code } of rows) assert.ok(rooms.includes(code.slice(0, code.indexOf("_"))), code);
});

test("status, gRPC number and retryability of a code do not contradict each other", () => {
  for (const [code, { http, grpc, retryable }] of Object.entries(codes)) {
    assert.ok(http >= 400 && http <= 599, code);
    assert.ok(Number.isInteger(grpc) && grpc >= 1 && grpc <= 16, code);
    // UNAVAILABLE invites every gRPC client to retry; a code that must not be retried may not use it on a 4xx.
    if (grpc === 14) assert.ok(http >= 500, code);
    if (retryable) assert.ok([429, 503, 504].includes(http), code);
  }
});
