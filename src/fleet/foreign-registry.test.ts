import assert from "node:assert/strict";
import { test } from "node:test";
import { consulRegistrar } from "../discovery/index.ts";
import { manualClock, seededRandom, systemClock, systemRandom } from "../kernel/index.ts";
import { httpClient } from "../net/index.ts";
import { type Registry, startRegistry } from "../registry/index.ts";
import { ForeignRegistry } from "./foreign-registry.ts";

const log = { info() {}, error() {} };
const registryAt = (port: number): Promise<Registry> =>
  startRegistry({ port, clock: systemClock, random: seededRandom(1), log });
const instance = (id: string, port: number) => ({ id, service: "user-service", host: "127.0.0.1", port });

test("two fleets on one registry keep their instances apart, and each takes out only its own", async () => {
  await using registry = await registryAt(0);
  await using http = httpClient();
  const one = new ForeignRegistry(registry.url, "one", http);
  const two = new ForeignRegistry(registry.url, "two", http);
  await one.register(instance("user-service-001", 1));
  await two.register(instance("user-service-001", 2));
  const ports = (): number[] =>
    registry
      .instances()
      .filter(({ service }) => service === "user-service")
      .map(({ port }) => port);
  assert.deepEqual(ports().sort(), [1, 2]);
  await one.deregister("user-service-001");
  await one.deregister("user-service-002");
  assert.deepEqual(ports(), [2]);
});

test("an instance its owner registered is seen, and never taken out", async () => {
  await using registry = await registryAt(0);
  await using http = httpClient();
  await consulRegistrar({ url: registry.url, http }).register(instance("theirs", 7));
  const fleet = new ForeignRegistry(registry.url, "shop", http);
  assert.equal(await fleet.serves("user-service", 7), true);
  assert.equal(await fleet.serves("user-service", 8), false);
  assert.equal(await fleet.serves("order-service", 7), false);
  await fleet.deregister("theirs");
  assert.equal(await fleet.serves("user-service", 7), true);
});

test("a registry that lost its memory is told again", async () => {
  const first = await registryAt(0);
  const { port } = first;
  await using http = httpClient();
  const fleet = new ForeignRegistry(first.url, "shop", http);
  await fleet.register(instance("user-service-001", 7));
  await first[Symbol.asyncDispose]();
  await using second = await startRegistry({ port, clock: systemClock, random: systemRandom, log });
  const clock = manualClock();
  const over = new AbortController();
  const telling = fleet.keepTold(clock, over.signal);
  while (!second.instances().some(({ id }) => id === "shop.user-service-001")) {
    clock.advance(15_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  over.abort();
  await telling;
});

test("an instance that could not be told at once is bound to this process when it is", async () => {
  const gone = await registryAt(0);
  const { port, url } = gone;
  await gone[Symbol.asyncDispose]();
  await using http = httpClient();
  const held: string[] = [];
  const fleet = new ForeignRegistry(url, "shop", http, (id) => {
    held.push(id);
    return { [Symbol.dispose]: () => undefined };
  });
  await assert.rejects(fleet.register(instance("user-service-001", 7)));
  assert.deepEqual(held, []);
  await using _registry = await startRegistry({ port, clock: systemClock, random: systemRandom, log });
  const clock = manualClock();
  const over = new AbortController();
  const telling = fleet.keepTold(clock, over.signal);
  while (held.length === 0) {
    clock.advance(15_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  over.abort();
  await telling;
  assert.deepEqual(held, ["shop.user-service-001"]);
});
