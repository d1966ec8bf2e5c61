import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { endedGateways } from "../support/ended-gateway.ts";
import { upFleet } from "../support/fleet.ts";

test("a request that runs when the fleet is told to stop is answered, and then the fleet ends", async () => {
  const asked = Promise.withResolvers<ServerResponse>();
  const backend = createServer((_req, res) => asked.resolve(res));
  using _backend = {
    [Symbol.dispose]() {
      backend.closeAllConnections();
      backend.close();
    },
  };
  backend.listen(0, "127.0.0.1");
  await once(backend, "listening");
  const address = backend.address();
  assert.ok(typeof address === "object" && address !== null);
  const folder = mkdtempSync(join(tmpdir(), "tusker-drain-"));
  const file = join(folder, "tusker.tsk");
  writeFileSync(
    file,
    `[services]\nslow-service: "slow-001:${address.port}"\n[routes]\n"/slow": { service: "slow-service", timeout: "20s" }\n`,
  );
  await using fleet = await upFleet({ file });
  const ended = once(fleet.child, "exit");
  const answer = fetch(`${fleet.gateway}/slow`);
  const response = await asked.promise;
  fleet.child.kill("SIGTERM");
  await fleet.saw((line) => line.type === "state" && line.service === "gateway" && line.state === "stopping");
  response.end("late but whole");
  assert.equal(await (await answer).text(), "late but whole");
  // Told once: a second signal would be another wish.
  assert.deepEqual(await ended, [0, null]);
  rmSync(folder, { recursive: true });
});

for (const workers of [1, 2])
  test(`a gateway of ${workers} threads that is told to end loses no POST: every client is answered until it is told to go`, async () => {
    const heard = await endedGateways(1, workers);
    assert.deepEqual(
      heard.map(({ failures }) => failures),
      [[]],
    );
  });
