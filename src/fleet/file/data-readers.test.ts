import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadDocument } from "../../tsk/index.ts";
import { dataReader } from "./data-readers.ts";
import { machinePorts } from "./machine.ts";

function load(files: Readonly<Record<string, string>>): ReturnType<typeof loadDocument> {
  const folder = mkdtempSync(join(tmpdir(), "tusker-data-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  try {
    return loadDocument({ entry: join(folder, "a.tsk"), ...machinePorts({}), layers: "entry" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("YAML, TOML and JSON beside a file are values of it, and nothing in them is evaluated", () => {
  const { document, diagnostics } = load({
    "a.tsk": '#!tusker 1\ny: @yaml("a.yaml")\nt: @toml("a.toml")\nj: @json("a.json")\nhost: y.base.host\n',
    "a.yaml":
      "base: &b\n  host: db\n  port: 5432\nother:\n  <<: *b\n  port: 1\ntext: \"@env('HOME')\"\nday: 2026-11-23\n",
    "a.toml": 'day = 2026-11-23\n[a.b]\nlist = [1, 2.5, "x"]\n',
    "a.json": '{"a": [null, true]}',
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(document.value, {
    y: {
      base: { host: "db", port: 5432 },
      other: { host: "db", port: 1 },
      text: "@env('HOME')",
      day: "2026-11-23",
    },
    t: { day: "2026-11-23", a: { b: { list: [1, 2.5, "x"] } } },
    j: { a: [null, true] },
    host: "db",
  });
});

test("what is no YAML or TOML is said without a piece of it, and a bomb of aliases is none", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const name of "bcdefghi") {
    const below = String.fromCharCode(name.charCodeAt(0) - 1);
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${below}`).join(", ")}]`);
  }
  const { diagnostics } = load({
    "a.tsk": '#!tusker 1\nb: @yaml("bad.yaml")\nt: @toml("bad.toml")\nc: @yaml("bomb.yaml")\n',
    "bad.yaml": "password: [hunter2\n",
    "bad.toml": "password = hunter2\n",
    "bomb.yaml": bomb.join("\n"),
  });
  assert.deepEqual(
    diagnostics.map((one) => [one.line, one.code]),
    [
      [2, "TSK_FILE_READ"],
      [3, "TSK_FILE_READ"],
      [4, "TSK_FILE_READ"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(diagnostics), /hunter2/);
});

test("a package that is not installed is named with the command that installs it", () => {
  const nowhere = createRequire(join(tmpdir(), "tusker-nowhere", "index.js"));
  for (const [format, name] of [
    ["YAML", "yaml"],
    ["TOML", "smol-toml"],
  ] as const) {
    const refused = dataReader(format, nowhere);
    assert.ok("code" in refused);
    assert.deepEqual([refused.code, refused.help], ["TSK_UNAVAILABLE", `npm install ${name}`]);
    assert.match(refused.message, /is not installed/);
  }
});
