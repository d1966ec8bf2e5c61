import { messageOf, Secret } from "../../kernel/index.ts";
import { toPlain } from "../value/data.ts";
import { fromPlain } from "./convert.ts";
import type { OperatorCall, OperatorPlugin, OperatorRow, Result } from "./row.ts";

/** What a schema must be able to do: Standard Schema version 1, https://standardschema.dev. */
export interface ArgumentSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** An operator of a host. */
export interface OperatorDefinition<Args> {
  /** Its name without `@`; names of the language stay with the language. */
  readonly name: string;
  /** Names of the arguments in order. */
  readonly parameters: readonly string[];
  /** Reads an object of the arguments that were given, by name. It must answer at once. */
  readonly args: ArgumentSchema<Args>;
  /** `pure` and `local` always run, `network` only when the host permits it. */
  readonly class: "pure" | "local" | "network";
  /** True when the text it gives is a secret. */
  readonly secret?: boolean;
  /** Gives plain data: text, numbers, booleans, null, arrays, objects, secrets. Throws with a sentence. */
  readonly run: (args: Args) => unknown;
}

/**
 * Defines an operator for `loadDocument({ operators })`.
 *
 * @example
 * const double = defineOperator({
 *   name: "double",
 *   parameters: ["value"],
 *   args: z.object({ value: z.number() }),
 *   class: "pure",
 *   run: ({ value }) => value * 2,
 * });
 */
export function defineOperator<Args>(definition: OperatorDefinition<Args>): OperatorPlugin {
  const { name, parameters } = definition;
  const row: OperatorRow = {
    parameters,
    required: 0,
    ...(definition.secret === true ? { secret: true } : {}),
    run: (call) => run(definition, call),
  };
  return { name, class: definition.class, row };
}

function run<Args>(definition: OperatorDefinition<Args>, call: OperatorCall): Result {
  const given: Record<string, unknown> = {};
  let secret = definition.secret === true;
  for (const name of definition.parameters) {
    if (!call.has(name)) continue;
    const value = call.argument(name);
    if (value === undefined || "absent" in value) return value;
    if (value.data instanceof Secret) secret = true;
    given[name] = toPlain(value.data);
  }
  try {
    const read = definition.args["~standard"].validate(given);
    if (read instanceof Promise)
      return call.fail("TSK_PLUGIN", `@${call.node.name} reads its arguments too slowly`);
    if (read.issues !== undefined)
      return call.fail(
        "TSK_ARGUMENTS",
        `@${call.node.name}: ${read.issues[0]?.message ?? "wrong arguments"}`,
      );
    return result(definition.run(read.value), secret, call);
  } catch (error) {
    return call.fail("TSK_PLUGIN", `@${call.node.name} failed: ${messageOf(error)}`);
  }
}

function result(plain: unknown, secret: boolean, call: OperatorCall): Result {
  const value = fromPlain(plain, [call.place]);
  if (value === undefined)
    return call.fail("TSK_PLUGIN", `@${call.node.name} gave what the language has no value for`);
  return call.give(secret && typeof value.data === "string" ? new Secret(value.data) : value.data);
}
