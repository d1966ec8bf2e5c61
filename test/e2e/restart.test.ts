/** A service of several instances is restarted in turn: somebody answers all the while. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Users } from "../../examples/shop/services/contracts.ts";
import type { ConnectionsView } from "../../src/control/index.ts";
import { registryDiscovery } from "../../src/discovery/index.ts";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { client } from "../../src/rpc/index.ts";
import { type TestFleet, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

/** Workers that ask one after the other until they are told to stop. */
class Load {
  readonly failures: unknown[] = [];
  answered = 0;
  #over = false;
  readonly #workers: Promise<void>[] = [];

  add(workers: number, ask: () => Promise<unknown>): void {
    for (let i = 0; i < workers; i++) this.#workers.push(this.#work(ask));
  }

  /** Resolves after so many more answers. */
  async more(count: number): Promise<void> {
    const before = this.answered;
    await until(
      `${count} more answers`,
      () => this.answered >= before + count || this.failures.length > 0,
      60_000,
    );
  }

  async end(): Promise<void> {
    this.#over = true;
    await Promise.all(this.#workers);
  }

  async #work(ask: () => Promise<unknown>): Promise<void> {
    while (!this.#over)
      await ask().then(
        () => this.answered++,
        (error: unknown) => this.failures.push(error),
      );
  }
}

async function asked(url: string, init?: RequestInit): Promise<void> {
  const answer = await fetch(url, init);
  const body = await answer.text();
  if (!answer.ok) throw new Error(`${init?.method ?? "GET"} ${url}: ${answer.status} ${body}`);
}

const order = {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ user_id: "123", items: [{ product_id: "p1", quantity: 1, price: 1 }] }),
};

/** The processes of a service that became ready, in order. */
function started({ told }: TestFleet, name: string): number[] {
  return told
    .filter(({ type, service }) => type === "ready" && service === name)
    .map(({ pid }) => Number(pid));
}

/** The fewest processes of a service that answered at once, since all did. */
function fewestReady({ told }: TestFleet, service: string, all: number): number {
  const ready = new Set<unknown>();
  let fewest = Number.POSITIVE_INFINITY;
  let complete = false;
  for (const line of told) {
    if (line.service !== service || line.type !== "state") continue;
    if (line.state === "ready") ready.add(line.instance);
    else ready.delete(line.instance);
    complete ||= ready.size === all;
    if (complete) fewest = Math.min(fewest, ready.size);
  }
  return fewest;
}

test("services of two instances are restarted, or told to end, under load without one failed call, at the gateway and over gRPC", async (t) => {
  const two = ["user-service", "order-service"];
  await using fleet = await upFleet({
    args: [
      ...two.flatMap((name) => ["--set", `services.${name}.instances=2`]),
      ...["--set", "gateway.rate_limit_requests=1000000"],
    ],
  });
  await using http = httpClient();
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  await using discovery = registryDiscovery({
    ...{ url: fleet.registry, http, log, clock: systemClock, random: systemRandom },
  });
  await using users = client(Users, { protocol: "grpc", parts: { discovery } });
  const load = new Load();
  load.add(4, () => asked(`${fleet.gateway}/api/users/123`));
  load.add(4, () => users.getUser({ id: "123" }));
  // The gateway speaks to the order-service over REST, which asks the user-service over gRPC.
  load.add(2, () => asked(`${fleet.gateway}/api/orders`, order));
  await load.more(200);
  await t.test("ps tells who is connected, and what they did", async () => {
    const shown = await fleet.tusker("ps", "user-service", "--json");
    const views: readonly ConnectionsView[] = JSON.parse(shown.stdout);
    const connected = views.flatMap(({ connections }) => connections);
    assert.ok(connected.length >= 2, shown.stdout);
    for (const { streamsSucceeded, messagesReceived } of connected)
      assert.ok(streamsSucceeded + messagesReceived > 0);
  });
  for (const name of two)
    await t.test(`restart ${name}`, async () => {
      const before = started(fleet, name).length;
      const { code, stderr } = await fleet.tusker("restart", name);
      assert.equal(code, 0, stderr);
      assert.equal(started(fleet, name).length, before + 2);
      await load.more(100);
      assert.equal(fewestReady(fleet, name, 2), 1);
    });
  await t.test("SIGTERM to one process after the other", async () => {
    for (const pid of started(fleet, "user-service").slice(-2)) {
      const before = started(fleet, "user-service").length;
      process.kill(pid, "SIGTERM");
      await until("its successor", () => started(fleet, "user-service").length > before, 60_000);
    }
    await load.more(100);
  });
  await load.end();
  assert.deepEqual(load.failures, []);
  t.diagnostic(`${load.answered} answers, none failed`);
});

test("an instance that does not come back ends the restart, and the other one goes on answering", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-restart-"));
  const file = join(folder, "tusker.tsk");
  const broken = join(folder, "broken");
  writeFileSync(
    join(folder, "service.cjs"),
    `if (require("node:fs").existsSync(${JSON.stringify(broken)})) process.exit(3);
require("node:http").createServer((_, answer) => answer.end("{}")).listen(process.env.PORT, "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));`,
  );
  writeFileSync(
    file,
    `[fleet]\nstart_timeout: "8s"\n[services]\nfrail-service: { run: "node service.cjs", instances: 2 }\n[routes]\n"/frail/*": { service: "frail-service" }\n`,
  );
  await using fleet = await upFleet({ file });
  writeFileSync(broken, "");
  const restart = await fleet.tusker("restart", "frail-service");
  assert.equal(restart.code, 1);
  assert.match(restart.stderr, /frail-service is not ready after 8s/);
  await asked(`${fleet.gateway}/frail/1`);
  // Repaired: the one that lies down comes first, so that nobody is missed this time either.
  rmSync(broken);
  const load = new Load();
  load.add(2, () => asked(`${fleet.gateway}/frail/1`));
  assert.equal((await fleet.tusker("restart", "frail-service")).code, 0);
  await load.more(20);
  await load.end();
  assert.deepEqual(load.failures, []);
  rmSync(folder, { recursive: true });
});
