/** Our consuming side over our serving side, on real sockets and the real clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  consulDiscovery,
  consulRegistrar,
  type EndpointSet,
  registryDiscovery,
} from "../../src/discovery/index.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { timely } from "../support/timely.ts";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const start = (port = 0): Promise<Registry> =>
  startRegistry({ port, clock: systemClock, random: systemRandom, log: silent, node: "box" });

/** Both ways to follow a registry tell the same. */
const ways = { "blocking queries": consulDiscovery, "the delta stream": registryDiscovery };

async function bench(way: keyof typeof ways, graceMs?: number) {
  const registry = await start();
  const http = httpClient();
  const discovery = ways[way]({
    url: registry.url,
    http,
    clock: systemClock,
    random: systemRandom,
    log: silent,
    ...(graceMs === undefined ? {} : { graceMs }),
  });
  return {
    registry,
    http,
    discovery,
    registrar: consulRegistrar({ url: registry.url, http }),
    async [Symbol.asyncDispose]() {
      await discovery[Symbol.asyncDispose]();
      await http[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    },
  };
}

const instance = (id: string, port: number) => ({
  id,
  service: "user-service",
  host: "127.0.0.1",
  port,
  meta: { grpc_port: String(port + 1_000) },
  tags: ["v1"],
  weight: 2,
  check: { kind: "ttl" as const, ttlMs: 60_000 },
  status: "passing" as const,
});

async function until(so: () => boolean): Promise<number> {
  const from = systemClock.now();
  while (!so()) {
    assert.ok(systemClock.now() - from < 60_000, `never: ${so}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return systemClock.now() - from;
}

const idsOf = (set: EndpointSet | undefined) => set?.endpoints.map(({ id }) => id);

for (const way of ["blocking queries", "the delta stream"] as const) {
  test(`${way}: what is registered over the wire is discovered with all it said of itself`, async () => {
    await using t = await bench(way);
    await t.registrar.register(instance("u1", 8081));
    const { endpoints } = await t.discovery.lookup("user-service");
    assert.deepEqual(endpoints, [
      {
        id: "u1",
        service: "user-service",
        host: "127.0.0.1",
        port: 8081,
        meta: { grpc_port: "9081" },
        tags: ["v1"],
        weight: 2,
      },
    ]);
  });

  /** How long the slowest of five changes took to arrive. */
  const slowestMs = async (): Promise<number> => {
    await using t = await bench(way);
    const heard: (readonly string[])[] = [];
    t.discovery.watch("user-service", (set) => heard.push(set.endpoints.map(({ id }) => id)));
    await until(() => heard.length === 1);
    const steps: (() => Promise<void>)[] = [
      () => t.registrar.register(instance("u1", 8081)),
      () => t.registrar.register(instance("u2", 8082)),
      () => t.registrar.setStatus("u1", "critical", "out of memory"),
      () => t.registrar.setStatus("u1", "passing"),
      () => t.registrar.deregister("u2"),
    ];
    let slowest = 0;
    for (const [i, step] of steps.entries()) {
      await step();
      slowest = Math.max(slowest, await until(() => heard.length === i + 2));
    }
    assert.deepEqual(heard, [[], ["u1"], ["u1", "u2"], ["u2"], ["u1", "u2"], ["u1"]]);
    return slowest;
  };

  test(`${way}: appearing, failing, recovering and leaving each arrive within a second`, () =>
    timely(1_000, slowestMs));

  test(`${way}: what code in the registry's process does is discovered alike`, async () => {
    await using t = await bench(way);
    await t.registry.register(instance("u1", 8081));
    assert.deepEqual(idsOf(await t.discovery.lookup("user-service")), ["u1"]);
    await t.registry.setStatus("u1", "critical", "exited with code 1");
    await until(() => idsOf(t.discovery.known("user-service"))?.length === 0);
  });

  test(`${way}: a registry that restarts empty takes nobody out of service before the grace is over`, async () => {
    await using t = await bench(way, 4_000);
    await t.registrar.register(instance("u1", 8081));
    await t.registrar.register(instance("u2", 8082));
    await t.discovery.lookup("user-service");
    const seen = new Set<string>();
    t.discovery.watch("user-service", (set) => seen.add(String(idsOf(set))));
    const { port } = t.registry;
    // Between two questions nobody notices that a registry goes; real ones take longer to start than that.
    await until(() => t.registry.stats.waiting + t.registry.stats.watching === 1);
    await t.registry.drain(1_000);
    const again = await start(port);
    try {
      await t.registrar.register(instance("u1", 8081));
      await until(() => again.stats.waiting + again.stats.watching === 1);
      assert.deepEqual([...seen], ["u1,u2"], "nothing was lost in between");
      await until(() => String(idsOf(t.discovery.known("user-service"))) === "u1");
      assert.deepEqual([...seen], ["u1,u2", "u1"], "and in the end the registry is right");
    } finally {
      await again.drain(0);
    }
  });

  test(`${way}: an instance is registered anew under its id with the status it names`, async () => {
    await using t = await bench(way);
    await t.registrar.register(instance("u1", 8081));
    await t.registrar.setStatus("u1", "critical");
    await t.registrar.deregister("u1");
    await t.registrar.register(instance("u1", 8081));
    assert.deepEqual(idsOf(await t.discovery.lookup("user-service")), ["u1"]);
  });

  test(`${way}: it is the way that is used`, async () => {
    await using t = await bench(way);
    await t.registrar.register(instance("u1", 8081));
    await t.discovery.lookup("user-service");
    await until(() => t.registry.stats.waiting + t.registry.stats.watching === 1);
    const { waiting, watching } = t.registry.stats;
    assert.deepEqual([waiting, watching], way === "the delta stream" ? [0, 1] : [1, 0]);
  });
}
