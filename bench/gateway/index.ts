import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Listener, type PeerName, peerProgram } from "../../test/support/peer-program.ts";
import {
  type ProxyPlan,
  startCaddy,
  startFastifyProxy,
  startHaproxy,
  startNginxOrigin,
  startNginxProxy,
  startTusker,
} from "../../test/support/proxies.ts";
import type { Figure } from "../figure.ts";
import { builtBin } from "../load/built.ts";
import { cpuMicrosOf, residentMegabytesOf } from "../load/process-cost.ts";
import { policies } from "./policies.ts";
import { twoWorkers } from "./workers.ts";
import { wrk } from "./wrk.ts";

export { cases } from "../routes.bench.ts";

/** One proxy under load. What it is called is what the budgets say. */
interface Runner {
  readonly name: string;
  readonly at: Listener;
}

/** What is asked for, and the Lua file that makes the requests where they are not all the same. */
interface Load {
  readonly path: string;
  readonly script?: string;
  /** Who is asked; default: all. */
  readonly only?: readonly string[];
}

const transports = ["engine", "compat"] as const;
const loads: Readonly<Record<string, Load>> = {
  GET: { path: "/small" },
  "GET, no two alike": {
    path: "/small",
    script: join(import.meta.dirname, "no-two-alike.lua"),
    only: ["tusker engine", "nginx"],
  },
  "16 KiB": { path: "/16k" },
  "1 MiB": { path: "/1m" },
};
const rounds = 8;
const seconds = 1;

/**
 * One worker of each proxy in front of the same nginx, the same load on one after the other, several rounds of it.
 * What is printed is the least CPU per request of all rounds: other work on the machine only ever adds.
 *
 * @param args `policies` or `workers` for these rows alone
 */
export async function* figures(args: readonly string[] = []): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-bench-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  for (const needed of ["nginx", "wrk"] as const) mustHave(needed);
  const origin = stack.use(
    await startNginxOrigin(join(folder, "origin"), { "16k": 16 * 1024, "1m": 1024 * 1024 }),
  );
  const beside = { folder: join(folder, "policies"), originPort: origin.port };
  if (!args.includes("workers")) yield* policies(beside, await builtBin());
  if (args.includes("policies")) return;
  yield* twoWorkers(join(folder, "workers"), await builtBin());
  if (args.includes("workers")) return;
  const runners: Runner[] = [];
  for (const [name, start] of starters())
    runners.push({
      name,
      at: stack.use(await start({ folder: join(folder, name), originPort: origin.port })),
    });
  const [ours, peers] = [
    runners.filter(({ name }) => name.startsWith("tusker")),
    runners.filter(({ name }) => !name.includes("tusker")),
  ];
  yield* idle(ours);
  for (const [what, load] of Object.entries(loads)) {
    const asked = runners.filter(({ name }) => load.only?.includes(name) ?? true);
    const costs = await interleaved(asked, load);
    for (const { name } of asked.filter((one) => ours.includes(one)))
      yield {
        name: `${what}, ${name.replace("tusker ", "")}`,
        value: costs.get(name) ?? Number.NaN,
        unit: "µs CPU",
        peers: Object.fromEntries(
          peers
            .filter((one) => asked.includes(one))
            .map((one) => [one.name, costs.get(one.name) ?? Number.NaN]),
        ),
      };
  }
}

/** The gateway as it is installed. */
async function installed(
  plan: ProxyPlan,
  gateway: Readonly<Record<string, unknown>>,
  tracing: Readonly<Record<string, unknown>> = {},
): Promise<Listener> {
  return startTusker(plan, gateway, tracing, { bin: await builtBin() });
}

function starters(): [string, (plan: ProxyPlan) => Promise<Listener>][] {
  const all: [string, (plan: ProxyPlan) => Promise<Listener>, PeerName?][] = [
    ...transports.map((transport): [string, (plan: ProxyPlan) => Promise<Listener>] => [
      `tusker ${transport}`,
      // The trace context of every request is passed on; recording all of them is measured apart.
      (plan) => installed(plan, { transport }, { sampling_rate: 0 }),
    ]),
    ["tusker engine with every request recorded", (plan) => installed(plan, { transport: "engine" })],
    ["nginx", startNginxProxy, "nginx"],
    ["haproxy", startHaproxy, "haproxy"],
    ["caddy", startCaddy, "caddy"],
    ["@fastify/http-proxy", startFastifyProxy],
  ];
  return all.flatMap(([name, start, program]) =>
    program === undefined || peerProgram(program) !== undefined ? [[name, start]] : [],
  );
}

function mustHave(name: PeerName): void {
  if (peerProgram(name) === undefined)
    throw new Error(`this bench needs ${name}; fetch it with: npm run setup:peers`);
}

function* idle(ours: readonly Runner[]): Generator<Figure> {
  for (const { name, at } of ours)
    yield {
      name: `idle memory, ${name.replace("tusker ", "")}`,
      value: residentMegabytesOf(at.pid),
      unit: "MiB",
    };
}

/** CPU per request of each runner, the least of all rounds; one round more warms everybody up. */
async function interleaved(
  runners: readonly Runner[],
  { path, script }: Load,
): Promise<ReadonlyMap<string, number>> {
  const least = new Map<string, number>();
  for (let round = 0; round <= rounds; round++)
    for (const { name, at } of runners) {
      const before = cpuMicrosOf(at.pid);
      const { requests, failures } = await wrk(at.port, path, seconds, { script });
      if (failures > 0) throw new Error(`${name} failed ${failures} of ${requests} requests: ${at.output()}`);
      const cost = (cpuMicrosOf(at.pid) - before) / requests;
      if (round > 0) least.set(name, Math.min(cost, least.get(name) ?? Number.POSITIVE_INFINITY));
    }
  return least;
}
