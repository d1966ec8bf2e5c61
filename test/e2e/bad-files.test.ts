import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { shopFile, tusker } from "../support/fleet.ts";

/** A folder with these files, gone afterwards. */
function folder(
  files: Readonly<Record<string, string>>,
): { readonly path: string; readonly file: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "tusker-bad-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return { path, file: join(path, "tusker.tsk"), [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly line: number;
  readonly column: number;
  readonly help?: string;
}

async function problemsOf(
  file: string,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly problems: readonly Problem[]; readonly stderr: string }> {
  const { code, stderr } = await tusker(["up", file, "--json", "--free-ports", ...args]);
  const first: unknown = JSON.parse(stderr.split("\n")[0] ?? "null");
  const problems =
    typeof first === "object" && first !== null && "diagnostics" in first
      ? (first.diagnostics as Problem[])
      : [];
  return { code, problems, stderr };
}

const service = (name: string, more = ""): string =>
  `${name}: { run: "node a.js"${more === "" ? "" : `, ${more}`} }\n`;

test("a missing file is one sentence and exit 1", async () => {
  const { code, stderr } = await tusker(["up", "/nowhere/tusker.tsk"]);
  assert.equal(code, 1);
  assert.match(stderr, /there is no fleet file .*tusker init.*FLEET_FILE_MISSING/);
  assert.equal(stderr.trim().split("\n").length, 1);
});

test("what cannot be read hides nothing else: a broken line, an unknown key and a route to nobody are three problems", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\n${service("users", "port 8081")}${service("orders")}\n[gateway]\ntimout: "30s"\n\n[routes]\n"/users/*": { service: "users" }\n"/orders/*": { service: "nobody" }\n`,
  });
  const { code, stderr } = await tusker(["check", at.file, "--json"]);
  assert.equal(code, 1);
  const { diagnostics }: { readonly diagnostics: readonly Problem[] } = JSON.parse(stderr);
  assert.deepEqual(
    diagnostics.map((one) => `${one.line}:${one.column} ${one.code}`),
    ["2:28 TSK_EXPECTED", "6:1 FLEET_UNKNOWN_KEY", "10:25 FLEET_UNKNOWN_SERVICE"],
  );
});

test("all problems of a file come at once, each with its place, a code frame and a suggestion", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\n${service("user-service")}\n[gateway]\nport: "eighty"\ntimout: "30s"\n\n[routes]\n"/api/users/*": { service: "user-servce", method: "GET" }\n"/api/x": { method: "GET" }\n`,
  });
  const { code, problems } = await problemsOf(at.file);
  assert.equal(code, 1);
  const seen = problems.map(({ code: what, line, column }) => `${line}:${column} ${what}`).sort();
  assert.deepEqual(
    seen,
    [
      "10:1 FLEET_REQUIRED",
      "5:7 FLEET_INVALID",
      "6:1 FLEET_UNKNOWN_KEY",
      "9:28 FLEET_UNKNOWN_SERVICE",
    ].sort(),
  );
  const helps = problems.map(({ help }) => help ?? "").join("\n");
  assert.match(helps, /did you mean "timeout"/);
  assert.match(helps, /did you mean "user-service"/);

  const { stderr } = await tusker(["up", at.file, "--free-ports"]);
  assert.match(
    stderr,
    /tusker\.tsk:5:7 error FLEET_INVALID gateway\.port must be a whole number 0–65535, found text "eighty"/,
  );
  assert.match(stderr, /5 \| port: "eighty"\n.*\^{8}/);
  assert.match(stderr, /4 problems; nothing was started/);
});

