import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { seededRandom, systemClock } from "../../kernel/index.ts";
import {
  type Exit,
  Instance,
  type InstanceListener,
  type InstanceSpec,
  type InstanceState,
  type Ready,
} from "./instance.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import { logBook } from "./lines.ts";

/** A real process running this script, watched. */
function watched(script: string, more: Partial<InstanceSpec> = {}, order: string[] = []) {
  const states: InstanceState[] = [];
  const exits: Exit[] = [];
  const readies: Ready[] = [];
  const told: string[] = [];
  let onExit: (() => void) | undefined;
  let onGone: (() => void) | undefined;
  const listener: InstanceListener = {
    state: (state) => states.push(state),
    ready: async (ready) => {
      readies.push(ready);
      told.push("ready");
    },
    gone: async () => {
      told.push("gone");
      order.push("gone");
      onGone?.();
    },
    exited: (exit) => {
      exits.push(exit);
      onExit?.();
    },
    slow: () => told.push("slow"),
  };
  const logs = logBook();
  logs.subscribe((line) => order.push(line.text));
  const keeper = startKeeper();
  const fleet = new AbortController();
  const spec: InstanceSpec = {
    id: "s-001",
    service: "s",
    command: { file: process.execPath, args: ["-e", script], node: true },
    cwd: process.cwd(),
    prepare: async () => ({ env: { PATH: process.env.PATH ?? "" }, port: 1 }),
    startTimeoutMs: 30_000,
    stopTimeoutMs: 20_000,
    ...more,
  };
  const instance = new Instance(spec, {
    clock: systemClock,
    random: seededRandom(1),
    keeper,
    logs,
    listener,
    stopping: fleet.signal,
  });
  return {
    fleet,
    instance,
    states,
    exits,
    readies,
    told,
    logs,
    nextExit: () => new Promise<void>((resolve) => (onExit = resolve)),
    nextGone: () => new Promise<void>((resolve) => (onGone = resolve)),
    async [Symbol.asyncDispose]() {
      await instance.stop();
      keeper[Symbol.dispose]();
    },
  };
}

const reportsReady = `process.send({ type: "tusker:ready", port: 4242, grpcPort: 4343 });`;
const drains = `process.on("message", (m) => { if (m.type === "tusker:drain") { console.log("drained"); process.exit(0); } });`;

test("is ready when the process says so, with the ports it says", async () => {
  await using w = watched(reportsReady + drains);
  w.instance.start();
  await w.instance.whenReady();
  assert.equal(w.readies[0]?.port, 4242);
  assert.equal(w.readies[0]?.grpcPort, 4343);
  assert.equal(w.readies[0]?.pid, w.instance.pid);
  assert.equal(w.instance.state, "ready");
});

test("is ready when its probe succeeds, for a process that does not report", async () => {
  await using w = watched(`setInterval(() => {}, 1000);`, { probe: async () => {} });
  w.instance.start();
  await w.instance.whenReady();
  assert.equal(w.readies[0]?.port, 1);
});

test("stop lets the process drain, and takes it out of the registry", async () => {
  await using w = watched(reportsReady + drains);
  w.instance.start();
  await w.instance.whenReady();
  await w.instance.stop();
  assert.deepEqual(w.told, ["ready", "gone"]);
  assert.deepEqual(
    w.logs.tail(5).map((line) => line.text),
    ["drained"],
  );
  assert.deepEqual(w.states, ["starting", "ready", "stopping", "stopped"]);
  assert.deepEqual(w.exits, []);
});

test("a process that says it leaves is taken out of the registry while it still runs", async () => {
  const leaves = `setInterval(() => {}, 1000); process.on("SIGTERM", () => process.send({ type: "tusker:leaving" }));`;
  await using w = watched(leaves + reportsReady, { stopTimeoutMs: 200 });
  w.instance.start();
  await w.instance.whenReady();
  const { pid } = w.instance;
  const [gone, exited] = [w.nextGone(), w.nextExit()];
  process.kill(pid ?? 0, "SIGTERM");
  await gone;
  assert.deepEqual([w.told, w.instance.pid, w.states.at(-1)], [["ready", "gone"], pid, "stopping"]);
  process.kill(pid ?? 0, "SIGKILL");
  await exited;
  assert.deepEqual(w.states, ["starting", "ready", "stopping", "restarting"]);
  assert.deepEqual(w.told, ["ready", "gone"]);
});

test("in a fleet that stops no life begins, not even behind one that is ending", async () => {
  await using w = watched(reportsReady + drains);
  w.instance.start();
  await w.instance.whenReady();
  const stopping = w.instance.stop();
  w.fleet.abort();
  w.instance.start();
  await stopping;
  assert.equal(w.instance.state, "stopped");
  assert.deepEqual(w.states, ["starting", "ready", "stopping", "stopped"]);
});

test("a start during a stop begins the next life after the last one ended: there are never two", async () => {
  const script = `${reportsReady} process.on("message", (m) => { if (m.type === "tusker:drain") setTimeout(() => process.exit(0), 200); });`;
  await using w = watched(script);
  w.instance.start();
  await w.instance.whenReady();
  const first = w.instance.pid;
  const stopping = w.instance.stop();
  w.instance.start();
  w.instance.start();
  await stopping;
  await w.instance.whenReady();
  assert.notEqual(w.instance.pid, first);
  assert.throws(() => process.kill(first ?? 0, 0));
  assert.deepEqual(w.states, ["starting", "ready", "stopping", "starting", "ready"]);
  assert.deepEqual(w.told, ["ready", "gone", "ready"]);
  await w.instance.stop();
  assert.equal(w.instance.state, "stopped");
});

