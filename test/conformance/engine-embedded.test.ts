import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { startRegistry } from "../../src/registry/index.ts";
import { endSessions } from "../support/consul-peer.ts";
import { engineTests } from "./engine-kit.ts";

const silent = { info: () => undefined, error: () => undefined };

engineTests({
  name: "embedded",
  skip: false,
  async start() {
    const dataDir = mkdtempSync(join(tmpdir(), "tusker-engine-"));
    const options = { port: 0, dataDir, clock: systemClock, random: systemRandom, log: silent };
    const registry = await startRegistry(options);
    return {
      url: registry.url,
      endLeases: () => endSessions(registry.url),
      // A version is known for 1,000 transactions.
      async forget() {
        const write = (_: unknown, i: number): Promise<Response> =>
          fetch(`${registry.url}/v1/kv/filler/${i}`, { method: "PUT", body: "x" });
        for (const { status } of await Promise.all(Array.from({ length: 1_001 }, write)))
          assert.equal(status, 200);
      },
      async [Symbol.asyncDispose]() {
        await registry[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
});
