/** An etcd that goes and comes back: nobody is taken out of service, and nothing that happens afterwards is missed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openEngine } from "../../src/discovery/index.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { skipWithoutEtcd, startEtcdPeer } from "../support/etcd-peer.ts";
import { until } from "../support/until.ts";

const log = { info: () => undefined, warn: () => undefined };
const instance = (id: string, port: number) => ({ id, service: "user-service", host: "127.0.0.1", port });

test("sets stay while it is away, and watches, leases and calls go on when it is back", {
  skip: skipWithoutEtcd,
}, async () => {
  await using peer = await startEtcdPeer();
  await using http = httpClient();
  const common = { url: peer.url, http, clock: systemClock, random: systemRandom, log };
  await using engine = await openEngine(common);
  await using _one = await engine.registry.register(instance("u1", 1), { leaseMs: 30_000 });
  const { discovery } = engine.registry;
  const heard: string[] = [];
  using _watch = discovery.watch("user-service", ({ endpoints }) =>
    heard.push(endpoints.map(({ id }) => id).join()),
  );
  await until("the instance", () => heard.at(-1) === "u1" || undefined);
  const stop = new AbortController();
  const keys = new Map<string, string>();
  const watching = (async () => {
    for await (const { put } of engine.kv.watch("away/", { signal: stop.signal }))
      for (const { key, value } of put) keys.set(key, Buffer.from(value).toString());
  })();
  await engine.kv.put("away/before", "1");
  await until("the watch", () => keys.has("away/before") || undefined);

  await peer.restart(async () => {
    await assert.rejects(engine.kv.get("away/before"), { code: "DISCOVERY_UNREACHABLE" });
    assert.deepEqual(discovery.known("user-service")?.endpoints.length, 1, "the last set stays in use");
  });

  await using _two = await engine.registry.register(instance("u2", 2), { leaseMs: 30_000 });
  await engine.kv.put("away/after", "2");
  await until("news of both", () => (keys.has("away/after") && heard.at(-1) === "u1,u2") || undefined);
  assert.ok(!heard.includes(""), `nobody was missing in between: ${heard.join(" | ")}`);
  assert.equal(Buffer.from((await engine.kv.get("away/before"))?.value ?? []).toString(), "1");
  stop.abort();
  await watching;
});
