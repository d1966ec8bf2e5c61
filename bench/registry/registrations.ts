import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { each, httpLoad, requestBytes } from "../load/http-load.ts";
import { cpuMicrosOf, residentMegabytesOf } from "../load/process-cost.ts";
import { type Contestant, startAll, startOurs } from "./contestants.ts";
import { beatRequest, registerRequest } from "./requests.ts";

const clients = 64;
const services = 50_000;
const windowSize = 5_000;
/** The peer slows down with every instance it has: more would take it minutes. */
const peerServices = 1_000;
const beats = 20_000;

/** From an empty registry to 50,000 services, all written durably; then their heartbeats. */
export async function* registrations(): AsyncGenerator<Figure> {
  await using contestants = await startAll();
  const [ours, peer] = contestants.all;
  if (ours === undefined) return;
  await warmUp(ours);
  const windows: Window[] = [];
  for (let from = 0; from < services; from += windowSize)
    windows.push(await register(ours, from, from + windowSize));
  const theirs = peer === undefined ? undefined : await register(peer, 0, peerServices);
  const peerOf = (key: keyof Window) => (theirs === undefined ? {} : { consul: theirs[key] });
  // The better of two: a window in which the machine did something else says nothing.
  const [first, last] = [best(windows.slice(0, 2)), best(windows.slice(-2))];
  const rates = windows.map(({ perSecond }) => perSecond);
  yield {
    name: "registrations, durable, 64 clients",
    unit: "/s",
    value: middle(rates),
    peers: peerOf("perSecond"),
  };
  yield { name: "a registration", unit: "µs CPU", value: last, peers: peerOf("cpuMicros") };
  yield {
    name: "CPU of a registration at 50,000 to one at 0",
    unit: "ratio",
    value: last / first,
  };
  yield { name: "memory with 10,000 instances, as they came", unit: "MB", value: await memoryAsTheyCame() };
  yield* heartbeats(ours);
}

/** Of a registry that was told nothing else: what the warm-up left behind is not counted. */
async function memoryAsTheyCame(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-bench-"));
  try {
    await using ours = await startOurs(folder);
    await register(ours, 0, 10_000);
    return residentMegabytesOf(ours.pid);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an engine compiles it compiles in the first seconds: the first window would be about that. */
async function warmUp(one: Contestant): Promise<void> {
  const numbers = Array.from({ length: windowSize }, (_, n) => n);
  await timed(
    one,
    numbers.map((n) => registerRequest(`warm-${n}`, `warm-${n}`, n)),
  );
  const gone = (n: number): Buffer => requestBytes("PUT", `/v1/agent/service/deregister/warm-${n}`);
  await timed(one, numbers.map(gone));
}

/** A window in which the machine had other things to do tells nothing of the registry. */
function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function best(windows: readonly Window[]): number {
  return Math.min(...windows.map(({ cpuMicros }) => cpuMicros));
}

interface Window {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function register(one: Contestant, from: number, to: number): Promise<Window> {
  const numbers = Array.from({ length: to - from }, (_, i) => from + i);
  const requests = numbers.map((n) => registerRequest(`service-${n}`, `i${n}`, n));
  return await timed(one, requests);
}

async function timed({ pid, port }: Contestant, requests: readonly Buffer[]): Promise<Window> {
  const before = cpuMicrosOf(pid);
  const { answered, refused, perSecond } = await httpLoad({
    port,
    connections: clients,
    next: each(requests, (request) => request),
  });
  if (refused > 0) throw new Error(`${refused} of ${requests.length} requests were refused`);
  return { perSecond, cpuMicros: (cpuMicrosOf(pid) - before) / answered };
}

async function* heartbeats(ours: Contestant): AsyncGenerator<Figure> {
  const requests = Array.from({ length: beats }, (_, n) => beatRequest(`i${n}`));
  const found = await timed(ours, requests);
  yield { name: "TTL heartbeats, 64 clients", unit: "/s", value: found.perSecond };
  yield { name: "a TTL heartbeat", unit: "µs CPU", value: found.cpuMicros };
}
