import { typeName } from "../value/data.ts";
import { cast, toList, toMap, toText } from "./convert.ts";
import { env, secureEnv } from "./environment.ts";
import { dataFile, file, fileBase64, getFromFile, reference } from "./files.ts";
import { address, cache, date, fact, now, pretended } from "./host.ts";
import { concat, edit, joined, keys, length, merge, range, split, values } from "./lists.ts";
import { clamp, extreme, rounded } from "./numbers.ts";
import type { OperatorCall, OperatorRow, Result } from "./row.ts";
import { encrypted, secret } from "./secrets.ts";
import { service } from "./service.ts";
import { changed, decodeBase64, encodeBase64, hash, replace } from "./texts.ts";

/** Every operator of the language. */
export const operators: Readonly<Record<string, OperatorRow>> = {
  env: { parameters: ["name", "default", "type"], required: 1, run: env },
  "env.secure": { parameters: ["name", "default"], required: 1, secret: true, run: secureEnv },
  secret: { parameters: ["from", "ttl"], required: 1, secret: true, run: secret },
  encrypted: { parameters: ["sealed"], required: 1, secret: true, run: encrypted },

  if: { parameters: ["condition", "then", "otherwise"], required: 3, run: choose },
  ref: { parameters: ["path", "default"], required: 1, run: (call) => reference(call) },
  service: { parameters: ["name", "port", "tag"], required: 1, run: service },
  cache: { parameters: ["ttl", "value"], required: 2, run: cache },
  learn: { parameters: ["name", "value"], required: 2, run: pretended },
  optimize: { parameters: ["name", "value"], required: 2, run: pretended },

  int: { parameters: ["value"], required: 1, run: (call) => cast(call, "number", Number.isSafeInteger) },
  float: { parameters: ["value"], required: 1, run: (call) => cast(call, "number", Number.isFinite) },
  bool: { parameters: ["value"], required: 1, run: (call) => cast(call, "boolean") },
  duration: { parameters: ["value"], required: 1, run: (call) => cast(call, "duration") },
  size: { parameters: ["value"], required: 1, run: (call) => cast(call, "size") },
  string: { parameters: ["value"], required: 1, run: toText },
  array: { parameters: ["value"], required: 1, run: toList },
  object: { parameters: ["value"], required: 1, run: toMap },

  append: { parameters: ["list", "items"], required: 1, run: (call) => edit(call, "append") },
  prepend: { parameters: ["list", "items"], required: 1, run: (call) => edit(call, "prepend") },
  remove: { parameters: ["list", "items"], required: 1, run: (call) => edit(call, "remove") },
  concat: { parameters: ["first"], required: 1, variadic: true, run: concat },
  join: { parameters: ["list", "separator"], required: 1, run: joined },
  split: { parameters: ["text", "separator"], required: 2, run: split },
  len: { parameters: ["value"], required: 1, run: length },
  range: { parameters: ["from", "to", "step"], required: 2, run: range },
  keys: { parameters: ["map"], required: 1, run: keys },
  values: { parameters: ["map"], required: 1, run: values },
  merge: { parameters: ["first"], required: 1, variadic: true, run: merge },

  lower: { parameters: ["text"], required: 1, run: (call) => changed(call, (text) => text.toLowerCase()) },
  upper: { parameters: ["text"], required: 1, run: (call) => changed(call, (text) => text.toUpperCase()) },
  trim: { parameters: ["text"], required: 1, run: (call) => changed(call, (text) => text.trim()) },
  replace: { parameters: ["text", "old", "new"], required: 3, run: replace },
  "base64.encode": { parameters: ["text"], required: 1, run: encodeBase64 },
  "base64.decode": { parameters: ["text"], required: 1, run: decodeBase64 },
  hash: { parameters: ["algorithm", "text"], required: 2, run: hash },

  min: { parameters: ["first"], required: 1, variadic: true, run: (call) => extreme(call, "<") },
  max: { parameters: ["first"], required: 1, variadic: true, run: (call) => extreme(call, ">") },
  clamp: { parameters: ["value", "least", "most"], required: 3, run: clamp },
  round: { parameters: ["value", "digits"], required: 1, run: (call) => rounded(call, Math.round) },
  floor: { parameters: ["value", "digits"], required: 1, run: (call) => rounded(call, Math.floor) },
  ceil: { parameters: ["value", "digits"], required: 1, run: (call) => rounded(call, Math.ceil) },

  file: { parameters: ["path"], required: 1, run: file },
  "file.base64": { parameters: ["path"], required: 1, run: fileBase64 },
  json: { parameters: ["path"], required: 1, run: (call) => dataFile(call, "JSON") },
  yaml: { parameters: ["path"], required: 1, run: (call) => dataFile(call, "YAML") },
  toml: { parameters: ["path"], required: 1, run: (call) => dataFile(call, "TOML") },

  date: { parameters: ["format"], required: 1, run: date },
  "date.now": { parameters: [], required: 0, run: now },
  "host.name": { parameters: [], required: 0, run: (call) => fact(call, ({ name }) => name) },
  "host.ip": { parameters: ["interface"], required: 0, run: address },
  "host.cpus": { parameters: [], required: 0, run: (call) => fact(call, ({ cpus }) => cpus) },
  "app.version": {
    parameters: [],
    required: 0,
    run: (call) =>
      fact(
        call,
        ({ version }) => version,
        () => "set APP_VERSION, or start it with npm",
      ),
  },
};

/** Longer names that other dialects know. */
const aliases: Readonly<Record<string, string>> = {
  "file.read": "file",
  "object.merge": "merge",
  "object.keys": "keys",
  "object.values": "values",
  ...family("string", ["lower", "upper", "trim", "replace", "split", "concat", "len"]),
  ...family("array", ["append", "prepend", "remove", "concat", "join", "len", "range"]),
  ...family("math", ["min", "max", "round", "floor", "ceil", "clamp"]),
};

function family(head: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [`${head}.${name}`, name]));
}

const fileGet: OperatorRow = { parameters: ["path", "default"], required: 1, run: getFromFile };

/** The row of an operator by any of its names; undefined when there is none. */
export function operatorRow(name: string): OperatorRow | undefined {
  const known = Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
  if (Object.hasOwn(operators, known)) return operators[known];
  return name.endsWith(".tsk.get") ? fileGet : undefined;
}

/** Operators of other dialects that ask a network, and what to do in their place. */
export function elsewhere(name: string): string | undefined {
  const [head = ""] = name.split(".");
  return asking.has(head) ? (head === "vault" ? 'write @secret("vault:…")' : plugins) : undefined;
}

const plugins = "a plugin of the host may bring it: defineOperator, class network";

const asking: ReadonlySet<string> = new Set(
  "http query db redis mongodb graphql grpc kafka nats amqp consul etcd vault kubernetes aws".split(" "),
);

function choose(call: OperatorCall): Result {
  const condition = call.argument("condition");
  if (condition === undefined || "absent" in condition) return condition;
  if (typeof condition.data === "boolean") return call.argument(condition.data ? "then" : "otherwise");
  return call.fail(
    "TSK_TYPE",
    `the condition of @if must be true or false, found ${typeName(condition.data)}`,
  );
}
