import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { isAlive } from "../../src/fleet/index.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { lastReady, upFleet } from "../support/fleet.ts";
import { until } from "../support/until.ts";

test("a service killed under 100 requests per second is back by itself, and every failure was a 503 problem", async () => {
  await using fleet = await upFleet({ args: ["--set", "gateway.rate_limit_requests=100000"] });
  const first = lastReady(fleet, "user-service");
  const answers: { readonly status: number; readonly type: string | null; readonly body: string }[] = [];
  const ask = async (): Promise<void> => {
    const answer = await fetch(`${fleet.gateway}/api/users/123`);
    answers.push({
      status: answer.status,
      type: answer.headers.get("content-type"),
      body: await answer.text(),
    });
  };
  const open: Promise<void>[] = [];
  const tick = setInterval(() => open.push(ask()), 10);
  await until("50 answers", () => answers.length >= 50);
  process.kill(first.pid, "SIGKILL");
  const killedAt = answers.length;
  await fleet.saw(
    (line) => line.type === "ready" && line.service === "user-service" && line.pid !== first.pid,
  );
  await until(
    "100 good answers after the kill",
    () => answers.slice(killedAt).filter((answer) => answer.status === 200).length >= 100,
  );
  clearInterval(tick);
  await Promise.all(open);
  const failed = answers.filter((answer) => answer.status !== 200);
  for (const answer of failed) {
    assert.equal(answer.status, 503, answer.body);
    assert.equal(answer.type, "application/problem+json");
    const problem = JSON.parse(answer.body) as { code: string; detail: string };
    assert.match(problem.code, /^GATEWAY_/);
    assert.match(problem.detail, /user-service/);
  }
  const exit = fleet.told.find((line) => line.type === "exited");
  assert.equal(exit?.reason, "SIGKILL");
  assert.equal(exit?.service, "user-service");
});

test("a service that writes nonsense into its channel ends the fleet in order, not in pieces", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-nonsense-"));
  const script = join(folder, "nonsense.cjs");
  writeFileSync(script, `require("node:fs").writeSync(3, "nonsense\\n"); setInterval(() => {}, 1000);`);
  const run = `services.payment-service.run="node ${script}"`;
  await using fleet = await upFleet({ args: ["--set", run], waitUp: false });
  await fleet.saw((line) => line.type === "failed");
  await fleet.saw((line) => line.type === "stopped");
  assert.equal(await until("its exit", () => fleet.child.exitCode ?? undefined), 1);
  rmSync(folder, { recursive: true });
});

test("no orphan is left two seconds after the supervisor was killed", async () => {
  await using fleet = await upFleet();
  const pids = ["user-service", "order-service", "payment-service", "gateway"].map(
    (name) => lastReady(fleet, name).pid,
  );
  const killed = systemClock.now();
  fleet.child.kill("SIGKILL");
  await until("the end of all", () => pids.every((pid) => !isAlive(pid)));
  assert.ok(systemClock.now() - killed < 2_000, `${systemClock.now() - killed} ms`);
});

test("a service that cannot start is called a crash loop with its last words, and its callers get 503 naming it", async () => {
  await using fleet = await upFleet({
    args: ["--set", 'services.user-service.run="node -e process.exit(7)"'],
    waitUp: false,
  });
  const loop = await fleet.saw((line) => line.type === "crash-loop" && line.service === "user-service");
  assert.equal(loop.exits, 5);
  const exit = fleet.told.find((line) => line.type === "exited");
  assert.equal(exit?.reason, "code 7");
  const port = lastReady(fleet, "gateway").port;
  const answer = await fetch(`http://127.0.0.1:${port}/api/users/123`);
  assert.equal(answer.status, 503);
  const problem = (await answer.json()) as { code: string; detail: string };
  assert.equal(problem.code, "GATEWAY_NO_ENDPOINT");
  assert.match(problem.detail, /user-service/);
  assert.ok(
    !fleet.told.some((line) => line.type === "ready" && line.service === "order-service"),
    "order-service waits",
  );
});

test("an instance that registers takes traffic within a second, and loses it within one when it leaves", async () => {
  await using fleet = await upFleet({ args: ["--set", "gateway.rate_limit_requests=100000"] });
  let hits = 0;
  const twin = createServer((_req, res) => {
    hits++;
    res.setHeader("content-type", "application/json");
    res.end(JSON.stringify({ id: "123", name: "twin", email: "twin@example.com" }));
  });
  twin.listen(0, "127.0.0.1");
  await once(twin, "listening");
  const address = twin.address();
  assert.ok(typeof address === "object" && address !== null);
  const register = { ID: "twin", Name: "user-service", Address: "127.0.0.1", Port: address.port };
  assert.equal(
    (
      await fetch(`${fleet.registry}/v1/agent/service/register`, {
        method: "PUT",
        body: JSON.stringify(register),
      })
    ).status,
    200,
  );
  const registered = systemClock.now();
  await until("a request to the new instance", async () => {
    await (await fetch(`${fleet.gateway}/api/users/123`)).arrayBuffer();
    return hits > 0;
  });
  assert.ok(
    systemClock.now() - registered < 1_000,
    `${systemClock.now() - registered} ms to the first request`,
  );

  await fetch(`${fleet.registry}/v1/agent/service/deregister/twin`, { method: "PUT" });
  const left = systemClock.now();
  let quiet = 0;
  await until("30 requests past the one that left", async () => {
    const before = hits;
    await (await fetch(`${fleet.gateway}/api/users/123`)).arrayBuffer();
    quiet = hits === before ? quiet + 1 : 0;
    return quiet >= 30;
  });
  assert.ok(systemClock.now() - left < 1_500, `${systemClock.now() - left} ms until it was left alone`);
  twin.closeAllConnections();
  twin.close();
});

test("stop and restart of one service work while the rest runs", async () => {
  await using fleet = await upFleet();
  const before = lastReady(fleet, "payment-service").pid;
  assert.equal((await fleet.tusker("restart", "payment-service")).code, 0);
  assert.notEqual(lastReady(fleet, "payment-service").pid, before);
  assert.equal((await fleet.tusker("stop", "user-service")).code, 0);
  const answer = await fetch(`${fleet.gateway}/api/users/123`);
  assert.equal(answer.status, 503);
  const unknown = await fleet.tusker("stop", "no-service");
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no-service/);
});
