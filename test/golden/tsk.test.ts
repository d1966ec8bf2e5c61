import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join, normalize } from "node:path";
import { test } from "node:test";
import { type Diagnostic, format, type Loaded, type LoadOptions, loadDocument, parsePath, repaired } from "../../src/tsk/index.ts";

// The format is described in tsk/README.md. UPDATE_GOLDEN=1 writes what is expected; read the difference before committing.
const folder = join(import.meta.dirname, "tsk");
const update = process.env["UPDATE_GOLDEN"] === "1";

const cases = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".tsk"))
  .sort();

for (const file of cases) {
  test(`golden tsk/${file.replace(/\.tsk$/, "")}`, () => {
    const text = readFileSync(join(folder, file), "utf8");
    const golden = readCase(text);
    const found = run(golden);
    if (update) return writeFileSync(join(folder, file), written(text, golden, found));
    assert.deepEqual(found.error, golden.error ?? []);
    assert.deepEqual(found.warning, golden.warning ?? []);
    if (golden.value !== undefined) assert.deepEqual(found.value, JSON.parse(golden.value));
    assert.deepEqual(found.origin, golden.origin ?? []);
    if (golden.formatted === undefined) return;
    assert.equal(found.formatted, golden.formatted);
    assert.equal(format(golden.formatted), golden.formatted);
  });
}

test("repairs lead to a file of this language with the same values", () => {
  let count = 0;
  for (const file of cases) {
    const golden = readCase(readFileSync(join(folder, file), "utf8"));
    const before = run(golden);
    if (!before.warning.some((line) => line.includes(" TSK_OLD_")) || before.error.length > 0) continue;
    count++;
    let text = String(golden.files.get("main.tsk"));
    for (let round = 0; round < 20; round++) {
      const { diagnostics } = load({ ...golden, files: new Map(golden.files).set("main.tsk", text) });
      const left = diagnostics.filter((one) => one.file === "main.tsk" && one.code.startsWith("TSK_OLD_"));
      if (left.length === 0) break;
      text = repaired(text, left);
    }
    const after = run({ ...golden, files: new Map(golden.files).set("main.tsk", `#!tusker 1\n${text}`) });
    assert.deepEqual([after.value, after.error], [before.value, []], `${file}\n${text}`);
  }
  assert.ok(count >= 15, `${count} cases`);
});

test("the style changes no value of a case that can be read, and is its own style", () => {
  let count = 0;
  for (const file of cases) {
    const golden = readCase(readFileSync(join(folder, file), "utf8"));
    const main = golden.files.get("main.tsk");
    const before = run(golden);
    if (before.error.length > 0 || typeof main !== "string") continue;
    count++;
    const styled = format(main);
    assert.equal(format(styled), styled, file);
    const after = run({ ...golden, files: new Map(golden.files).set("main.tsk", styled) });
    assert.deepEqual([after.value, after.error], [before.value, []], `${file}\n${styled}`);
  }
  assert.ok(count >= 100, `${count} cases`);
});

test("the table of the suite has every clause of the specification and every folder of cases", () => {
  const clauses = readFileSync(join(folder, "../../../docs/reference/language.md"), "utf8").matchAll(/^## (.+)$/gm);
  const rows = [...readFileSync(join(folder, "README.md"), "utf8").matchAll(/^\| ([A-Z][a-z ]+) \| (`.+`) \|$/gm)];
  assert.deepEqual(
    rows.map(([, clause]) => clause),
    [...clauses].map(([, clause]) => clause),
  );
  const named = rows.flatMap(([, , folders = ""]) => [...folders.matchAll(/`([a-z]+)`/g)].map(([, name]) => name));
  const there = new Set(cases.map((file) => file.split(/[/\\]/, 1)[0]));
  // What campaigns find has no clause until somebody has looked at it.
  there.delete("found");
  assert.deepEqual([...new Set(named)].sort(), [...there].sort());
});

test("what a case needs beside its folder it asks the host for", () => {
  const wrong = cases.filter((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const outside = [...readCase(text).files.keys()].some((name) => isAbsolute(name) || normalize(name).startsWith(".."));
    return outside && !/^=== host$/m.test(text);
  });
  assert.deepEqual(wrong, []);
});

test("there are enough golden cases, and every code of the language has one", async () => {
  const { tskCodes } = await import("../../src/tsk/index.ts");
  const all = cases.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
  const missing = Object.keys(tskCodes).filter((code) => !all.includes(` ${code} `));
  assert.deepEqual(missing, []);
  assert.ok(cases.length >= 300, `${cases.length} cases`);
});

interface Case {
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  readonly env: Readonly<Record<string, string>>;
  readonly sets: readonly string[];
  readonly environment: string | undefined;
  readonly value: string | undefined;
  readonly error: readonly string[] | undefined;
  readonly warning: readonly string[] | undefined;
  readonly origin: readonly string[] | undefined;
  readonly formatted: string | undefined;
}

interface Found {
  readonly value: unknown;
  readonly error: readonly string[];
  readonly warning: readonly string[];
  readonly origin: readonly string[];
  readonly formatted: string | undefined;
}

function readCase(text: string): Case {
  const [source = "", ...parts] = text.split(/^=== /m);
  const files = new Map<string, string | Uint8Array>([["main.tsk", source]]);
  const other = new Map<string, string>();
  for (const part of parts) {
    const end = part.indexOf("\n");
    const head = end < 0 ? part : part.slice(0, end);
    const body = end < 0 ? "" : part.slice(end + 1);
    if (head.startsWith("file ")) files.set(head.slice(5).trim(), body);
    else if (head.startsWith("bytes ")) files.set(head.slice(6).trim(), bytesOf(body));
    else if (head.startsWith("environment ")) other.set("environment", head.slice(12).trim());
    else other.set(head.trim(), body);
  }
  const lines = (name: string): string[] | undefined => other.get(name)?.split("\n").filter((line) => line !== "");
  return {
    files,
    env: Object.fromEntries((lines("env") ?? []).map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)])),
    sets: lines("set") ?? [],
    environment: other.get("environment"),
    value: other.get("value"),
    error: lines("error"),
    warning: lines("warning"),
    origin: lines("origin"),
    formatted: other.get("formatted"),
  };
}

