import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { commandFolder } from "../../test/support/command-line.ts";

const tsk = pathToFileURL(join(import.meta.dirname, "../tsk/index.ts")).href;

const plugin = `
import { defineOperator } from "${tsk}";
const anything = { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } } as const;
export const double = defineOperator({
  name: "double", parameters: ["value"], args: anything, class: "pure", run: (args: any) => args.value * 2,
});
export const lists = [
  defineOperator({ name: "remote", parameters: [], args: anything, class: "network", run: () => "asked" }),
];
export const vault = { scheme: "vault", class: "network", read: (name: string) => "the secret of " + name };
export const other = 5;
`;

const files = {
  "a.js": "",
  "plugin.ts": plugin,
  "none.ts": "export const a = 1;",
  "any.tsk": '#!tusker 1\na: @double(21)\nb: @secret("vault:kv/app", ttl=5m)\nc: @remote()\n',
  "tusker.tsk":
    '#!tusker 1\nservices.a: { run: "node a.js", config: { n: @double(2), key: @secret("vault:k") } }\n',
};

test("a plugin's operators and secrets are there when the command line brings them, and ask a network when it says so", async () => {
  using at = commandFolder(files);
  const raw = ["config", "render", "--raw", "any.tsk", "--json"];
  const all = await at.run(...raw, "--plugin", "plugin.ts", "--allow-network");
  assert.deepEqual(JSON.parse(all.out), { a: 42, b: "[secret]", c: "asked" });
  const codes = async (...more: readonly string[]): Promise<readonly string[]> => {
    const { err } = await at.run(...raw, ...more);
    return (JSON.parse(err) as { diagnostics: { line: number; code: string }[] }).diagnostics.map(
      (one) => `${one.line} ${one.code}`,
    );
  };
  assert.deepEqual(await codes("--plugin", "plugin.ts"), ["3 TSK_UNAVAILABLE", "4 TSK_UNAVAILABLE"]);
  assert.deepEqual(await codes(), ["2 TSK_UNKNOWN_OPERATOR", "3 TSK_UNAVAILABLE", "4 TSK_UNKNOWN_OPERATOR"]);
});

test("a fleet is read with plugins too", async () => {
  using at = commandFolder(files);
  const host = ["--plugin", "plugin.ts", "--allow-network"];
  assert.equal((await at.run("check", ...host)).code, 0);
  const { out } = await at.run("config", "explain", "services.a.config.n", "--json", ...host);
  assert.equal((JSON.parse(out) as { value: unknown }).value, 4);
  assert.equal((await at.run("check")).code, 1);
});

test("a plugin that is none is wrong use", async () => {
  using at = commandFolder(files);
  for (const file of ["none.ts", "missing.ts"]) {
    const { code, err } = await at.run("check", "--plugin", file);
    assert.equal(code, 2);
    assert.match(err, new RegExp(`--plugin ${file} (?:exports neither|cannot be loaded)`));
  }
});
