import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bench, bench } from "../../fixture.test.ts";

const keysOf = async (t: Bench, path: string): Promise<unknown> => (await t.ask("GET", path)).json;

test("a value goes in as bytes and comes out as base64, or as bytes", async () => {
  await using t = await bench();
  assert.deepEqual((await t.ask("PUT", "/v1/kv/a/b?flags=42", "hello")).json, true);
  const [row] = (await t.get("/v1/kv/a/b")) as Record<string, unknown>[];
  assert.deepEqual(Object.keys(row ?? {}), [
    "LockIndex",
    "Key",
    "Flags",
    "Value",
    "CreateIndex",
    "ModifyIndex",
  ]);
  assert.deepEqual([row?.Key, row?.Flags, row?.Value], ["a/b", 42, "aGVsbG8="]);
  const raw = await t.ask("GET", "/v1/kv/a/b?raw");
  assert.equal(raw.text, "hello");
  assert.equal(raw.header("content-security-policy"), "sandbox");
  assert.equal(raw.header("x-content-type-options"), "nosniff");
  assert.equal((await t.ask("GET", "/v1/kv/none")).status, 404);
  assert.ok(Number((await t.ask("GET", "/v1/kv/none")).header("x-consul-index")) >= 1);
});

test("flags of 64 bits survive to the last bit", async () => {
  await using t = await bench();
  await t.put("/v1/kv/a?flags=18446744073709551615", "x");
  assert.match((await t.ask("GET", "/v1/kv/a")).text, /"Flags":18446744073709551615,/);
});

test("keys are listed below a prefix, whole or up to the next separator", async () => {
  await using t = await bench();
  for (const key of ["a/b", "a/c/d", "e", "with%20space"]) await t.put(`/v1/kv/${key}`, "x");
  assert.deepEqual(await keysOf(t, "/v1/kv/?keys"), ["a/b", "a/c/d", "e", "with space"]);
  assert.deepEqual(await keysOf(t, "/v1/kv/?keys&separator=/"), ["a/", "e", "with space"]);
  assert.deepEqual(await keysOf(t, "/v1/kv/a/?keys&seperator=/"), ["a/b", "a/c/"]);
  assert.equal((await t.ask("GET", "/v1/kv/zz?keys")).status, 404);
  assert.equal((await t.ask("GET", "/v1/kv/zz?recurse")).status, 404);
  await t.ask("DELETE", "/v1/kv/a?recurse");
  assert.deepEqual(await keysOf(t, "/v1/kv/?keys"), ["e", "with space"]);
});

test("a reader of a prefix wakes for keys below it and for their deletion, and for nothing else", async () => {
  await using t = await bench();
  await t.put("/v1/kv/a/1", "x");
  const asked = async (): Promise<{ answer: Promise<unknown> }> => {
    const index = await t.index("/v1/kv/a?recurse");
    const answer = t.ask("GET", `/v1/kv/a?recurse&index=${index}&wait=60s`).then((said) => said.status);
    await t.until(() => t.registry.stats.waiting === 1);
    return { answer };
  };
  const first = await asked();
  await t.put("/v1/kv/b", "x");
  await t.put("/v1/kv/a/1", "x");
  await t.ask("DELETE", "/v1/kv/a/none");
  assert.equal(t.registry.stats.waiting, 1);
  await t.put("/v1/kv/a/2", "x");
  assert.equal(await first.answer, 200);
  const second = await asked();
  await t.ask("DELETE", "/v1/kv/a?recurse");
  assert.equal(await second.answer, 404);
});

test("check-and-set: one of two writers wins", async () => {
  await using t = await bench();
  const cas = async (index: number) => (await t.ask("PUT", `/v1/kv/a?cas=${index}`, "x")).json;
  assert.equal(await cas(0), true);
  assert.equal(await cas(0), false);
  const [row] = (await t.get("/v1/kv/a")) as { ModifyIndex: number }[];
  await t.put("/v1/kv/a", "y");
  assert.equal(await cas(row?.ModifyIndex ?? 0), false);
  assert.equal((await t.ask("DELETE", `/v1/kv/a?cas=${row?.ModifyIndex}`)).json, false);
});

