import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadFleet, readFile } from "../../../src/fleet/index.ts";
import { type Diagnostic, loadDocument } from "../../../src/tsk/index.ts";

/** A correct text and how it is judged. */
export interface Judged {
  readonly name: string;
  readonly text: string;
  readonly judge: (text: string) => readonly Diagnostic[];
}

/** The repository. */
export const root = resolve(import.meta.dirname, "../../..");

/** The blocks of the first fleet ever written, the shop, every example, and one text with every form of the language. */
export function correctTexts(): readonly Judged[] {
  const seed = join(root, "test/golden/tsk/seed");
  const blocks = readdirSync(seed).map((file): Judged => {
    const text = readFileSync(join(seed, file), "utf8").split(/^=== /m, 1)[0] ?? "";
    // A block alone may name what another block has: then only the language judges it.
    const whole = asFleet(join(root, "examples/shop/tusker.tsk"));
    return { name: file, text, judge: whole(text).length === 0 ? whole : alone };
  });
  const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".tsk") && !file.includes("environment"))
    .map((file) => join(root, "examples", file));
  const examples = files.map((file) => ({
    name: file,
    text: readFileSync(file, "utf8"),
    judge: asFleet(file),
  }));
  return [...blocks, ...examples, { name: "every form", text: everyForm, judge: alone }];
}

function alone(text: string): readonly Diagnostic[] {
  const files = new Map([["main.tsk", text]]);
  return loadDocument({ entry: "main.tsk", readFile: (path) => files.get(path) }).diagnostics;
}

/** Judges a text in place of a fleet file. */
export function asFleet(file: string): Judged["judge"] {
  return (text) => {
    const read = (path: string): string | Uint8Array | undefined =>
      resolve(path) === file ? text : readFile(path);
    return loadFleet(file, { env: {}, files: { readFile: read, list: () => [] } }).diagnostics;
  };
}

const everyForm = `#!tusker 1
$env: "dev"
[server]
host: "0.0.0.0"
port: @env("PORT", 8080)
name: "shop-\${$env}"
workers: $env == "prod" ? 8 : 2
tags: ["a", "b", 3]
limits: { rate: 100, burst: 20 }
pool {
  min: 1
  max: server.limits.rate + 2
}
ttl: 30s
[routes]
"/x/*": { service: "a", retries: 3 }
last: true
`;
