import assert from "node:assert/strict";
import { test } from "node:test";
import { type Random, TuskerError } from "../../kernel/index.ts";
import {
  blockingOf,
  consistencyOf,
  nodeMetaFilterOf,
  passingOf,
  refuseElsewhere,
  refuseFilter,
  refuseForeign,
  tagFilterOf,
} from "./parameters.ts";

const chance = (next: number): Random => ({ next: () => next, below: () => 0 });
const query = (text: string): URLSearchParams => new URLSearchParams(text);
const block = (text: string, next = 0) => blockingOf(query(text), chance(next));
const refuses = (run: () => unknown, status: number, words: string): void =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof TuskerError);
    assert.deepEqual([error.details.status, error.message], [status, words]);
    return true;
  });

test("without index nobody waits", () => {
  assert.equal(block("").index, 0n);
  assert.equal(block("index=").index, 0n);
});

test("an index may be any uint64 and no more", () => {
  assert.equal(block("index=18446744073709551615").index, 18446744073709551615n);
  for (const text of ["18446744073709551616", "-1", "abc", "1.5", "0x1", "99999999999999999999999"]) {
    refuses(() => block(`index=${text}`), 400, "Invalid index");
  }
});

test("a wait is five minutes by default, ten at most, and never nothing", () => {
  assert.equal(block("index=1").waitMs, 300_000);
  assert.equal(block("wait=0s").waitMs, 300_000);
  assert.equal(block("wait=-1s").waitMs, 300_000);
  assert.equal(block("wait=1h").waitMs, 600_000);
  assert.equal(block("wait=1600ms").waitMs, 1_600);
  refuses(() => block("wait=5"), 400, "Invalid wait time");
  refuses(() => block("wait=abc"), 400, "Invalid wait time");
});

test("a wait is drawn out by a sixteenth at most", () => {
  assert.equal(block("wait=1600ms", 0.5).waitMs, 1_650);
  assert.ok(block("wait=1600ms", 0.999).waitMs < 1_700);
});

test("stale and consistent exclude each other, and so do cached and consistent", () => {
  assert.equal(consistencyOf(query("")), "leader");
  assert.equal(consistencyOf(query("stale")), "stale");
  assert.equal(consistencyOf(query("consistent=")), "consistent");
  refuses(
    () => consistencyOf(query("stale&consistent")),
    400,
    "Cannot specify ?stale with ?consistent, conflicting semantics.",
  );
  assert.equal(consistencyOf(query("max_stale=5s")), "stale");
  refuses(() => consistencyOf(query("max_stale=x")), 400, 'Invalid max_stale value "x"');
  refuses(
    () => consistencyOf(query("cached&consistent")),
    400,
    "Cannot specify ?cached with ?consistent, conflicting semantics.",
  );
});

test("passing alone means yes; other words are yes, no or refused", () => {
  assert.equal(passingOf(query("")), false);
  assert.equal(passingOf(query("passing")), true);
  assert.equal(passingOf(query("passing=1")), true);
  assert.equal(passingOf(query("passing=false")), false);
  refuses(() => passingOf(query("passing=maybe")), 400, "Invalid value for ?passing");
});

test("all tags must be there, in any case", () => {
  assert.equal(tagFilterOf(query("tag=a&tag=B"))(["A", "b", "c"]), true);
  assert.equal(tagFilterOf(query("tag=a&tag=x"))(["a"]), false);
  assert.equal(tagFilterOf(query("tag="))([]), true);
});

test("all metadata must match; a value may hold a colon", () => {
  const matches = nodeMetaFilterOf(query("node-meta=a:1&node-meta=b:x:y"));
  assert.equal(matches({ a: "1", b: "x:y", c: "z" }), true);
  assert.equal(matches({ a: "1" }), false);
  assert.equal(matches(undefined), false);
});

test("another data centre and a filter are refused, never ignored", () => {
  refuseForeign("dc1", "dc1");
  refuseForeign(null, "dc1");
  refuses(() => refuseForeign("dc2", "dc1"), 500, "No path to datacenter");
  refuses(() => refuseForeign("DC1", "dc1"), 500, "No path to datacenter");
  refuseElsewhere(query("ns=&partition="));
  for (const name of ["ns", "partition"]) {
    const words = `Bad request: Invalid query parameter: "${name}" - there are none here`;
    refuses(() => refuseElsewhere(query(`${name}=team`)), 400, words);
  }
  refuseFilter(query("filter="));
  assert.throws(() => refuseFilter(query("filter=a==b")), TuskerError);
});
