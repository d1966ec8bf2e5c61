import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { type LoadFleetOptions, loadFleet } from "./load.ts";
import type { ReadFrom } from "./read-from.ts";

function readFrom(files: Readonly<Record<string, string>>, options: LoadFleetOptions = {}): ReadFrom {
  const folder = mkdtempSync(join(tmpdir(), "tusker-from-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const { from } = loadFleet(join(folder, "tusker.tsk"), { env: {}, ...options });
    const near = (path: string): string => relative(folder, path);
    return { ...from, files: from.files.map(near), folders: from.folders.map(near) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("a fleet is read from its file, what that names, and layers that may still come", () => {
  const from = readFrom({
    "tusker.tsk": '@include "parts/*.tsk"\n[fleet]\nname: "x"\nmotd: @file("motd.txt")\n',
    "parts/a.tsk": '[tracing]\nenabled: @json("flag.json")\n',
    "parts/flag.json": "true",
    "motd.txt": "hello",
  });
  for (const name of ["tusker.tsk", "parts/a.tsk", "parts/flag.json", "motd.txt", "tusker.local.tsk"])
    assert.ok(from.files.includes(name), `${name} of ${from.files.join(" ")}`);
  assert.deepEqual([from.folders, from.ttlMs], [["parts", "config/services"], undefined]);
});

test("it is read from the schemas of its services, and an overlay that may still come", () => {
  const from = readFrom(
    {
      "tusker.tsk":
        '[services]\na: { run: "node a.js", schema: "a.json" }\nb: { run: "node a.js", schema: "b.ts#B" }\n',
      "a.js": "",
      "a.json": "{}",
    },
    { env: { APP_ENV: "eu" } },
  );
  for (const name of ["a.json", "b.ts", "environment/eu.tsk"])
    assert.ok(from.files.includes(name), `${name} of ${from.files.join(" ")}`);
});

test("what is read again is as old as the shortest ttl of its secrets lets it be", () => {
  const secrets = [{ scheme: "vault", class: "local", read: (name: string) => name }] as const;
  const text = '[fleet]\nname: @secret("vault:a", ttl=5m)\ndata_dir: @secret("vault:b", ttl=90s)\n';
  assert.equal(readFrom({ "tusker.tsk": text }, { secrets }).ttlMs, 90_000);
  assert.equal(
    readFrom({ "tusker.tsk": text.replaceAll(/, ttl=\d+[ms]/g, "") }, { secrets }).ttlMs,
    undefined,
  );
});
