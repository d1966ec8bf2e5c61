import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import type { Change, CheckSpec } from "../state/model.ts";
import type { StoredRow } from "./disk.ts";
import { fromStored, toStored } from "./stored.ts";

const policy = {
  successBeforePassing: 0,
  failuresBeforeWarning: 1,
  failuresBeforeCritical: 2,
  deregisterAfterMs: 60_000,
};
const pace = { intervalMs: 1_000, timeoutMs: 500 };
const tls = { tlsSkipVerify: false, tlsServerName: "" };
const specs: readonly CheckSpec[] = [
  { kind: "ttl", ttlMs: 1_000, ...policy },
  { kind: "alias", node: "", service: "web", ...policy },
  { kind: "lease", ...policy },
  { kind: "script", args: ["true"], ...pace, ...policy },
  { kind: "tcp", address: "a:1", ...pace, ...policy },
  { kind: "grpc", address: "a:1", service: "", tls: true, ...tls, ...pace, ...policy },
  {
    kind: "http",
    url: "http://a/",
    method: "GET",
    headers: { Accept: ["a", "b"] },
    body: "",
    followRedirects: true,
    ...tls,
    ...pace,
    ...policy,
  },
];
const check = (spec?: CheckSpec) => ({
  ...{
    node: "n",
    id: "c",
    name: "check",
    status: "warning" as const,
    notes: "",
    output: "late",
    type: "ttl",
  },
  ...{ serviceId: "web-1", serviceName: "web", serviceTags: ["v1"], definition: { Interval: "1s", N: 1 } },
  ...(spec === undefined ? {} : { spec }),
});
const written = { atMs: 1, author: "ada", reason: "more" };
const service = {
  ...{ node: "n", id: "web-1", name: "web", tags: ["v1"], address: "", port: 80, enableTagOverride: false },
  ...{ weights: { passing: 1, warning: 2 }, meta: { a: "b" }, bound: true },
  taggedAddresses: { lan: { address: "10.0.0.1", port: 80 } },
};
const changes: readonly Change[] = [
  { kind: "node", node: { name: "n", id: "", address: "10.0.0.1", meta: {}, taggedAddresses: { lan: "a" } } },
  { kind: "service", service },
  { kind: "check", check: check() },
  ...specs.map((spec): Change => ({ kind: "check", check: check(spec) })),
  {
    kind: "session",
    session: {
      ...{ id: "s", name: "", node: "n", nodeChecks: ["serfHealth"], serviceChecks: [], lockDelayMs: 0 },
      ...{ behavior: "delete", ttl: "10s" },
    },
  },
  { kind: "kv", entry: { key: "k", value: "dg==", flags: "0", session: "", lockIndex: 0 } },
  {
    kind: "kv",
    entry: { key: "k", value: "", flags: "18446744073709551615", session: "s", lockIndex: 1 },
    valueIndex: 7,
    written,
  },
  { kind: "version", version: { key: "k", index: 7, value: "dg==", flags: "0", written, first: true } },
  { kind: "version", version: { key: "k", index: 8, flags: "0", written, first: false } },
];

function rowOf(change: Change): StoredRow {
  const { kind, key, value = "" } = toStored({ index: 1, atMs: 0 }, change);
  return { kind, key, value, createIndex: 1, modifyIndex: 1 };
}

/** As JSON has it: what is undefined is not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

test("every kind of row is read back as it was written", () => {
  for (const change of changes) assert.deepEqual(plain(fromStored(rowOf(change))), plain(change));
});

/** Every place in a row that holds something, with something else put there. */
function* spoiled(value: unknown): Generator<unknown> {
  yield typeof value === "string" ? 7 : "other";
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value))
    for (const bad of spoiled(inner))
      yield Array.isArray(value) ? value.with(Number(name), bad) : { ...value, [name]: bad };
}

test("a row in which anything has another type is refused, and told which row it is", () => {
  for (const change of changes) {
    const row = rowOf(change);
    // What an outside monitor wrote down is kept as it is, whatever it is.
    const { definition: _kept, ...judged } = JSON.parse(row.value);
    for (const bad of spoiled(judged)) {
      assert.throws(
        () => fromStored({ ...row, value: JSON.stringify(bad) }),
        (error) => {
          assert.ok(error instanceof TuskerError && error.code === "REGISTRY_STORAGE", JSON.stringify(bad));
          return error.message.includes(row.key);
        },
      );
    }
  }
});

test("a refusal names the field; what a later release added is no reason for one", () => {
  const row = rowOf({ kind: "service", service });
  const with_ = (more: object): StoredRow => ({ ...row, value: JSON.stringify({ ...service, ...more }) });
  assert.throws(() => fromStored(with_({ weights: { passing: 1 } })), /weights\.warning: is no number/);
  assert.throws(() => fromStored(with_({ tags: ["a", 7] })), /tags\.1: is no text/);
  assert.doesNotThrow(() => fromStored(with_({ locality: { region: "x" } })));
});
