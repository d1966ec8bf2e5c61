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
import { timely } from "../support/timely.ts";
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

test("a fleet that is stopped while a service restarts ends, and starts nothing any more", async () => {
  using at = slowService();
  await using fleet = await upFleet({ file: at.file });
  const { pid } = lastReady(fleet, "slow-service");
  const restart = fleet.tusker("restart", "slow-service");
  await fleet.saw((line) => line.type === "log" && line.text === "asked to end");
  const stopped = fleet.stop();
  await fleet.saw((line) => line.type === "state" && line.service === "gateway" && line.state === "stopping");
  at.letItEnd();
  assert.equal(await stopped, 0);
  assert.notEqual((await restart).code, 0);
  assert.ok(!isAlive(pid));
  const starts = fleet.told.filter((line) => line.state === "starting" && line.service === "slow-service");
  assert.equal(starts.length, 1);
});

/** A fleet with one service that is asked to end, and does when it is let. */
function slowService(): { readonly file: string; letItEnd(): void } & Disposable {
  const folder = mkdtempSync(join(tmpdir(), "tusker-slow-"));
  const file = join(folder, "tusker.tsk");
  const leave = join(folder, "leave");
  writeFileSync(file, `[services]\nslow-service: { run: "node slow.cjs" }\n`);
  writeFileSync(
    join(folder, "slow.cjs"),
    `require("node:http").createServer((_, answer) => answer.end()).listen(process.env.PORT, "127.0.0.1");
process.on("SIGTERM", () => {
  console.log("asked to end");
  setInterval(() => { if (require("node:fs").existsSync(${JSON.stringify(leave)})) process.exit(0); }, 10);
});`,
  );
  return {
    file,
    letItEnd: () => writeFileSync(leave, ""),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test("no orphan is left two seconds after the supervisor was killed", async () => {
  await timely(2_000, async () => {
    await using fleet = await upFleet();
    const pids = ["user-service", "order-service", "payment-service", "gateway"].map(
      (name) => lastReady(fleet, name).pid,
    );
    const killed = systemClock.now();
    fleet.child.kill("SIGKILL");
    await until("the end of all", () => pids.every((pid) => !isAlive(pid)));
    return systemClock.now() - killed;
  });
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
  const service = `${fleet.registry}/v1/agent/service`;
  const register = { ID: "twin", Name: "user-service", Address: "127.0.0.1", Port: address.port };
  const ask = async (): Promise<void> => {
    await (await fetch(`${fleet.gateway}/api/users/123`)).arrayBuffer();
  };
  const comes = async (): Promise<number> => {
    hits = 0;
    const registered = systemClock.now();
    const body = JSON.stringify(register);
    assert.equal((await fetch(`${service}/register`, { method: "PUT", body })).status, 200);
    await until("a request to the new instance", async () => {
      await ask();
      return hits > 0;
    });
    return systemClock.now() - registered;
  };
  const leaves = async (): Promise<number> => {
    const left = systemClock.now();
    await fetch(`${service}/deregister/twin`, { method: "PUT" });
    let lastHit = left;
    let quiet = 0;
    await until("30 requests past the one that left", async () => {
      const before = hits;
      await ask();
      if (hits !== before) lastHit = systemClock.now();
      quiet = hits === before ? quiet + 1 : 0;
      return quiet >= 30;
    });
    return lastHit - left;
  };
  await timely(1_000, async () => {
    const came = await comes();
    const went = await leaves();
    return Math.max(came, went);
  });
  twin.closeAllConnections();
  twin.close();
});

test("a secret that a service prints is masked in its log", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-mask-"));
  const script = join(folder, "chatty.cjs");
  writeFileSync(
    script,
    `console.log("key is", JSON.parse(require("node:fs").readFileSync(process.env.TUSKER_CONFIG_FILE)).service.config.stripe_api_key);
     setInterval(() => {}, 1000);`,
  );
  await using fleet = await upFleet({
    args: ["--set", `services.payment-service.run="node ${script}"`],
    env: { STRIPE_API_KEY: "sk_live_4242" },
    waitUp: false,
  });
  const line = await fleet.saw((one) => one.type === "log" && String(one.text).startsWith("key is"));
  assert.equal(line.text, "key is [secret]");
  rmSync(folder, { recursive: true });
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
