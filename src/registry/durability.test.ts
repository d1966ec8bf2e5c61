import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type ManualClock, manualClock, seededRandom } from "../kernel/index.ts";
import { type HttpClient, httpClient } from "../net/index.ts";
import { type Registry, startRegistry } from "./registry.ts";

interface House extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly logged: string[];
  readonly dataDir: string;
  start(): Promise<Registry>;
  put(registry: Registry, path: string, body?: object): Promise<void>;
  get(registry: Registry, path: string): Promise<{ index: number; json: unknown }>;
}

async function house(): Promise<House> {
  const dataDir = mkdtempSync(join(tmpdir(), "tusker-durable-"));
  const clock = manualClock();
  const http: HttpClient = httpClient();
  const logged: string[] = [];
  const say = (message: string) => void logged.push(message);
  return {
    clock,
    logged,
    dataDir,
    start: () =>
      startRegistry({
        port: 0,
        clock,
        random: seededRandom(1),
        log: { info: say, error: say },
        node: "n1",
        dataDir,
      }),
    async put(registry, path, body) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      const answer = await http.request({ method: "PUT", url: `${registry.url}${path}`, ...text });
      assert.equal(answer.status, 200, await answer.text(10_000));
    },
    async get(registry, path) {
      const answer = await http.request({ method: "GET", url: `${registry.url}${path}` });
      const index = Number(answer.header("x-consul-index"));
      return { index, json: JSON.parse(await answer.text(1_000_000)) };
    },
    async [Symbol.asyncDispose]() {
      await http[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const user = {
  ID: "u1",
  Name: "user",
  Address: "10.0.0.1",
  Port: 8081,
  Tags: ["a"],
  Meta: { v: "1" },
  TaggedAddresses: { lan: { Address: "10.0.0.1", Port: 8081 } },
  Checks: [
    { TTL: "2s", Status: "passing" },
    { CheckID: "web", Name: "web", HTTP: "http://127.0.0.1:1/", Interval: "1h" },
  ],
};

test("a restart gives back every row as it was, with its indexes and its status", async () => {
  await using t = await house();
  const first = await t.start();
  await t.put(first, "/v1/agent/service/register", user);
  await t.put(first, "/v1/agent/check/warn/service:u1:1?note=slow");
  await t.put(first, "/v1/catalog/register", {
    Node: "far",
    Address: "10.9.9.9",
    NodeMeta: { rack: "7" },
    Service: { Service: "db", Port: 5432 },
    Check: { CheckID: "alive", Name: "alive", Status: "passing", Definition: { TCP: "10.9.9.9:5432" } },
  });
  const paths = [
    "/v1/health/service/user",
    "/v1/health/service/db",
    "/v1/health/state/any",
    "/v1/agent/services",
  ];
  const before = await Promise.all(paths.map((path) => t.get(first, path)));
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  const after = await Promise.all(paths.map((path) => t.get(second, path)));
  assert.deepEqual(
    after.map(({ json }) => json),
    before.map(({ json }) => json),
  );
  assert.ok(after.every(({ index }, i) => Number.isNaN(index) || index >= (before[i]?.index ?? 0)));
});

test("after a restart a heartbeat has ten seconds to come back, and is then expected as before", async () => {
  await using t = await house();
  const first = await t.start();
  await t.put(first, "/v1/agent/service/register", { ...user, Checks: [user.Checks[0]] });
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  const status = () => second.instances().find(({ id }) => id === "u1")?.status;
  t.clock.advance(9_900);
  assert.equal(status(), "passing");
  await t.put(second, "/v1/agent/check/pass/service:u1");
  t.clock.advance(1_900);
  assert.equal(status(), "passing");
  t.clock.advance(200);
  assert.equal(status(), "critical");
});

test("what code of the process registered ends with the process; what came over the wire stays", async () => {
  await using t = await house();
  const first = await t.start();
  await first.register({ id: "own", service: "user", host: "127.0.0.1", port: 1 });
  await t.put(first, "/v1/agent/service/register", { Name: "guest" });
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  assert.deepEqual(
    second.instances().map(({ id }) => id),
    ["guest"],
  );
});

test("indexes go on above everything that was told before, whatever the clock says", async () => {
  await using t = await house();
  const first = await t.start();
  for (let i = 0; i < 50; i++) await t.put(first, "/v1/agent/service/register", { Name: `s${i}` });
  const { index } = await t.get(first, "/v1/catalog/services");
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  await t.put(second, "/v1/agent/service/register", { Name: "next" });
  assert.ok((await t.get(second, "/v1/catalog/services")).index > index);
});

test("the id of the node stays, and nothing is written by a restart alone", async () => {
  await using t = await house();
  const first = await t.start();
  const before = await t.get(first, "/v1/catalog/nodes");
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  assert.deepEqual(await t.get(second, "/v1/catalog/nodes"), before);
});

test("a second registry on the same folder is refused, and the first one goes on", async () => {
  await using t = await house();
  await using first = await t.start();
  await assert.rejects(t.start(), { code: "REGISTRY_STORAGE" });
  await t.put(first, "/v1/agent/service/register", { Name: "still" });
});

test("keys, flags, locks and sessions come back, whatever is in a key", async () => {
  await using t = await house();
  const first = await t.start();
  for (const key of ["%C3%A9/%22", "plain"]) await t.put(first, `/v1/kv/${key}?flags=7`, { key });
  // No path names what cannot be printed; a transaction does.
  const unseen = ["a\0b", "a\0c"].map((Key) => ({ KV: { Verb: "set", Key, Value: "eA==", Flags: 7 } }));
  await t.put(first, "/v1/txn", unseen);
  await t.put(first, "/v1/session/create", { Name: "holder", TTL: "10s", Behavior: "delete" });
  const [session] = (await t.get(first, "/v1/session/list")).json as { ID: string }[];
  await t.put(first, `/v1/kv/lock?acquire=${session?.ID}`);
  const paths = ["/v1/kv/?recurse", "/v1/session/list"];
  const before = await Promise.all(paths.map(async (path) => (await t.get(first, path)).json));
  await first[Symbol.asyncDispose]();
  await using second = await t.start();
  assert.deepEqual(await Promise.all(paths.map(async (path) => (await t.get(second, path)).json)), before);
  assert.equal((before[0] as unknown[]).length, 5);
  t.clock.advance(20_000);
  assert.deepEqual((await t.get(second, "/v1/session/list")).json, [], "its time began anew and ran out");
});
