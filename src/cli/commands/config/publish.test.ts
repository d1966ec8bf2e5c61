import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, systemRandom } from "../../../kernel/index.ts";
import { startRegistry } from "../../../registry/index.ts";
import type { Io } from "../../command.ts";
import { main } from "../../main.ts";

async function bench() {
  const log = { info: () => undefined, error: () => undefined };
  const registry = await startRegistry({ port: 0, clock: systemClock, random: systemRandom, log });
  const folder = mkdtempSync(join(tmpdir(), "tusker-publish-"));
  return {
    folder,
    registry,
    async tusker(...args: string[]) {
      const out: string[] = [];
      const err: string[] = [];
      const io: Io = {
        out: (text) => void out.push(text),
        err: (text) => void err.push(text),
        input: async () => new Uint8Array(),
        env: { USER: "ada" },
        cwd: folder,
        colour: false,
        errColour: false,
        width: 80,
      };
      const code = await main(["config", ...args, "--registry", registry.url], io);
      return { code, out: out.join(""), err: err.join(""), json: () => JSON.parse(out.join("")) };
    },
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test("what is published is listed with author and reason, and taken back", async () => {
  await using t = await bench();
  const first = await t.tusker(
    "publish",
    "pool=5",
    "name=users",
    "--service",
    "users",
    "--reason",
    "start",
    "--json",
  );
  assert.equal(first.code, 0, first.err);
  const { version, written } = first.json();
  assert.deepEqual(written, ["config/users/name", "config/users/pool"]);
  await t.tusker(
    "publish",
    "pool=50",
    "--delete",
    "name",
    "--service",
    "users",
    "--author",
    "bob",
    "--reason",
    "more",
  );
  const history = await t.tusker("history", "pool", "--service", "users", "--json");
  assert.deepEqual(
    history
      .json()
      .map((row: { author: string; reason: string; value: string }) => [row.author, row.reason, row.value]),
    [
      ["bob", "more", "50"],
      ["ada", "start", "5"],
    ],
  );
  const dry = await t.tusker(
    "rollback",
    "--service",
    "users",
    "--to",
    version,
    "--reason",
    "broke",
    "--dry-run",
  );
  assert.deepEqual([dry.code, dry.out], [0, "would change:\n  + config/users/name\n  + config/users/pool\n"]);
  const back = await t.tusker(
    "rollback",
    "--service",
    "users",
    "--to",
    version,
    "--reason",
    "broke",
    "--json",
  );
  assert.deepEqual([back.code, back.json().written], [0, ["config/users/name", "config/users/pool"]]);
  const notes = await t.tusker("history", "--prefix", "config/");
  assert.match(notes.out, /ada {2}broke\n {4}config\/users\/name\n {4}config\/users\/pool\n.*bob {2}more/s);
});

test("a file of JSON becomes keys, and what a schema refuses changes nothing", async () => {
  await using t = await bench();
  writeFileSync(join(t.folder, "c.json"), JSON.stringify({ db: { host: "a", ports: [1, 2] }, on: true }));
  const schema = '{"type":"object","properties":{"on":{"type":"boolean"}}}';
  await t.tusker("publish", `tusker/schema/c/=${schema}`, "--reason", "r");
  const fine = await t.tusker("publish", "--from", "c.json", "--prefix", "c/", "--reason", "r", "--json");
  assert.deepEqual(fine.json().written, ["c/db/host", "c/db/ports", "c/on"]);
  const refused = await t.tusker("publish", "on=perhaps", "--prefix", "c/", "--reason", "r");
  assert.equal(refused.code, 1);
  assert.match(refused.out, /schema refuses it:\n {2}c\/on: /);
  const history = await t.tusker("history", "c/on", "--json");
  assert.equal(history.json().length, 1);
});

test("what a schema refuses is told with the line of the file it stands on", async () => {
  await using t = await bench();
  const size = '{"type":"integer","maximum":10}';
  const pool = `{"type":"object","required":["host"],"properties":{"size":${size}}}`;
  const schema = `{"type":"object","properties":{"pool":${pool}}}`;
  await t.tusker("publish", `tusker/schema/c/=${schema}`, "--reason", "r");
  writeFileSync(join(t.folder, "values.json"), '{\n  "pool": {\n    "size": 50\n  }\n}\n');
  const refused = await t.tusker("publish", "--from", "values.json", "--prefix", "c/", "--reason", "r");
  assert.equal(refused.code, 1);
  assert.match(refused.out, /^ {2}c\/pool\/size \(values\.json:3\): Too big/m);
  assert.equal(
    (await t.tusker("publish", "pool/size=50", "--prefix", "c/", "--reason", "r")).out.includes("(values"),
    false,
  );
  assert.equal((await t.tusker("history", "pool/size", "--prefix", "c/")).code, 1, "nothing was written");
});

test("wrong use is told before anything is asked", async () => {
  await using t = await bench();
  const wrong: [string[], RegExp][] = [
    [["publish", "a=1"], /--reason/],
    [["publish", "a", "--reason", "r"], /no KEY=VALUE/],
    [["publish", "--reason", "r"], /publish needs/],
    [["publish", "--from", "nowhere.json", "--reason", "r"], /nowhere\.json cannot be read/],
    [["publish", "a=1", "--service", "a", "--prefix", "b", "--reason", "r"], /give one of them/],
    [["rollback", "a", "--reason", "r"], /--to VERSION/],
    [["rollback", "--to", "5", "--reason", "r"], /a key, --prefix or --service/],
    [["history", "a", "--limit", "none"], /--limit/],
  ];
  for (const [args, words] of wrong) {
    const { code, err } = await t.tusker(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, words);
  }
});

test("nothing known is exit 1, and so is a key that never was", async () => {
  await using t = await bench();
  assert.equal((await t.tusker("history", "nobody")).code, 1);
  assert.equal((await t.tusker("history", "--prefix", "nothing/")).code, 1);
  const back = await t.tusker("rollback", "nobody", "--to", "5", "--reason", "r");
  assert.deepEqual([back.code, back.out.includes("is not known")], [1, true]);
});
