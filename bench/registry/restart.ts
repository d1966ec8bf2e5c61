import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/kernel/index.ts";
import type { Figure } from "../figure.ts";
import { each, httpLoad, openLine, requestBytes } from "../load/http-load.ts";
import { cpuMicrosOf, residentMegabytesOf } from "../load/process-cost.ts";
import { startOurs } from "./contestants.ts";
import { registerRequest } from "./requests.ts";

const count = 10_000;
const perService = 10;
const idleMs = 5_000;

/** Killed with 10,000 instances and 10,000 keys: how soon everything is told again, and what it weighs. */
export async function* restart(): AsyncGenerator<Figure> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-bench-"));
  try {
    await fill(folder);
    const readyMs = [await timeToReady(folder), await timeToReady(folder), await timeToReady(folder)];
    yield { name: "ready after kill -9, 10,000 instances and keys", unit: "ms", value: Math.min(...readyMs) };
    await using ours = await startOurs(folder);
    const before = cpuMicrosOf(ours.pid);
    await systemClock.sleep(idleMs);
    const share = (cpuMicrosOf(ours.pid) - before) / (idleMs * 10);
    yield {
      name: "memory with 10,000 instances and keys, restarted",
      unit: "MB",
      value: residentMegabytesOf(ours.pid),
    };
    yield { name: "10,000 TTL checks at rest", unit: "% of a core", value: share };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(folder: string): Promise<void> {
  await using ours = await startOurs(folder);
  const numbers = Array.from({ length: count }, (_, n) => n);
  const put = (request: (n: number) => Buffer) =>
    httpLoad({ port: ours.port, connections: 64, next: each(numbers, request) });
  await put((n) => registerRequest(`service-${Math.floor(n / perService)}`, `i${n}`, n));
  await put((n) => requestBytes("PUT", `/v1/kv/config/service-${n}/limit`, `value of ${n}`));
}

/** From the start of the process to an answer that holds everything. */
async function timeToReady(folder: string): Promise<number> {
  const from = systemClock.now();
  await using ours = await startOurs(folder);
  const line = await openLine(ours.port);
  const services = await line.ask(requestBytes("GET", "/v1/catalog/services"));
  const keys = await line.ask(requestBytes("GET", "/v1/kv/?keys"));
  const took = systemClock.now() - from;
  line.close();
  const found = [Object.keys(parsed(services.body)).length, Object.keys(parsed(keys.body)).length];
  if (found[0] !== count / perService || found[1] !== count)
    throw new Error(`found ${found} after a restart`);
  return took;
}

function parsed(body: Buffer): object {
  const value: unknown = JSON.parse(body.toString());
  return typeof value === "object" && value !== null ? value : {};
}
