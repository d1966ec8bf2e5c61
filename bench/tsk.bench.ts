import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse as parseYaml, stringify } from "yaml";
import { loadDocument, parse } from "../src/tsk/index.ts";
import type { Case } from "./subject.ts";

const path = resolve(import.meta.dirname, "../examples/shop/tusker.tsk");
const text = readFileSync(path, "utf8");
const readFile = (name: string): string | undefined => (name === path ? text : undefined);
const load = () => loadDocument({ entry: path, readFile, layers: "entry" });
const yaml = stringify(JSON.parse(JSON.stringify(load().document.value)));

/** The shop's file; the peer reads the same data, written as YAML. */
export const cases: readonly Case[] = [
  { name: "parse", ours: () => parse(text), peers: { yaml: () => parseYaml(yaml) } },
  { name: "load", ours: load, peers: { yaml: () => parseYaml(yaml) } },
];