test("it is taken out of the registry before it is asked to finish", async () => {
  const order: string[] = [];
  await using w = watched(
    `${reportsReady} process.on("message", () => { console.log("asked"); process.exit(0); });`,
    {},
    order,
  );
  w.instance.start();
  await w.instance.whenReady();
  await w.instance.stop();
  assert.deepEqual(order, ["gone", "asked"]);
});

test("a process that does not report is asked with SIGTERM at once", async () => {
  await using w = watched(
    `process.on("SIGTERM", () => { console.log("term"); process.exit(0); }); setInterval(() => {}, 1000);`,
    { probe: async () => {}, stopTimeoutMs: 600_000 },
  );
  w.instance.start();
  await w.instance.whenReady();
  await w.instance.stop();
  assert.equal(w.instance.state, "stopped");
});

test("a process that ignores every request to end is killed after its time", async () => {
  await using w = watched(
    `${reportsReady} process.on("SIGTERM", () => {}); process.on("message", () => {}); setInterval(() => {}, 1000);`,
    { stopTimeoutMs: 200 },
  );
  w.instance.start();
  await w.instance.whenReady();
  const { pid } = w.instance;
  await w.instance.stop();
  assert.throws(() => process.kill(pid ?? 0, 0));
});

test("a killed process comes back by itself, and its end is told with reason and last words", async () => {
  await using w = watched(
    `console.error("about to work"); ${reportsReady}${drains} setInterval(() => {}, 1000);`,
  );
  w.instance.start();
  await w.instance.whenReady();
  const exited = w.nextExit();
  const first = w.instance.pid ?? 0;
  process.kill(first, "SIGKILL");
  await exited;
  assert.equal(w.exits[0]?.reason, "SIGKILL");
  assert.equal(w.exits[0]?.pid, first);
  await w.instance.whenReady();
  assert.notEqual(w.instance.pid, first);
  assert.equal(w.instance.restarts, 1);
  assert.deepEqual(w.told, ["ready", "gone", "ready"]);
  assert.equal(w.logs.lastWords("s-001", 9, 0)[0]?.text, "about to work");
});

test("a process that ends at once is started again with growing waits, and called a crash loop", async () => {
  await using w = watched(`console.error("cannot open the database"); process.exit(3);`);
  w.instance.start();
  while (w.exits.length < 5) await w.nextExit();
  assert.equal(w.exits[0]?.reason, "code 3");
  assert.equal(w.exits[3]?.loop, undefined);
  assert.equal(w.exits[4]?.loop?.exits, 5);
  assert.ok((w.exits[4]?.retryMs ?? 0) > (w.exits[0]?.retryMs ?? 0));
  assert.equal(w.instance.state, "restarting");
});

test("what the process spawned ends with it", async () => {
  const script = `const c = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    console.log("child " + c.pid); ${reportsReady} setInterval(() => {}, 1000);`;
  const lines: string[] = [];
  await using w = watched(script, { stopTimeoutMs: 200 }, lines);
  w.instance.start();
  await w.instance.whenReady();
  // What it prints and what it reports come by two ways.
  while (lines.length === 0) await systemClock.sleep(10);
  const grandchild = Number(/^child (\d+)$/.exec(lines[0] ?? "")?.[1]);
  assert.ok(grandchild > 0, lines[0]);
  const exited = w.nextExit();
  process.kill(w.instance.pid ?? 0, "SIGKILL");
  await exited;
  await gone(grandchild);
});

test("the keeper ends what is left when its supervisor is killed", async () => {
  // A supervisor of its own, with a child in a group of its own, killed the hard way.
  const supervisor = spawn(process.execPath, ["--input-type=module", "-e", keeperScript], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [chunk] = (await once(supervisor.stdout, "data")) as [Buffer];
  const orphan = Number(chunk.toString().trim());
  supervisor.kill("SIGKILL");
  await gone(orphan);
});

const keeperScript = `
import { spawn } from "node:child_process";
import { startKeeper } from ${JSON.stringify(new URL("./keeper.ts", import.meta.url).href)};
const keeper = startKeeper();
const child = spawn("/bin/sh", ["-c", "trap '' TERM; while :; do sleep 0.05; done"], { detached: true, stdio: "ignore" });
keeper.add(child.pid);
console.log(child.pid);
setInterval(() => {}, 1000);
`;

test("the keeper leaves alone what was taken off its list", async () => {
  const keeper: Keeper = startKeeper();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
    detached: true,
    stdio: "ignore",
  });
  assert.ok(child.pid !== undefined);
  keeper.add(child.pid);
  keeper.add(child.pid + 100_000);
  keeper.remove(child.pid);
  keeper.remove(child.pid + 100_000);
  keeper[Symbol.dispose]();
  await systemClock.sleep(50);
  process.kill(child.pid, 0);
  child.kill("SIGKILL");
  await once(child, "exit");
});

/** Waits until no process has this id; the test runner's own limit is the time limit. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await systemClock.sleep(10);
  }
}
