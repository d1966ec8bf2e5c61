import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import type { Change, Check, Service } from "./model.ts";
import { Tables } from "./tables.ts";

const node = (name = "n1", address = "10.0.0.1"): Change => ({
  kind: "node",
  node: { name, id: "", address },
});
const service = (id: string, name: string, more: Partial<Service> = {}): Change => ({
  kind: "service",
  service: {
    node: "n1",
    id,
    name,
    tags: [],
    address: "",
    port: 80,
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    ...more,
  },
});
const check = (id: string, serviceId: string, more: Partial<Check> = {}): Change => ({
  kind: "check",
  check: {
    node: "n1",
    id,
    name: id,
    status: "passing",
    notes: "",
    output: "",
    serviceId,
    serviceName: "",
    serviceTags: [],
    type: "ttl",
    ...more,
  },
});

function tables(...changes: Change[]): Tables {
  const made = new Tables();
  made.apply(10, [node(), ...changes]);
  return made;
}
const touched = (made: Tables, ...changes: Change[]): string[] => [...made.apply(20, changes).touched].sort();
const isUnknown = (error: unknown): boolean =>
  error instanceof TuskerError && error.code === "REGISTRY_UNKNOWN";

test("a row carries the index that made it and the one that changed it last", () => {
  const made = tables(service("u1", "user"));
  made.apply(20, [service("u1", "user", { port: 81 })]);
  const row = made.service("n1", "u1");
  assert.deepEqual([row?.createIndex, row?.modifyIndex, row?.port], [10, 20, 81]);
});

test("registering the same again changes nothing and touches nothing", () => {
  const made = tables(service("u1", "user", { tags: ["a"], meta: { x: "1" } }), check("c", "u1"));
  const again = made.apply(20, [
    node(),
    service("u1", "user", { tags: ["a"], meta: { x: "1" } }),
    check("c", "u1"),
  ]);
  assert.deepEqual([again.changes, [...again.touched]], [[], []]);
});

test("a new instance touches its service, its node and the listing", () => {
  assert.deepEqual(touched(tables(), service("u1", "user")), [
    "catalog",
    "health:user",
    "node:n1",
    "service:user",
    "services",
  ]);
});

test("a second instance leaves the listing alone, unless it brings a new tag", () => {
  const made = tables(service("u1", "user", { tags: ["a"] }));
  assert.ok(!touched(made, service("u2", "user", { tags: ["a"] })).includes("services"));
  assert.ok(touched(made, service("u3", "user", { tags: ["b"] })).includes("services"));
  assert.ok(!touched(made, { kind: "service-gone", node: "n1", id: "u2" }).includes("services"));
  assert.ok(touched(made, { kind: "service-gone", node: "n1", id: "u3" }).includes("services"));
  assert.deepEqual(made.listing(), [["user", ["a"]]]);
});

test("the status of a check touches the health of its service, not its catalog entry", () => {
  const made = tables(service("u1", "user"), check("c", "u1"));
  assert.deepEqual(touched(made, check("c", "u1", { status: "critical" })), [
    "checks:user",
    "health:user",
    "node-checks:n1",
    "state:any",
    "state:critical",
    "state:passing",
  ]);
});

test("the status of a node's check touches the health of all on it, and of nobody else", () => {
  const made = tables(service("u1", "user"), service("o1", "order"), check("alive", ""));
  made.apply(11, [node("n2"), service("p1", "pay", { node: "n2" })]);
  assert.deepEqual(touched(made, check("alive", "", { status: "warning" })), [
    "health:order",
    "health:user",
    "node-checks:n1",
    "state:any",
    "state:passing",
    "state:warning",
  ]);
});

test("a new output is kept and is no change", () => {
  const made = tables(service("u1", "user"), check("c", "u1"));
  assert.deepEqual(touched(made, check("c", "u1", { output: "fine" })), []);
  assert.equal(made.check("n1", "c")?.output, "fine");
  assert.equal(made.check("n1", "c")?.modifyIndex, 10);
});

