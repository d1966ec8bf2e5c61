import { TuskerError } from "../kernel/index.ts";

/**
 * Anything that implements Standard Schema 1.0 (https://standardschema.dev) and says itself as JSON Schema:
 * zod 4.2 or later, ArkType, Valibot with its JSON Schema adapter.
 */
export interface Schema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
      readonly output: (options: { readonly target: "draft-2020-12" }) => Record<string, unknown>;
    };
  };
}

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type a schema accepts. */
export type InputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["input"];
/** The type a schema gives after parsing. */
export type OutputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["output"];

/** The part of JSON Schema 2020-12 that rooms read; unknown keywords are left alone. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly prefixItems?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly format?: string;
  readonly description?: string;
}

/** One thing wrong with a value, named by where it is: `items.0.quantity`. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * JSON Schema of one side of a schema.
 *
 * @throws TuskerError RPC_CONTRACT when the schema cannot say itself as JSON Schema (a transform, a function, a Date)
 */
export function jsonSchemaOf(schema: Schema, side: "input" | "output", where: string): JsonSchema {
  const write = schema["~standard"]?.jsonSchema?.[side];
  if (write === undefined) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${where} is no schema that can be written as JSON Schema; use zod 4.2 or later, or another Standard JSON Schema library`,
    );
  }
  try {
    return write({ target: "draft-2020-12" });
  } catch (cause) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${where} cannot be sent over a wire: ${cause instanceof Error ? cause.message : String(cause)}; use plain JSON types`,
      { cause },
    );
  }
}

/** Follows `$ref` within the document `root`; JSON Schema 2020-12 §8.2.3. */
export function resolveRef(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let current = schema;
  for (let depth = 0; current.$ref !== undefined && depth < 16; depth++) {
    if (current.$ref === "#") return root;
    const name = /^#\/\$defs\/(.+)$/.exec(current.$ref)?.[1];
    const target =
      name === undefined ? undefined : root.$defs?.[name.replaceAll("~1", "/").replaceAll("~0", "~")];
    if (target === undefined) break;
    current = target;
  }
  return current;
}

/** Runs a schema on a value; the value on success, else every field that is wrong. */
export async function check<S extends Schema>(
  schema: S,
  value: unknown,
): Promise<
  | { readonly ok: true; readonly value: OutputOf<S> }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }
> {
  const said = schema["~standard"].validate(value);
  const result = said instanceof Promise ? await said : said;
  if (result.issues === undefined) return { ok: true, value: result.value };
  return { ok: false, problems: result.issues.map(toProblem) };
}

function toProblem(issue: SchemaIssue): FieldProblem {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return { path, message: issue.message };
}
