import { didYouMean } from "../report/suggest.ts";
import { denial, isDenied } from "../syntax/denied.ts";
import type { Operator, Value } from "../syntax/tree.ts";
import { BoundCall, given } from "./bound-call.ts";
import { type Around, bindArguments, type OperatorRow, type Result } from "./row.ts";
import { elsewhere, operatorRow, operators } from "./table.ts";

/** Calls an operator by its row; each argument is evaluated at most once, when the operator asks for it. */
export function callOperator(called: Operator, around: Around): Result {
  const node = oldEnv(called, around) ?? called;
  const row = operatorRow(node.name) ?? pluginRow(node, around);
  if (row === undefined) return oldVariable(node, around) ?? unknown(node, around);
  if (row === "refused") return undefined;
  const bound = bindArguments(row, node);
  if (typeof bound === "string") return around.fail("TSK_ARGUMENTS", node, bound);
  return row.run(new BoundCall(node, bound, around));
}

/** `@env.NAME` of older dialects. */
function oldEnv(node: Operator, around: Around): Operator | undefined {
  const { name, args, start, end } = node;
  if (!around.place.source.compat || args !== undefined || !/^env\.(?!secure$)\w+$/.test(name))
    return undefined;
  const variable = name.slice(4);
  const fix = { start, end, text: `@env("${variable}")` };
  around.warn("TSK_OLD_ENV", node, `@${name} is written @env("${variable}")`, { fix });
  const value: Value = { kind: "text", value: variable, start, end };
  return { ...node, name: "env", args: [{ name: undefined, value, start, end }] };
}

/**
 * `@name` of older dialects: the variable of the file, else that of the environment. A name that is neither is missing, and in most
 * files an operator written wrong.
 */
function oldVariable(node: Operator, around: Around): Result {
  const { name, args, start, end } = node;
  if (!around.place.source.compat || args !== undefined || !/^[A-Za-z_]\w*$/.test(name)) return undefined;
  if (isDenied(name) || elsewhere(name) !== undefined || name === "include" || name === "import")
    return undefined;
  const warn = (text: string): void =>
    around.warn("TSK_OLD_REF", node, `@${name} is written ${text}`, { fix: { start, end, text } });
  if (around.knows(name)) {
    warn(`$${name}`);
    return around.variable(name, node);
  }
  const text = around.ports.env(name);
  if (text !== undefined) {
    warn(`@env("${name}")`);
    return given(text, name, node, around);
  }
  const absent = { code: "TSK_UNKNOWN_OPERATOR", ...unknownOperator(node, around) } as const;
  return { absent, node, healed: () => warn(`@env("${name}")`) };
}

/** What runs code or writes stays refused, whatever the host brings. */
function pluginRow(node: Operator, around: Around): OperatorRow | "refused" | undefined {
  const plugin = around.ports.operators?.find(({ name }) => name === node.name);
  if (plugin === undefined || isDenied(node.name)) return undefined;
  if (plugin.class !== "network" || around.ports.network === true) return plugin.row;
  const message = `@${node.name} asks the network, which this host does not permit`;
  around.fail("TSK_UNAVAILABLE", node, message, "a file cannot permit it; the host decides");
  return "refused";
}

function unknown(node: Operator, around: Around): undefined {
  const { name } = node;
  if (isDenied(name)) {
    const { message, help } = denial(name);
    return around.fail("TSK_DENIED_OPERATOR", node, message, help);
  }
  if (name === "include" || name === "import") {
    const help = `write key: @${name}("file.tsk")`;
    return around.fail(
      "TSK_ARGUMENTS",
      node,
      `@${name} is a line of its own or the whole value of a key`,
      help,
    );
  }
  const instead = elsewhere(name);
  if (instead !== undefined)
    return around.fail(
      "TSK_UNAVAILABLE",
      node,
      `@${name} asks the network, which no operator here does`,
      instead,
    );
  const { message, help } = unknownOperator(node, around);
  return around.fail("TSK_UNKNOWN_OPERATOR", node, message, help);
}

function unknownOperator(
  { name }: Operator,
  { ports }: Around,
): { readonly message: string; readonly help: string } {
  const names = [...Object.keys(operators), ...(ports.operators ?? []).map((one) => one.name)];
  const meant = name.startsWith("env.") ? `env("${name.slice(4)}")` : didYouMean(name, names);
  const message = `there is no operator @${name}`;
  const help =
    meant === undefined ? "a plugin of the host may bring it: defineOperator" : `did you mean @${meant}?`;
  return { message, help };
}
