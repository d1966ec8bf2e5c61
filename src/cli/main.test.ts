import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { main } from "./main.ts";

/** Runs a command line without a process. */
async function ran(
  argv: readonly string[],
  cwd: string = tmpdir(),
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string): void => void out.push(text),
    err: (text: string): void => void err.push(text),
    input: async () => new Uint8Array(),
    env: {},
    cwd,
    colour: false,
    errColour: false,
    width: 80,
  };
  return { code: await main(argv, io), out: out.join(""), err: err.join("") };
}

function folder(fleet: string) {
  const path = mkdtempSync(join(tmpdir(), "tusker-cli-"));
  writeFileSync(join(path, "tusker.tsk"), fleet);
  writeFileSync(join(path, "a.js"), "");
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

test("help is exit 0 when asked for, 2 when nothing was asked", async () => {
  assert.deepEqual(
    [(await ran(["help"])).code, (await ran(["--help"])).code, (await ran([])).code],
    [0, 0, 2],
  );
  const up = await ran(["up", "--help"]);
  assert.equal(up.code, 0);
  assert.match(up.out, /--free-ports/);
});

test("the version is the package's", async () => {
  assert.match((await ran(["--version"])).out, /^\d+\.\d+\.\d+\n$/);
});

test("an unknown command, option or a word too many is exit 2 and says what would be right", async () => {
  assert.match((await ran(["chekc"])).err, /did you mean "check"/);
  assert.match((await ran(["down"])).err, /did you mean "stop"/);
  assert.match((await ran(["fmt", "a.tsk"])).err, /did you mean "config fmt"/);
  const option = await ran(["check", "--jsno"]);
  assert.match(option.err, /there is no option --jsno; did you mean --json\?/);
  assert.match(option.err, /Usage: tusker check/);
  assert.match((await ran(["help", "check"])).out, /Usage: tusker check/);
  assert.equal((await ran(["help", "nope"])).code, 2);
  const words = await ran(["check", "a", "b"]);
  assert.equal(words.code, 2);
  assert.match(words.err, /"b" is one word too many/);
  const file = await ran(["config", "explain", "gateway.port", "shop.tsk"]);
  assert.match(file.err, /"shop.tsk" is one word too many; a file is named with --file/);
  const path = await ran(["config", "render", "shop.tsk"]);
  assert.deepEqual([path.code, /name it with --file/.test(path.err)], [2, true]);
});

test("check answers 0 or 1, as JSON when asked", async () => {
  using good = folder('[services]\na: { run: "node a.js" }\n');
  assert.deepEqual(await ran(["check"], good.path), {
    code: 0,
    out: `✓ ${join(good.path, "tusker.tsk")}: 1 service, 0 routes, 0 problems\n`,
    err: "",
  });
  using bad = folder('[services]\na: { run: "node b.js" }\n');
  const { code, out, err } = await ran(["check", "--json"], bad.path);
  assert.equal(code, 1);
  assert.equal((JSON.parse(out) as { errors: number }).errors, 1);
  assert.equal(
    (JSON.parse(err) as { diagnostics: { code: string }[] }).diagnostics[0]?.code,
    "FLEET_COMMAND_MISSING",
  );
});

test("config render gives the merged document or a part, config explain where a value comes from", async () => {
  using at = folder('[services]\na: { run: "node a.js" }\n[gateway]\ntimeout: "5s"\n');
  const whole = await ran(["config", "render", "--set", "gateway.port=1"], at.path);
  assert.deepEqual((JSON.parse(whole.out) as { gateway: unknown }).gateway, { timeout: "5s", port: 1 });
  assert.equal((await ran(["config", "render", "gateway.timeout"], at.path)).out, '"5s"\n');
  const explained = await ran(
    ["config", "explain", "gateway.timeout", "--set", "gateway.timeout=9s"],
    at.path,
  );
  assert.match(
    explained.out,
    /^gateway\.timeout = "9s"\n {2}wins +set .*\n {2}overridden +base .*tusker\.tsk:4:10 +"5s" +the layer set is above base\n$/,
  );
  assert.equal((await ran(["config", "explain", "gateway.nothing"], at.path)).code, 1);
  assert.equal((await ran(["config", "explain"], at.path)).code, 2);
  assert.equal((await ran(["config", "shred"], at.path)).code, 2);
});

test("commands that need a running fleet say that none runs", async () => {
  using at = folder('[services]\na: { run: "node a.js" }\n');
  for (const command of [["ps"], ["logs"], ["traces"], ["stop"], ["restart", "a"], ["call", "a", "/"]]) {
    const { code, err } = await ran(command, at.path);
    assert.equal(code, 1, command.join(" "));
    assert.match(err, /FLEET_NOT_RUNNING/);
  }
});

test("wrong use is JSON too where JSON was asked for", async () => {
  const { code, out, err } = await ran(["config", "render", "--nope", "--json"]);
  assert.deepEqual([code, out], [2, ""]);
  const problem: unknown = JSON.parse(err);
  assert.ok(
    typeof problem === "object" && problem !== null && "code" in problem && problem.code === "CLI_USAGE",
  );
});

test("a command that there is not is told as JSON, too", async () => {
  for (const argv of [
    ["chekc", "--json"],
    ["config", "rendr", "--json"],
  ]) {
    const { code, out, err } = await ran(argv);
    assert.deepEqual([code, out, JSON.parse(err).code], [2, "", "CLI_USAGE"]);
  }
});

test("a failure as JSON is a problem document", async () => {
  const { code, err } = await ran(["up", "/nowhere.tsk", "--json"]);
  assert.equal(code, 1);
  assert.equal((JSON.parse(err) as { code: string }).code, "FLEET_FILE_MISSING");
});
