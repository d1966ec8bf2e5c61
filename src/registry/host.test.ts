import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, systemClock } from "../kernel/index.ts";
import { httpClient } from "../net/index.ts";
import { type Registry, startRegistry } from "./registry.ts";

const log = { info: () => undefined, error: () => undefined };
const start = (host: string): Promise<Registry> =>
  startRegistry({ host, port: 0, clock: systemClock, random: seededRandom(1), log });

async function registerBy(registry: Registry, host: string): Promise<readonly [number, string]> {
  await using http = httpClient();
  const answer = await http.request({
    method: "PUT",
    url: `${registry.url}/v1/agent/service/register`,
    headers: ["Host", host, "Content-Type", "application/json"],
    body: '{"Name":"user","Port":1}',
  });
  return [answer.status, await answer.text(1_000)];
}

test("on loopback a web page of another name cannot register, whoever says localhost or an address can", async () => {
  await using registry = await start("127.0.0.1");
  for (const host of [
    `evil.example:${registry.port}`,
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:8500",
    "1.2.3.4.5",
    "[::1].evil.example",
  ]) {
    const [status, text] = await registerBy(registry, host);
    assert.equal(status, 403, host);
    assert.match(text, /answers to localhost and to addresses only/);
  }
  assert.deepEqual(registry.instances(), []);
  for (const host of [`127.0.0.1:${registry.port}`, "localhost:8500", "LOCALHOST", "[::1]:8500", "10.0.0.1"])
    assert.equal((await registerBy(registry, host))[0], 200, host);
});

test("bound to every address a registry answers by any name, as in a container", async () => {
  await using registry = await start("0.0.0.0");
  assert.equal((await registerBy(registry, `registry:${registry.port}`))[0], 200);
});