test("a cycle of dependencies is named as the path that closes it", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\n${service("a", 'dependencies: ["b"]')}${service("b", 'dependencies: ["c"]')}${service("c", 'dependencies: ["a"]')}`,
  });
  const { code, problems } = await problemsOf(at.file);
  assert.equal(code, 1);
  assert.deepEqual(
    problems.map((one) => one.code),
    ["FLEET_CYCLE"],
  );
  assert.match(problems[0]?.message ?? "", /a → b → c → a/);
});

test("a command, a script or a service that is not there is known before anything starts", async () => {
  using at = folder({
    "tusker.tsk": `[services]\na: { run: "node nowhere.ts" }\nb: { run: "no-such-program --x" }\nc: { version: "1.0.0" }\nd: { run: "node -v", dependencies: ["missing-service"] }\n`,
  });
  const { code, problems } = await problemsOf(at.file);
  assert.equal(code, 1);
  assert.deepEqual(
    problems.map((one) => `${one.line} ${one.code}`),
    ["2 FLEET_COMMAND_MISSING", "3 FLEET_COMMAND_MISSING", "4 FLEET_REQUIRED", "5 FLEET_UNKNOWN_SERVICE"],
  );
});

test("required configuration without a value points at the config block", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\na: {\n  run: "node a.js"\n  config: { server: { port: 1 } }\n  required: ["server.port", "database.host"]\n}\n`,
  });
  const { problems } = await problemsOf(at.file);
  assert.deepEqual(
    problems.map((one) => `${one.line} ${one.code} ${one.message}`),
    ["4 FLEET_REQUIRED a requires config.database.host, which has no value"],
  );
});

test("a missing variable of the environment is an error where it is used, unless it has a default", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { key: @env("TUSKER_TEST_NOT_SET"), other: @env("TUSKER_TEST_NOT_SET", "x") } }\n`,
  });
  const { code, problems } = await problemsOf(at.file);
  assert.equal(code, 1);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.line, 2);
  assert.match(problems[0]?.message ?? "", /TUSKER_TEST_NOT_SET/);
});

test("two services on one port are told, with both places", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\n${service("a", "port: 8081")}${service("b", "port: 8081")}`,
  });
  const { code, stderr } = await tusker(["check", at.file, "--json"]);
  assert.equal(code, 1);
  assert.match(stderr, /FLEET_PORT_CONFLICT/);
  assert.match(stderr, /services\.a\.port/);
});

test("a taken port is one sentence that names the port and its key, exit 1, and nothing was started", async () => {
  const holder = createServer();
  holder.listen(0, "127.0.0.1");
  await once(holder, "listening");
  const address = holder.address();
  assert.ok(typeof address === "object" && address !== null);
  using at = folder({
    "a.js": `require("node:fs").writeFileSync("started", "")`,
    "tusker.tsk": `[services]\n${service("a")}`,
  });
  const { code, stderr, stdout } = await tusker([
    "up",
    at.file,
    "--set",
    `gateway.port=${address.port}`,
    "--set",
    "control.port=0",
    "--set",
    "grpc.port=0",
  ]);
  holder.close();
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`port ${address.port} \\(gateway\\.port\\) is taken.*NET_PORT_TAKEN`));
  assert.doesNotMatch(stdout, /ready/);
});

test("an overlay asked for by name must exist", async () => {
  const { code, stderr } = await tusker(["check", shopFile, "--env", "productoin"]);
  assert.equal(code, 1);
  assert.match(stderr, /productoin/);
});

test("a secret never shows, neither in what is rendered nor in a code frame of another problem", async () => {
  using at = folder({
    "a.js": "",
    "tusker.tsk": `[services]\na: { run: "node a.js", config: { key: @env.secure("TUSKER_TEST_KEY", "fallback-secret") }, prot: 1 }\n`,
  });
  const env = { TUSKER_TEST_KEY: "sk_live_abc" };
  const rendered = await tusker(["config", "render", "--file", at.file], undefined, env);
  const checked = await tusker(["check", at.file], undefined, env);
  const explained = await tusker(
    ["config", "explain", "services.a.config.key", "--file", at.file],
    undefined,
    env,
  );
  for (const { stdout, stderr } of [rendered, checked, explained]) {
    assert.doesNotMatch(stdout + stderr, /sk_live_abc|fallback-secret/);
  }
  assert.match(rendered.stdout, /\[secret\]/);
  assert.match(checked.stderr, /did you mean "port"/);
});

test("wrong use of the command line is exit 2 with the right use", async () => {
  const unknown = await tusker(["upp"]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /did you mean "up"/);
  const option = await tusker(["up", "--forse"]);
  assert.equal(option.code, 2);
  assert.match(option.stderr, /--free-ports/);
  const words = await tusker(["ps", "all", "of", "it"]);
  assert.equal(words.code, 2);
  assert.equal((await tusker(["help"])).code, 0);
});