test("a lock is held by a session, passes on after the delay, and a transaction respects it", async () => {
  await using t = await bench();
  const create = async () =>
    ((await t.ask("PUT", "/v1/session/create", { LockDelay: "5s", TTL: "10s" })).json as { ID: string }).ID;
  const [one, two] = [await create(), await create()];
  const take = async (id: string) => (await t.ask("PUT", `/v1/kv/lock?acquire=${id}`, id)).json;
  assert.equal(await take(one), true);
  assert.equal(await take(two), false);
  const txn = [
    { KV: { Verb: "set", Key: "x", Value: "eA==" } },
    { KV: { Verb: "lock", Key: "lock", Session: two } },
  ];
  assert.equal((await t.ask("PUT", "/v1/txn", txn)).status, 409);
  assert.equal((await t.ask("GET", "/v1/kv/x")).status, 404, "all or nothing");
  await t.put(`/v1/session/destroy/${one}`);
  assert.equal(await take(two), false, "within the lock delay");
  t.clock.advance(5_000);
  assert.equal(await take(two), true);
  t.clock.advance(20_000);
  assert.deepEqual(await t.get("/v1/session/list"), []);
  const [row] = (await t.get("/v1/kv/lock")) as { LockIndex: number; Session?: string }[];
  assert.deepEqual([row?.LockIndex, row?.Session], [2, undefined]);
});

test("an event reaches who waits for it, unless it is for somebody else", async () => {
  await using t = await bench();
  const list = "/v1/event/list?name=deploy";
  await t.put("/v1/event/fire/deploy", "v1");
  const answer = t.ask("GET", `${list}&index=${await t.index(list)}&wait=60s`);
  await t.until(() => t.registry.stats.waiting === 1);
  await t.put("/v1/event/fire/deploy?node=elsewhere", "v2");
  await t.put("/v1/event/fire/deploy?service=none", "v3");
  await t.put("/v1/event/fire/other", "v4");
  assert.equal(t.registry.stats.waiting, 1);
  await t.put("/v1/agent/service/register", { Name: "web", Tags: ["blue"] });
  await t.put("/v1/event/fire/deploy?service=^web$&tag=blue", "v5");
  const events = (await answer).json as { Payload: string; LTime: number }[];
  assert.deepEqual(
    events.map(({ Payload, LTime }) => [Buffer.from(Payload, "base64").toString(), LTime]),
    [
      ["v1", 1],
      ["v5", 3],
    ],
  );
  assert.equal((await t.ask("PUT", "/v1/event/fire/deploy?tag=x")).status, 500);
  assert.equal((await t.ask("PUT", "/v1/event/fire/deploy?node=((")).status, 500);
  assert.deepEqual(await t.get("/v1/event/list?name=zz"), []);
});

test("a filter that names what is not there is refused before anything is read", async () => {
  await using t = await bench();
  const refused = await t.ask("GET", "/v1/health/service/web?filter=Service.Bogus==1");
  assert.equal(refused.status, 500);
  assert.match(
    refused.text,
    /^Failed to create boolean expression evaluator: Selector "Service.Bogus" is not valid/,
  );
  assert.equal((await t.ask("GET", "/v1/catalog/services?filter=a==1")).status, 500);
  assert.equal((await t.ask("GET", "/v1/session/list?filter=a==1")).status, 400);
});

test("a value of 512 KiB is taken, one byte more is 413", async () => {
  await using t = await bench();
  await t.put("/v1/kv/fits", "x".repeat(512 * 1024));
  const refused = await t.ask("PUT", "/v1/kv/big", "x".repeat(512 * 1024 + 1));
  assert.deepEqual([refused.status, refused.header("connection")], [413, "close"]);
  assert.match(refused.text, /^Request body\(524289 bytes\) too large, max size: 524288 bytes/);
});
