import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { z } from "zod";
import { Secret } from "../../kernel/index.ts";
import { defineOperator, type LoadOptions, loadDocument } from "../index.ts";

const double = defineOperator({
  name: "double",
  parameters: ["value"],
  args: z.object({ value: z.number("value must be a number") }),
  class: "pure",
  run: ({ value }) => value * 2,
});
const fetchConfig = defineOperator({
  name: "remote.get",
  parameters: ["url"],
  args: z.object({ url: z.string() }),
  class: "network",
  run: ({ url }) => ({ from: url, list: [1, null] }),
});
const token = defineOperator({
  name: "token",
  parameters: [],
  args: z.object({}),
  class: "local",
  secret: true,
  run: () => "sk_1",
});
const failing = defineOperator({
  name: "failing",
  parameters: ["how"],
  args: z.object({ how: z.string() }),
  class: "pure",
  run: ({ how }) => {
    if (how === "throw") throw new Error("the disk is gone");
    return () => how;
  },
});
const echo = defineOperator({
  name: "echo",
  parameters: ["value"],
  args: z.object({ value: z.unknown() }),
  class: "pure",
  run: ({ value }) => (value instanceof Secret ? value.reveal() : value),
});

const load = (text: string, options: Partial<LoadOptions> = {}) => {
  const operators = [double, fetchConfig, token, failing, echo];
  const { document, diagnostics } = loadDocument({
    entry: "a.tsk",
    readFile: (path) => (path === "a.tsk" ? text : undefined),
    operators,
    ...options,
  });
  return { value: document.value, codes: diagnostics.map((one) => `${one.line} ${one.code}`), diagnostics };
};

test("an operator of a host is called with arguments its schema has read, named or not", () => {
  const { value, codes } = load("a: @double(21)\nb: @double(value=1) + 1");
  assert.deepEqual([value, codes], [{ a: 42, b: 3 }, []]);
});

test("arguments that do not fit the schema are reported with its sentence", () => {
  const { diagnostics, codes } = load('a: @double("x")\nb: @double(1, 2)\nc: @double()');
  assert.deepEqual(codes, ["1 TSK_ARGUMENTS", "2 TSK_ARGUMENTS", "3 TSK_ARGUMENTS"]);
  assert.match(diagnostics[0]!.message, /value must be a number/);
});

test("what asks the network runs only when the host permits it", () => {
  const text = 'a: @remote.get("http://x")';
  assert.deepEqual(load(text).codes, ["1 TSK_UNAVAILABLE"]);
  const permitted = load(text, { network: true });
  assert.deepEqual(permitted.value, { a: { from: "http://x", list: [1, null] } });
});

test("a secret given or taken stays one", () => {
  const { value } = load('a: @token()\nb: @echo(a)\nc: @echo("plain")', {});
  assert.equal(JSON.stringify(value), '{"a":"[secret]","b":"[secret]","c":"plain"}');
  assert.doesNotMatch(inspect(value, { depth: 9 }), /sk_1/);
});

test("an operator that throws, or gives what is no data, is reported where it is called", () => {
  const { codes, diagnostics } = load('a: @failing("throw")\nb: @failing("function")\nc: 1');
  assert.deepEqual(codes, ["1 TSK_PLUGIN", "2 TSK_PLUGIN"]);
  assert.match(diagnostics[0]!.message, /the disk is gone/);
});

test("operators of the language and refused ones cannot be replaced", () => {
  const shell = defineOperator({
    name: "shell",
    parameters: ["command"],
    args: z.object({ command: z.string() }),
    class: "local",
    run: () => "ran",
  });
  const env = defineOperator({ ...envLike, run: () => "mine" });
  const { value, codes } = load('a: @shell("ls")\nb: @env("X", "theirs")', { operators: [shell, env] });
  assert.deepEqual([value, codes], [{ b: "theirs" }, ["1 TSK_DENIED_OPERATOR"]]);
});

const envLike = {
  name: "env",
  parameters: ["name", "default"],
  args: z.object({ name: z.string() }),
  class: "pure",
} as const;
