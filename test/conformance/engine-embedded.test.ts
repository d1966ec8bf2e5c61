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
        for (let i = 0; i <= 1_000; i++) {
          const { status } = await fetch(`${registry.url}/v1/kv/filler`, { method: "PUT", body: String(i) });
          assert.equal(status, 200);
        }
      },
      async [Symbol.asyncDispose]() {
        await registry[Symbol.asyncDispose]();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  },
});
