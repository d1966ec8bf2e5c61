/** A service's configuration, pushed from a real registry, over its restart and its absence. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { openEngine } from "../../src/discovery/index.ts";
import { systemClock, systemRandom, TuskerError } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { readConfig } from "../../src/rpc/config.ts";
import { liveSettingsOf } from "../../src/rpc/live/live-settings.ts";
import { Runtime, settingsOf } from "../../src/rpc/runtime.ts";
import { until } from "../support/until.ts";

const silent = { info: () => undefined, error: () => undefined, warn: () => undefined };
const parts = { clock: systemClock, random: systemRandom };
const schema = z.object({ pool: z.object({ size: z.number().int(), host: z.string() }) });

async function bench() {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "tusker-live-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  let registry: Registry | undefined;
  let port = 0;
  const start = async (): Promise<Registry> => {
    registry = await startRegistry({ port, dataDir: join(folder, "registry"), ...parts, log: silent });
    port = registry.port;
    return registry;
  };
  await start();
  stack.defer(async () => registry?.[Symbol.asyncDispose]());
  const url = `http://127.0.0.1:${port}`;
  return {
    start,
    stop: async () => registry?.[Symbol.asyncDispose](),
    runtime() {
      const base = readConfig({ TUSKER_REGISTRY_URL: url, TUSKER_DATA_DIR: join(folder, "data") });
      const settings = { pool: { size: 1, host: "file" } };
      return stack.use(new Runtime({ ...base, service: "user-service", settings }, "user-service"));
    },
    async publish(values: Readonly<Record<string, string | undefined>>) {
      await using http = httpClient();
      await using engine = await openEngine({ url, http, ...parts, log: silent });
      const steps = Object.entries(values).map(([key, value]) => ({
        key: `config/user-service/${key}`,
        value,
      }));
      await engine.configuration?.publish({ author: "ada", reason: "test", steps });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("what is published lies over the file's configuration, and changes are pushed", async () => {
  await using t = await bench();
  await t.publish({ "pool/size": "5" });
  const runtime = t.runtime();
  await using live = await liveSettingsOf(runtime, schema);
  assert.deepEqual(live.value, { pool: { size: 5, host: "file" } });
  const heard: unknown[] = [];
  live.subscribe((value, before) => heard.push([before.pool.size, value.pool.size]));
  await t.publish({ "pool/size": "6" });
  await until("the push", () => live.value.pool.size === 6 || undefined);
  assert.deepEqual(runtime.settings, { pool: { size: 6, host: "file" } });
  await t.publish({ "pool/size": undefined });
  await until("the file's again", () => live.value.pool.size === 1 || undefined);
  assert.deepEqual(heard, [
    [5, 6],
    [6, 1],
  ]);
});

test("what does not fit is refused and the last good one stays; what fits again is taken", async () => {
  await using t = await bench();
  await t.publish({ "pool/size": "5" });
  const runtime = t.runtime();
  await using live = await liveSettingsOf(runtime, schema);
  const heard: number[] = [];
  live.subscribe((value) => heard.push(value.pool.size));
  assert.equal(settingsOf(runtime, schema).pool.size, 5, "settings() sees it too");
  await t.publish({ "pool/size": "many" });
  await until(
    "the bad one",
    () => isDeepStrictEqual(runtime.settings.pool, { size: "many", host: "file" }) || undefined,
  );
  assert.deepEqual([live.value.pool.size, settingsOf(runtime, schema).pool.size], [5, 1]);
  await t.publish({ "pool/size": "7" });
  await until("the next good one", () => live.value.pool.size === 7 || undefined);
  assert.deepEqual(heard, [7]);
});

test("a service starts with what it last knew while the registry is away, and goes on when it is back", async () => {
  await using t = await bench();
  await t.publish({ "pool/size": "5" });
  {
    const runtime = t.runtime();
    await using live = await liveSettingsOf(runtime, schema);
    assert.equal(live.value.pool.size, 5);
    await t.stop();
    assert.equal(live.value.pool.size, 5, "nothing is taken back");
    await runtime[Symbol.asyncDispose]();
  }
  await using live = await liveSettingsOf(t.runtime(), schema);
  assert.equal(live.value.pool.size, 5, "kept on disk");
  await t.start();
  await t.publish({ "pool/size": "8" });
  await until("the push", () => live.value.pool.size === 8 || undefined);
});

test("without a registry, and without anything published, the file is all there is", async () => {
  const settings = { pool: { size: 1, host: "file" } };
  await using runtime = new Runtime({ ...readConfig({}), settings }, "user-service");
  await using live = await liveSettingsOf(runtime, schema);
  assert.deepEqual(live.value, settings);
  await using wrong = new Runtime({ ...readConfig({}), settings: { pool: 5 } }, "user-service");
  await assert.rejects(
    liveSettingsOf(wrong, schema),
    (error) => error instanceof TuskerError && error.code === "RPC_CONFIG",
  );
});
