/** Keys, sessions, transactions and watches of them, through the npm client. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Consul from "consul";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { until } from "../support/until.ts";

let registry: Registry;
let consul: Consul;

before(async () => {
  registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    node: "box",
    log: { info: () => undefined, error: (message, fields) => assert.fail(`${message} ${fields?.reason}`) },
  });
  consul = new Consul({ host: "127.0.0.1", port: registry.port });
});

after(() => registry[Symbol.asyncDispose]());

test("kv.set, get, keys and del", async () => {
  assert.equal(await consul.kv.set({ key: "app/name", value: "shop", flags: 7 }), true);
  const found = await consul.kv.get("app/name");
  assert.deepEqual([found?.Value, found?.Flags], ["shop", 7]);
  assert.equal(String(await consul.kv.get({ key: "app/name", raw: true })), "shop");
  await consul.kv.set("app/port", "80");
  assert.deepEqual(await consul.kv.keys("app/"), ["app/name", "app/port"]);
  assert.deepEqual(await consul.kv.keys({ key: "", separator: "/" }), ["app/"]);
  const all = (await consul.kv.get({ key: "app", recurse: true })) as unknown as { Value: string }[];
  assert.deepEqual(
    all.map(({ Value }) => Value),
    ["shop", "80"],
  );
  await consul.kv.del({ key: "app", recurse: true });
  assert.equal(await consul.kv.get("app/name"), undefined);
});

test("kv.set with cas loses against who was quicker", async () => {
  assert.equal(await consul.kv.set({ key: "cas", value: "1", cas: 0 }), true);
  const index = Number((await consul.kv.get("cas"))?.ModifyIndex);
  await consul.kv.set("cas", "2");
  assert.notEqual(await consul.kv.set({ key: "cas", value: "3", cas: index }), true);
  assert.equal((await consul.kv.get("cas"))?.Value, "2");
});

test("sessions: create, get, node, list, renew, destroy; and the lock they hold", async () => {
  const holder = async () => ((await consul.kv.get("leader")) as { Session?: string } | undefined)?.Session;
  const { ID: id } = await consul.session.create({ name: "leader", ttl: "30s", lockdelay: "1s" });
  const { ID: other } = await consul.session.create();
  assert.equal((await consul.session.get(id))?.Name, "leader");
  assert.equal((await consul.session.node("box")).length, 2);
  assert.equal((await consul.session.list()).length, 2);
  assert.equal((await consul.session.renew(id))[0]?.TTL, "30s");
  assert.equal(await consul.kv.set({ key: "leader", value: "me", acquire: id }), true);
  assert.notEqual(await consul.kv.set({ key: "leader", value: "you", acquire: other }), true);
  assert.equal(await holder(), id);
  assert.equal(await consul.kv.set({ key: "leader", value: "", release: id }), true);
  assert.equal(await consul.kv.set({ key: "leader", value: "you", acquire: other }), true);
  await consul.session.destroy(other);
  assert.equal(await holder(), undefined);
  assert.notEqual(await consul.kv.set({ key: "leader", value: "me", acquire: id }), true, "lock delay");
  await consul.session.destroy(id);
  await assert.rejects(consul.session.renew(id), { message: /not found/ });
});

test("transaction.create: all, or none", async () => {
  const value = Buffer.from("1").toString("base64");
  // Its types know the steps without the KV around them; its code sends what it is given.
  const create = (steps: object[]) => consul.transaction.create(steps as never[], { operations: [] });
  const done = await create([
    { KV: { Verb: "set", Key: "t/a", Value: value } },
    { KV: { Verb: "get", Key: "t/a" } },
  ]);
  assert.equal(done.Results?.length, 2);
  await assert.rejects(
    create([
      { KV: { Verb: "set", Key: "t/b", Value: value } },
      { KV: { Verb: "check-not-exists", Key: "t/a" } },
    ]),
  );
  assert.equal(await consul.kv.get("t/b"), undefined);
});

test("event.fire and event.list", async () => {
  await consul.event.fire({ name: "deploy", payload: "v1" });
  const fired = await consul.event.fire({ name: "deploy", payload: "v2" });
  assert.equal(fired.Name, "deploy");
  const events = await consul.event.list("deploy");
  assert.deepEqual(
    events.map(({ Payload }) => String(Payload)),
    ["v1", "v2"],
  );
  assert.deepEqual(await consul.event.list("none"), []);
});

test("watch of a prefix hears of keys below it, of their deletion, and of nothing else", async () => {
  const seen: (string[] | undefined)[] = [];
  const watch = consul.watch({ method: consul.kv.keys, options: { key: "w/" } });
  watch.on("change", (keys: string[]) => seen.push(keys));
  watch.on("error", () => seen.push(undefined));
  await until("the watch sleeps", () => registry.stats.waiting === 1 || seen.length > 0 || undefined);
  await consul.kv.set("w/1", "x");
  await until("one key", () => seen.at(-1)?.length === 1 || undefined);
  await until("it sleeps again", () => registry.stats.waiting === 1 || undefined);
  await consul.kv.set("elsewhere", "x");
  assert.equal(registry.stats.waiting, 1);
  await consul.kv.set("w/2", "x");
  await until("two keys", () => seen.at(-1)?.length === 2 || undefined);
  watch.end();
});