function load(golden: Case): Loaded {
  return loadDocument({
    entry: "main.tsk",
    readFile: (path) => golden.files.get(path),
    list: (folder) => listed(golden.files, folder),
    environment: golden.environment,
    ...host,
    env: golden.env,
    sets: golden.sets,
  });
}

function run(golden: Case): Found {
  const { document, diagnostics } = load(golden);
  const main = golden.files.get("main.tsk");
  return {
    formatted: golden.formatted === undefined || typeof main !== "string" ? undefined : format(main),
    value: JSON.parse(JSON.stringify(document.value)),
    error: diagnostics.filter((one) => one.severity === "error").map(lineOf),
    warning: diagnostics.filter((one) => one.severity === "warning").map(lineOf),
    origin: (golden.origin ?? []).map((line) => {
      const path = line.split(" <- ", 1)[0] ?? "";
      const origins = document.origin(parsePath(path) ?? []);
      return `${path} <- ${origins.map((o) => `${o.layer} ${o.file}:${o.line}:${o.column} ${o.text}`).join(" | ")}`;
    }),
  };
}

/** `c3 28 20*3`: bytes in hexadecimal, `*` and how often. */
function bytesOf(body: string): Uint8Array {
  const parts = body.split(/\s+/).filter((word) => word !== "");
  return Buffer.concat(
    parts.map((word) => {
      const [byte = "", times = "1"] = word.split("*");
      return Buffer.alloc(Number(times), Number.parseInt(byte, 16));
    }),
  );
}

/** The host of the suite: see README.md. */
const host: Partial<LoadOptions> = {
  now: () => Date.UTC(2026, 10, 23, 10, 30),
  digest: (algorithm: string, text: string) => createHash(algorithm).update(text).digest("hex"),
  facts: () => ({ name: "host-1", cpus: 4, addresses: { "": "10.0.0.7", eth0: "10.0.0.7" }, version: "1.2.3" }),
  decrypt: (sealed: string) => {
    if (!sealed.startsWith("tusk:v1:")) throw new Error("it does not begin with tusk:v1:");
    return sealed.slice(8);
  },
  secretFolders: ["/run/secrets/"],
  secrets: [
    { scheme: "keyring", class: "local", read: (name: string) => (name === "token" ? "sk_1" : undefined) },
    { scheme: "vault", class: "network", read: () => "sk_2" },
    {
      scheme: "broken",
      class: "local",
      read: () => {
        throw new Error("it is always broken");
      },
    },
  ],
};

/** Names in a folder of the case; undefined when it has none. */
function listed(files: ReadonlyMap<string, unknown>, folder: string): readonly string[] | undefined {
  const inside = [...files.keys()].filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));
  return inside.length === 0 ? undefined : [...new Set(inside.map((file) => file.split("/", 1)[0] ?? ""))];
}

function lineOf(one: Diagnostic): string {
  const at = one.file === "main.tsk" ? "" : `${one.file}:`;
  return `${at}${one.line}:${one.column} ${one.code} ${one.message}`;
}

/** The case with its expectations replaced by what was found; sections that are there stay. */
function written(text: string, golden: Case, found: Found): string {
  const at = text.search(/^=== (?:value|error|warning|origin|formatted)$/m);
  const parts = [at < 0 ? text : text.slice(0, at)];
  if (golden.value !== undefined || found.error.length === 0)
    parts.push(`=== value\n${JSON.stringify(found.value, undefined, 2)}\n`);
  if (found.error.length > 0) parts.push(`=== error\n${found.error.join("\n")}\n`);
  if (found.warning.length > 0) parts.push(`=== warning\n${found.warning.join("\n")}\n`);
  if (golden.origin !== undefined) parts.push(`=== origin\n${found.origin.join("\n")}\n`);
  if (found.formatted !== undefined) parts.push(`=== formatted\n${found.formatted}`);
  return parts.join("");
}
