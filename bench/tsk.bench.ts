import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse as parseToml, stringify as stringifyToml } from "smol-toml";
import { parse as parseYaml, stringify } from "yaml";
import { z } from "zod";
import { loadDocument, parse } from "../src/tsk/index.ts";
import type { Figure } from "./figure.ts";
import { largeFleet, serviceFile } from "./large-fleet.ts";
import type { Case } from "./subject.ts";

const path = resolve(import.meta.dirname, "../examples/shop/tusker.tsk");
const text = readFileSync(path, "utf8");
const large = largeFleet(1000);
const [shopPeers, largePeers] = [peersOf(text), peersOf(large)];
const fleet = fleetOnDisk(1000);

/** The shop's file, and one of 1,000 services (480 kB); the peers read the same data, written their way. */
export const cases: readonly Case[] = [
  { name: "parse", ours: () => parse(text), peers: shopPeers },
  { name: "load", ours: () => load(text), peers: shopPeers },
  { name: "parse 1000 services", ours: () => parse(large), peers: largePeers },
];

/**
 * All of it, which no peer does: the file read from the disk, parsed, its layers merged and evaluated, the fleet's schema,
 * cross-checks, a look for the program of each service, frozen settings. In a process of its own: the first time, when
 * most of it is the engine compiling what it runs, and later on.
 */
export async function* figures(): AsyncIterable<Figure> {
  const runs = [loads(), loads(), loads()];
  const least = (times: readonly number[]): number => Math.min(...times);
  const warm = runs.flatMap(([, ...later]) => later.slice(10).map(({ all }) => all));
  const first = runs.flatMap((times) => times.slice(0, 1));
  yield { name: "load 1000 services", value: least(warm), unit: "ms CPU" };
  yield { name: "load 1000 services, half of the times", value: medianOf(warm), unit: "ms CPU" };
  yield {
    name: "load 1000 services, first in its process",
    value: least(first.map(({ all }) => all)),
    unit: "ms CPU",
  };
  // What those who wait for it wait for; the rest is the compiler of the engine, beside it.
  yield {
    name: "load 1000 services, first in its process, its thread",
    value: least(first.map(({ thread }) => thread)),
    unit: "ms CPU",
  };
}

/** CPU of one load, of the process with all its threads and of the one that loads, in milliseconds. */
interface LoadTime {
  readonly all: number;
  readonly thread: number;
}

/** One load after the other in a new process. */
function loads(): readonly LoadTime[] {
  const script = `
    const { loadFleet } = await import("tusker/fleet");
    const load = () => {
      const [before, own] = [process.cpuUsage(), process.threadCpuUsage()];
      const { settings } = loadFleet(${JSON.stringify(fleet)}, { env: {} });
      const ms = ({ user, system }) => (settings.services.length === 1000 ? (user + system) / 1000 : NaN);
      return { all: ms(process.cpuUsage(before)), thread: ms(process.threadCpuUsage(own)) };
    };
    console.log(JSON.stringify(Array.from({ length: 30 }, load)));`;
  const args = ["--conditions=tusker-source", "--input-type=module", "--eval", script];
  const times: unknown = JSON.parse(
    execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" }),
  );
  return z.array(z.object({ all: z.number(), thread: z.number() })).parse(times);
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

function load(source: string): ReturnType<typeof loadDocument> {
  return loadDocument({
    entry: "a",
    readFile: (name) => (name === "a" ? source : undefined),
    layers: "entry",
  });
}

function peersOf(source: string): Case["peers"] {
  const data: unknown = JSON.parse(JSON.stringify(load(source).document.value));
  const [yaml, toml] = [stringify(data), stringifyToml(data)];
  return { yaml: () => parseYaml(yaml), "smol-toml": () => parseToml(toml) };
}

/** A fleet file whose commands exist; its folder goes when the process ends. */
function fleetOnDisk(services: number): string {
  const folder = mkdtempSync(join(tmpdir(), "tusker-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "services"));
  for (let index = 0; index < services; index++) writeFileSync(join(folder, serviceFile(index)), "");
  writeFileSync(join(folder, "tusker.tsk"), largeFleet(services));
  return join(folder, "tusker.tsk");
}