test("an instance that goes takes its checks along", () => {
  const made = tables(service("u1", "user"), check("c", "u1"), check("alive", ""));
  const { changes } = made.apply(20, [{ kind: "service-gone", node: "n1", id: "u1" }]);
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["check-gone", "service-gone"],
  );
  assert.equal(made.check("n1", "c"), undefined);
  assert.notEqual(made.check("n1", "alive"), undefined);
  assert.deepEqual(made.instances("user"), []);
});

test("a node that goes takes everything along", () => {
  const made = tables(service("u1", "user"), check("c", "u1"), check("alive", ""));
  made.apply(20, [{ kind: "node-gone", name: "n1" }]);
  assert.deepEqual([made.nodes(), made.listing(), made.checksIn("any")], [[], [], []]);
});

test("removing what is not there changes nothing", () => {
  const made = tables();
  assert.deepEqual(
    touched(
      made,
      { kind: "service-gone", node: "n1", id: "x" },
      { kind: "check-gone", node: "n1", id: "x" },
      { kind: "node-gone", name: "x" },
    ),
    [],
  );
});

test("an instance that changes its name moves, and its checks with it", () => {
  const made = tables(service("u1", "user"), check("c", "u1"));
  const hit = touched(made, service("u1", "people"));
  for (const topic of [
    "service:user",
    "service:people",
    "health:user",
    "health:people",
    "checks:user",
    "checks:people",
    "services",
  ]) {
    assert.ok(hit.includes(topic), topic);
  }
  assert.deepEqual(made.listing(), [["people", []]]);
  assert.equal(made.check("n1", "c")?.serviceName, "people");
});

test("a check knows its instance's name and tags, whatever it was registered with", () => {
  const made = tables(
    service("u1", "user", { tags: ["a"] }),
    check("c", "u1", { serviceName: "nonsense", serviceTags: ["z"] }),
  );
  assert.deepEqual([made.check("n1", "c")?.serviceName, made.check("n1", "c")?.serviceTags], ["user", ["a"]]);
  made.apply(20, [service("u1", "user", { tags: ["b"] })]);
  assert.deepEqual(made.check("n1", "c")?.serviceTags, ["b"]);
});

test("a new address of the node touches the services on it", () => {
  const hit = touched(tables(service("u1", "user")), node("n1", "10.0.0.2"));
  assert.ok(hit.includes("health:user") && hit.includes("service:user") && hit.includes("nodes"));
});

test("an instance without its node is refused, and nothing of its transaction happens", () => {
  const made = tables();
  assert.throws(() => made.apply(20, [service("u1", "user"), service("x", "x", { node: "n9" })]), isUnknown);
  assert.deepEqual(made.listing(), []);
});

test("a check without its instance is refused, and nothing of its transaction happens", () => {
  const made = tables();
  assert.throws(() => made.apply(20, [service("u1", "user"), check("c", "u2")]), isUnknown);
  assert.throws(() => made.apply(20, [check("c", "", { node: "n9" })]), isUnknown);
  assert.deepEqual(made.listing(), []);
});

test("what an earlier step of the same transaction removed does not count", () => {
  const made = tables(service("u1", "user"));
  const gone: Change = { kind: "node-gone", name: "n1" };
  assert.throws(() => made.apply(20, [gone, service("u2", "user")]), isUnknown);
  assert.throws(() => made.apply(20, [gone, node(), check("c", "u1")]), isUnknown);
  made.apply(20, [gone, node(), service("u1", "user"), check("c", "u1")]);
  assert.equal(made.check("n1", "c")?.createIndex, 20);
});

test("a check may move from one instance to another", () => {
  const made = tables(service("u1", "user"), service("o1", "order"), check("c", "u1"));
  const hit = touched(made, check("c", "o1"));
  assert.ok(hit.includes("health:user") && hit.includes("health:order"));
  assert.deepEqual(made.checksOf("n1", "u1"), []);
  assert.equal(made.checksOf("n1", "o1").length, 1);
});
