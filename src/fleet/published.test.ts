import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock, systemClock, systemRandom } from "../kernel/index.ts";
import { httpClient } from "../net/index.ts";
import { startRegistry } from "../registry/index.ts";
import { createLogger } from "../telemetry/index.ts";
import { publishedValues } from "./published.ts";

test("what is published is asked for each time, and the last known serves while the registry is away", async () => {
  const log = { info: () => undefined, error: () => undefined };
  const registry = await startRegistry({ port: 0, clock: systemClock, random: systemRandom, log });
  await using http = httpClient();
  const lines: string[] = [];
  const logger = createLogger({
    service: "test",
    clock: systemClock,
    write: (line) => void lines.push(line),
  });
  const options = { http, token: undefined, clock: systemClock, random: systemRandom, log: logger };
  await using published = publishedValues({ ...options, url: registry.url });
  const put = async (key: string, body: string): Promise<void> => {
    const answer = await http.request({ method: "PUT", url: `${registry.url}/v1/kv/${key}`, body });
    assert.equal(answer.status, 200);
    await answer.text(100);
  };
  assert.deepEqual(await published.of("users"), {});
  await put("config/users/pool/size", "50");
  await put("config/users/name", "ada");
  await put("config/usersome/name", "another service");
  assert.deepEqual(await published.of("users"), { pool: { size: 50 }, name: "ada" });
  await registry[Symbol.asyncDispose]();
  assert.deepEqual(lines, []);
  assert.deepEqual(await published.of("users"), { pool: { size: 50 }, name: "ada" });
  assert.deepEqual(await published.of("orders"), {}, "of whom nothing was known");
  assert.match(lines.join(), /last known is used/);
});

test("without a registry nothing is published", async () => {
  await using http = httpClient();
  const clock = manualClock();
  const log = createLogger({ service: "test", clock, write: () => undefined });
  await using published = publishedValues({
    ...{ url: undefined, token: undefined, http, clock, random: systemRandom, log },
  });
  assert.deepEqual(await published.of("users"), {});
});
