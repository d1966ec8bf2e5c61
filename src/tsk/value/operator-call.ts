import type { TskCode } from "../codes.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Span } from "../source.ts";
import type { Operator, Value } from "../syntax/tree.ts";
import { bindArguments, denied, operators, type Result } from "./operators.ts";

/** What calling an operator needs of the evaluation around it. */
export interface Around {
  readonly evaluate: (value: Value) => Result;
  readonly fail: (code: TskCode, at: Span, message: string, help?: string) => undefined;
  readonly env: (name: string) => string | undefined;
}

/** Calls an operator by its row; each argument is evaluated at most once, when the operator asks for it. */
export function callOperator(node: Operator, around: Around): Result {
  const { name } = node;
  const row = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (row === undefined) return unknown(node, around);
  const bound = bindArguments(row, node);
  if (typeof bound === "string") return around.fail("TSK_ARGUMENTS", node, bound);
  const results = new Map<string, Result>();
  return row.run({
    node,
    argument(parameter) {
      const argument = bound.get(parameter);
      if (argument === undefined) return undefined;
      if (!results.has(parameter)) results.set(parameter, around.evaluate(argument.value));
      return results.get(parameter);
    },
    has: (parameter) => bound.has(parameter),
    env: around.env,
    fail: (code, message, help) => around.fail(code, node, message, help),
    give: (data, variable) => ({ data, places: [], ...(variable === undefined ? {} : { variable }) }),
  });
}

function unknown(node: Operator, around: Around): undefined {
  const { name } = node;
  const [head = ""] = name.split(".");
  if (denied.has(head) || name.endsWith(".tsk.set") || /^file\.(?:write|append|delete)$/.test(name))
    return around.fail(
      "TSK_DENIED_OPERATOR",
      node,
      `@${name} is refused: reading a file never runs or writes anything`,
    );
  const meant = head === "env" ? `env("${name.slice(4)}")` : didYouMean(name, Object.keys(operators));
  const help = meant === undefined ? undefined : `did you mean @${meant}?`;
  return around.fail("TSK_UNKNOWN_OPERATOR", node, `there is no operator @${name}`, help);
}
