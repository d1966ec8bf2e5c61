import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse as parseToml, stringify as stringifyToml } from "smol-toml";
import { parse as parseYaml, stringify } from "yaml";
import { loadDocument, parse } from "../src/tsk/index.ts";
import type { Figure } from "./figure.ts";
import { inFreshProcess, leastOf, medianOf, type RoundTime } from "./fresh-process.ts";
import { largeFleet, serviceFile } from "./large-fleet.ts";
import type { Case } from "./subject.ts";

const path = resolve(import.meta.dirname, "../examples/shop/tusker.tsk");
const text = readFileSync(path, "utf8");
const large = largeFleet(1000);
const [shopPeers, largePeers] = [peersOf(text), peersOf(large)];

/** The shop's file, and one of 1,000 services (480 kB); the peers read the same data, written their way. */
export const cases: readonly Case[] = [
  { name: "parse", ours: () => parse(text), peers: shopPeers },
  { name: "load", ours: () => load(text), peers: shopPeers },
  { name: "parse 1000 services", ours: () => parse(large), peers: largePeers },
];

/**
 * All of it, which no peer does: the file read from the disk, parsed, its layers merged and evaluated, the fleet's schema,
 * cross-checks, a look for the program of each service, frozen settings. In processes of their own: the first time, when
 * most of it is the engine compiling what it runs, and later on; the least of all rounds, and the middle one. The peers only
 * parse the same data, in processes of their own too.
 */
export async function* figures(): AsyncIterable<Figure> {
  const folder = fleetOnDisk(1000);
  const ours = [30, 30, 30, 1, 1, 1, 1].map((rounds) => inFreshProcess(loading(folder), rounds));
  const others = {
    yaml: [4, 1, 1].map((rounds) => inFreshProcess(parsing("yaml", join(folder, "large.yaml")), rounds)),
    "smol-toml": [30, 1, 1].map((rounds) =>
      inFreshProcess(parsing("smol-toml", join(folder, "large.toml")), rounds),
    ),
  };
  for (const [which, when] of [
    [later, "load 1000 services"],
    [first, "load 1000 services, first in its process"],
  ] as const)
    for (const [of, name] of [
      [leastOf, when],
      [medianOf, `${when}, half of the times`],
    ] as const) {
      const { yaml, "smol-toml": toml } = others;
      const peers = { yaml: of(which(yaml)), "smol-toml": of(which(toml)) };
      yield { name, value: of(which(ours)), unit: "ms CPU", peers };
    }
  // What those who wait for it wait for; the rest is the compiler of the engine, beside it.
  const thread = ours.flatMap((rounds) => rounds.slice(0, 1)).map((one) => one.thread);
  const name = "load 1000 services, first in its process, its thread";
  yield { name, value: leastOf(thread), unit: "ms CPU" };
  yield { name: `${name}, half of the times`, value: medianOf(thread), unit: "ms CPU" };
}

type Runs = readonly (readonly RoundTime[])[];

function first(runs: Runs): readonly number[] {
  return runs.flatMap((rounds) => rounds.slice(0, 1)).map(({ all }) => all);
}

/** When the engine has compiled what is used often: the last two thirds of the long runs. */
function later(runs: Runs): readonly number[] {
  return runs.flatMap((rounds) => rounds.slice(Math.ceil(rounds.length / 3))).map(({ all }) => all);
}

function loading(folder: string): string {
  return `
    const { loadFleet } = await import("tusker/fleet");
    const round = () => loadFleet(${JSON.stringify(join(folder, "tusker.tsk"))}, { env: {} }).settings.services.length === 1000;`;
}

function parsing(library: string, file: string): string {
  return `
    const { readFileSync } = await import("node:fs");
    const { parse } = await import(${JSON.stringify(library)});
    const round = () => Object.keys(parse(readFileSync(${JSON.stringify(file)}, "utf8")).services).length === 1000;`;
}

function load(source: string): ReturnType<typeof loadDocument> {
  return loadDocument({
    entry: "a",
    readFile: (name) => (name === "a" ? source : undefined),
    layers: "entry",
  });
}

function peersOf(source: string): Case["peers"] {
  const { yaml, toml } = asOthersWrite(source);
  return { yaml: () => parseYaml(yaml), "smol-toml": () => parseToml(toml) };
}

/** The data of a text, written in other languages. */
function asOthersWrite(source: string): { readonly yaml: string; readonly toml: string } {
  const data: unknown = JSON.parse(JSON.stringify(load(source).document.value));
  return { yaml: stringify(data), toml: stringifyToml(data) };
}

/** The folder of a fleet file whose commands exist, with the same data for the peers; it goes when the process ends. */
function fleetOnDisk(services: number): string {
  const folder = mkdtempSync(join(tmpdir(), "tusker-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "services"));
  for (let index = 0; index < services; index++) writeFileSync(join(folder, serviceFile(index)), "");
  const source = largeFleet(services);
  const { yaml, toml } = asOthersWrite(source);
  writeFileSync(join(folder, "tusker.tsk"), source);
  writeFileSync(join(folder, "large.yaml"), yaml);
  writeFileSync(join(folder, "large.toml"), toml);
  return folder;
}
