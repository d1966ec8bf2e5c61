/** A registry that is killed, stays away and comes back, and the processes that depend on it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { cleanEnvironment } from "../../scripts/run.ts";
import { consulRegistrar } from "../../src/discovery/index.ts";
import { httpClient } from "../../src/net/index.ts";
import { tuskerProcess } from "../support/tusker-process.ts";
import { until } from "../support/until.ts";

const root = resolve(import.meta.dirname, "../..");

/** Follows a service and prints the ids of each set as a line. */
const follower = `
import { registryDiscovery } from ${JSON.stringify(join(root, "src/discovery/index.ts"))};
import { systemClock, systemRandom } from ${JSON.stringify(join(root, "src/kernel/index.ts"))};
import { httpClient } from ${JSON.stringify(join(root, "src/net/index.ts"))};
const [url, cacheDir] = process.argv.slice(1);
const say = (kind) => (what) => console.log(JSON.stringify({ kind, what }));
const log = { info: say("info"), warn: say("warn") };
const options = { url, cacheDir, graceMs: 1_000, http: httpClient(), clock: systemClock, random: systemRandom, log };
registryDiscovery(options).watch("user", ({ endpoints }) => say("set")(endpoints.map(({ id }) => id).join()));
`;

interface Follower extends AsyncDisposable {
  /** Every set it heard of. */
  readonly sets: readonly string[];
  /** How often it said that it lost its registry, and that it is back. */
  readonly lost: number;
  readonly back: number;
}

function follow(url: string, cacheDir: string): Follower {
  const args = [
    "--conditions=tusker-source",
    "--input-type=module-typescript",
    "-e",
    follower,
    url,
    cacheDir,
  ];
  const child: ChildProcess = spawn(process.execPath, args, {
    env: cleanEnvironment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const heard = { sets: [] as string[], lost: 0, back: 0 };
  if (child.stdout === null) throw new Error("a pipe was asked for");
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { kind, what } = JSON.parse(line);
    if (kind === "set") heard.sets.push(what);
    else if (kind === "warn") heard.lost++;
    else heard.back++;
  });
  return Object.assign(heard, {
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  });
}

test("a registry that is killed and comes back takes nobody out of service, and is believed again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-away-"));
  try {
    await using stack = new AsyncDisposableStack();
    const data = join(folder, "data");
    const start = (port: number) => {
      const registry = tuskerProcess(
        ["registry", "--json", "--port", String(port), "--dns-port", "0", "--data-dir", data],
        {
          cwd: folder,
        },
      );
      stack.use(registry);
      return registry;
    };
    const first = start(0);
    const { registry: url } = await first.line((line) => typeof line.registry === "string");
    assert.ok(typeof url === "string");
    const registrar = consulRegistrar({ url, http: stack.use(httpClient()) });
    const instance = (id: string) => ({ id, service: "user", host: "127.0.0.1", port: 1 });
    await registrar.register(instance("u1"));
    await registrar.register(instance("u2"));
    const clients = Array.from({ length: 3 }, (_, i) => stack.use(follow(url, join(folder, `cache${i}`))));
    await until("both, everywhere", () => clients.every(({ sets }) => sets.at(-1) === "u1,u2") || undefined);

    await first.end("SIGKILL");
    await until("everybody noticed", () => clients.every(({ lost }) => lost === 1) || undefined);
    // A process that starts now begins with what the one before it knew.
    const late = stack.use(follow(url, join(folder, "cache0")));
    await until("the last known", () => late.sets.at(-1) === "u1,u2" || undefined);

    start(Number(new URL(url).port));
    await until("everybody is back", () => [...clients, late].every(({ back }) => back === 1) || undefined);
    for (const { sets } of [...clients, late]) assert.deepEqual(sets, ["u1,u2"], "no removal, no burst");

    await until("it takes writes", () =>
      registrar.deregister("u2").then(
        () => true,
        () => undefined,
      ),
    );
    await until(
      "a removal counts again",
      () => [...clients, late].every(({ sets }) => sets.at(-1) === "u1") || undefined,
    );
    await registrar.register(instance("u3"));
    await until(
      "and so does a new one",
      () => [...clients, late].every(({ sets }) => sets.at(-1) === "u1,u3") || undefined,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
