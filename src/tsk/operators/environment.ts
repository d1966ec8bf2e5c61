import { Secret } from "../../kernel/index.ts";
import { type Data, typeName } from "../value/data.ts";
import { readScalar } from "../value/scalar.ts";
import { withPlainText } from "./argument.ts";
import type { Absent, OperatorCall, Result } from "./row.ts";

/**
 * The text of a variable, or the default. With `type` either is read as that type; else beside a default that is no text
 * the variable is read as the default's type, and without one a schema may still convert it. An empty variable is set.
 */
export function env(call: OperatorCall): Result {
  const name = variableName(call);
  if (name === undefined) return undefined;
  if (call.has("type")) return typed(call, name);
  const text = call.ports.env(name);
  if (text === undefined) return call.has("default") ? withVariable(call, name) : missing(call, name);
  const fallback = call.has("default") ? call.argument("default") : undefined;
  const type = fallback !== undefined && "data" in fallback ? typeName(fallback.data) : "text";
  if (type === "text" || type === "null" || type === "service") return call.give(text, name);
  if (type === "secret") return call.give(new Secret(text));
  const read = type === "boolean" ? readBoolean(text) : readScalar(text);
  if (read !== undefined && typeName(read) === type) return call.give(read);
  return call.fail("TSK_ENV_TYPE", `the environment variable ${name} is no ${type}, as its default is`);
}

function withVariable(call: OperatorCall, name: string): Result {
  const fallback = call.argument("default");
  if (fallback === undefined || "absent" in fallback) return fallback;
  return typeof fallback.data === "string" ? call.give(fallback.data, name) : fallback;
}

/** `@env("PORT", type="int")`: the variable, or else the default, read as a type. */
function typed(call: OperatorCall, name: string): Result {
  return withPlainText(call, "type", (type) => {
    const expected = Object.hasOwn(envTypes, type) ? envTypes[type] : undefined;
    if (expected === undefined) {
      const help = `types of a variable: ${Object.keys(envTypes).join(", ")}`;
      return call.fail("TSK_ARGUMENTS", `@env knows no type ${JSON.stringify(type)}`, help);
    }
    const text = call.ports.env(name);
    if (text !== undefined) {
      const read = expected.read(text);
      if (read !== undefined) return call.give(read);
      return call.fail("TSK_ENV_TYPE", `the environment variable ${name} is no ${expected.word}`);
    }
    if (!call.has("default")) return missing(call, name);
    const fallback = call.argument("default");
    if (fallback === undefined || "absent" in fallback || fallback.data === null) return fallback;
    const { data } = fallback;
    const read = typeof data === "string" ? expected.read(data) : expected.fits(data) ? data : undefined;
    if (read !== undefined) return call.give(read);
    return call.fail("TSK_ARGUMENTS", `the default of ${name} is no ${expected.word}, as its type says`);
  });
}

interface EnvType {
  /** As messages call it. */
  readonly word: string;
  readonly fits: (data: Data) => boolean;
  readonly read: (text: string) => Data | undefined;
}

/** The words are those of the operators that convert. */
const envTypes: Readonly<Record<string, EnvType>> = {
  string: { word: "text", fits: (data) => typeof data === "string", read: (text) => text },
  int: literalType("whole number", (data) => Number.isSafeInteger(data)),
  float: literalType("number", (data) => typeof data === "number"),
  bool: { word: "boolean", fits: (data) => typeof data === "boolean", read: readBoolean },
  duration: literalType("duration", (data) => typeName(data) === "duration"),
  size: literalType("size", (data) => typeName(data) === "size"),
};

/** `true`, `false`, and what shells write for them: 1 and 0. */
function readBoolean(text: string): boolean | undefined {
  const read = readScalar(text.trim());
  if (read === 1 || read === 0) return read === 1;
  return typeof read === "boolean" ? read : undefined;
}

function literalType(word: string, fits: (data: Data) => boolean): EnvType {
  const read = (text: string): Data | undefined => {
    const value = readScalar(text.trim());
    return value !== undefined && fits(value) ? value : undefined;
  };
  return { word, fits, read };
}

/** As `env`; what it gives is a secret. */
export function secureEnv(call: OperatorCall): Result {
  const name = variableName(call);
  if (name === undefined) return undefined;
  const text = call.ports.env(name);
  if (text !== undefined) return call.give(new Secret(text));
  if (!call.has("default")) return missing(call, name);
  const fallback = call.argument("default");
  if (fallback === undefined || "absent" in fallback) return fallback;
  if (fallback.data === null || fallback.data instanceof Secret) return fallback;
  if (typeof fallback.data === "string") return call.give(new Secret(fallback.data));
  return call.fail(
    "TSK_ARGUMENTS",
    `the default of @env.secure must be text, found ${typeName(fallback.data)}`,
  );
}

function variableName(call: OperatorCall): string | undefined {
  const name = call.argument("name");
  if (name === undefined) return undefined;
  if ("data" in name && typeof name.data === "string" && name.data !== "") return name.data;
  return call.fail("TSK_ARGUMENTS", `@${call.node.name} needs the name of a variable as text`);
}

function missing(call: OperatorCall, name: string): Absent {
  const message = `the environment variable ${name} is not set and has no default`;
  const help = `set ${name}, or write @${call.node.name}("${name}", default)`;
  return { absent: { code: "TSK_ENV_MISSING", message, help }, node: call.node };
}
