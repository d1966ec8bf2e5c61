import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startNginxOrigin, startTusker } from "../../test/support/proxies.ts";
import type { Figure } from "../figure.ts";
import { cpuMicrosOf } from "../load/process-cost.ts";
import { wrk } from "./wrk.ts";

const [rounds, seconds] = [8, 1];
/** The gateway has a core, the load and the origin have another one. */
const [gatewayCore, loadCore] = ["0", "1"];

/**
 * How much more than one worker two can answer. Where two cores are all there is, two workers cannot have both: the load
 * would come from the same ones. So each kind of gateway gets one core, the load comes from the other, and what counts is
 * the CPU of an answer: as many answers per second of CPU mean twice as many on two cores. The least of all rounds.
 *
 * @throws Error where nothing can be bound to a core
 */
export async function* twoWorkers(folder: string, bin: string): AsyncGenerator<Figure> {
  const before = coresOf(process.pid);
  await using stack = new AsyncDisposableStack();
  stack.defer(() => bind(process.pid, before));
  // Whatever is started from here on begins on this core: the origin, and each run of the load.
  bind(process.pid, loadCore);
  mkdirSync(folder, { recursive: true });
  const origin = stack.use(await startNginxOrigin(join(folder, "origin"), {}));
  const gateways = [];
  for (const workers of [1, 2]) {
    const plan = { folder: join(folder, `of-${workers}`), originPort: origin.port };
    const at = stack.use(
      await startTusker(plan, { transport: "engine", workers }, { sampling_rate: 0 }, { bin }),
    );
    bind(at.pid, gatewayCore);
    gateways.push({ at, least: Number.POSITIVE_INFINITY });
  }
  for (let round = 0; round <= rounds; round++)
    for (const gateway of gateways) {
      const used = cpuMicrosOf(gateway.at.pid);
      const { requests, failures } = await wrk(gateway.at.port, "/small", seconds);
      if (failures > 0) throw new Error(`${failures} of ${requests} requests failed: ${gateway.at.output()}`);
      const cost = (cpuMicrosOf(gateway.at.pid) - used) / requests;
      if (round > 0) gateway.least = Math.min(gateway.least, cost);
    }
  const [one = Number.NaN, two = Number.NaN] = gateways.map(({ least }) => least);
  yield { name: "GET, two workers to one", value: (2 * one) / two, unit: "× answers per CPU" };
}

function bind(pid: number, cores: string): void {
  execFileSync("taskset", ["-acp", cores, String(pid)], { stdio: ["ignore", "ignore", "inherit"] });
}

/** As `taskset` writes them: `0,1`. */
function coresOf(pid: number): string {
  const said = execFileSync("taskset", ["-cp", String(pid)], { encoding: "utf8" });
  return said.slice(said.lastIndexOf(":") + 1).trim();
}
