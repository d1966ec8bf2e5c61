import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parse as parseToml, stringify as stringifyToml } from "smol-toml";
import { parse as parseYaml, stringify } from "yaml";
import { loadFleet } from "../src/fleet/index.ts";
import { loadDocument, parse } from "../src/tsk/index.ts";
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
  // All of it, which no peer does: files, layers, evaluation, the fleet's schema and its cross-checks.
  { name: "load 1000 services", ours: () => checked(fleet), peers: {} },
];

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

function checked(file: string): unknown {
  const { settings, diagnostics } = loadFleet(file, { env: {} });
  if (settings === undefined) throw new Error(`the fleet of the bench is wrong: ${diagnostics[0]?.message}`);
  return settings;
}
