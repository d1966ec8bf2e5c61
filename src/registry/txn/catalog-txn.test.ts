/** Transactions on nodes, instances and checks, over the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, bench } from "../fixture.test.ts";

const txn = "/v1/txn";
const node = (Verb: string, more: object = {}) => ({ Node: { Verb, Node: { Node: "n2", ...more } } });
const service = (Verb: string, more: object = {}) => ({
  Service: { Verb, Node: "n2", Service: { ID: "s1", Service: "web", ...more } },
});
const check = (Verb: string, more: object = {}) => ({
  Check: { Verb, Check: { Node: "n2", CheckID: "c1", Name: "c", Status: "passing", ...more } },
});
const set = (Key: string) => ({ KV: { Verb: "set", Key, Value: "eA==" } });

interface Said {
  readonly Results: Record<string, { ModifyIndex: number }>[] | null;
  readonly Errors: { OpIndex: number; What: string }[] | null;
}

async function run(t: Bench, ...steps: object[]): Promise<{ status: number } & Said> {
  const answer = await t.ask("PUT", txn, steps);
  return { status: answer.status, ...(answer.json as Said) };
}

const whole = [
  node("set", { Address: "10.0.0.2" }),
  service("set"),
  check("set", { ServiceID: "s1" }),
  set("a"),
];

test("a node, its instance, its check and a key are there at once, under one index", async () => {
  await using t = await bench();
  const { status, Results } = await run(t, ...whole);
  assert.equal(status, 200);
  const rows = (Results ?? []).map((row) => Object.entries(row)[0]);
  assert.deepEqual(
    rows.map((row) => row?.[0]),
    ["Node", "Service", "Check", "KV"],
  );
  assert.equal(new Set(rows.map((row) => row?.[1].ModifyIndex)).size, 1);
  const [found] = (await t.get("/v1/health/service/web")) as { Checks: { ServiceName: string }[] }[];
  assert.equal(found?.Checks[0]?.ServiceName, "web");
});

test("one step that cannot be taken prevents all, and every such step is named", async () => {
  await using t = await bench();
  const before = t.registry.stats.index;
  const { status, Errors } = await run(t, set("a"), service("set"), check("set"), node("bogus"), node("get"));
  assert.equal(status, 409);
  assert.deepEqual(
    Errors?.map(({ OpIndex, What }) => [OpIndex, What]),
    [
      [1, "Missing node registration"],
      [2, "Missing node registration"],
      [3, 'unknown Node verb "bogus"'],
      [4, `node "n2" doesn't exist`],
    ],
  );
  assert.equal(t.registry.stats.index, before);
});

test("cas and delete-cas hold by the index of the row, also within the transaction", async () => {
  await using t = await bench();
  const made = await run(t, ...whole);
  const index = made.Results?.[1]?.Service?.ModifyIndex;
  const stale = await run(t, service("cas", { ModifyIndex: 1 }), check("delete-cas", { ModifyIndex: 1 }));
  assert.deepEqual(
    stale.Errors?.map(({ What }) => What),
    [
      'failed to set service "s1" on node "n2", index is stale',
      'failed to delete check "c1" on node "n2", index is stale',
    ],
  );
  assert.equal((await run(t, service("cas", { ModifyIndex: index, Port: 9 }))).status, 200);
  assert.equal((await run(t, service("cas", { ModifyIndex: index, Port: 10 }))).status, 409);
  assert.equal((await run(t, node("cas", { Node: "n3", Address: "10.0.0.3", ModifyIndex: 0 }))).status, 200);
  assert.equal((await run(t, node("cas", { Node: "n3", Address: "10.0.0.3", ModifyIndex: 0 }))).status, 409);
});

test("what a step removes takes along what hangs on it, and later steps see that", async () => {
  await using t = await bench();
  await run(t, ...whole);
  const { status, Errors } = await run(t, service("delete"), check("get"));
  assert.deepEqual([status, Errors?.[0]?.What], [409, `check "c1" on node "n2" doesn't exist`]);
  const again = await run(t, node("delete"), node("set", { Address: "10.0.0.9" }), service("get"));
  assert.equal(again.Errors?.[0]?.What, `service "s1" on node "n2" doesn't exist`);
  assert.equal((await run(t, node("delete"))).status, 200);
  assert.deepEqual(await t.get("/v1/catalog/service/web"), []);
});

test("the registry's own node and the check that says it answers stay", async () => {
  await using t = await bench();
  assert.equal((await run(t, node("delete", { Node: "n1" }))).status, 409);
  assert.equal((await run(t, check("delete", { Node: "n1", CheckID: "serfHealth" }))).status, 409);
});

test("a row that is sent back as it was read is taken, and is no change", async () => {
  await using t = await bench();
  await run(t, ...whole);
  const { Results } = await run(t, node("get"), service("get"), check("get"));
  const before = t.registry.stats.index;
  const [{ Node } = {}, { Service } = {}, { Check } = {}] = Results ?? [];
  const back = await run(
    t,
    { Node: { Verb: "set", Node } },
    { Service: { Verb: "set", Node: "n2", Service } },
    { Check: { Verb: "set", Check } },
  );
  assert.equal(back.status, 200, JSON.stringify(back));
  assert.equal(t.registry.stats.index, before);
  assert.equal((await t.ask("PUT", txn, [{ Node: { Verb: "set", Node: { Bogus: 1 } } }])).status, 400);
});
