import { type ContractInfo, faultStatus, hasBody, type Method, type MethodSpecs } from "./contract.ts";
import { type JsonSchema, resolveRef } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** The contract as an OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12 as they are. */
export function openApi(
  info: ContractInfo<MethodSpecs>,
  options: { readonly version: string; readonly envelope: boolean },
): Json {
  const paths: Record<string, Record<string, Json>> = {};
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema };
  for (const method of info.methods) {
    if (method.stream !== undefined) continue;
    const item = paths[method.path.text] ?? {};
    item[method.verb.toLowerCase()] = operation(method, schemas, options.envelope);
    paths[method.path.text] = item;
  }
  return {
    openapi: "3.1.0",
    info: { title: info.name, version: options.version },
    paths,
    components: { schemas },
  };
}

function operation(method: Method, schemas: Record<string, JsonSchema>, envelope: boolean): Json {
  const input = resolveRef(method.input, method.input);
  const properties = input.properties ?? {};
  const required = new Set(input.required);
  const inBody = hasBody(method.verb);
  const inline = (schema: JsonSchema): JsonSchema =>
    moveDefs(schema, method.input, schemas, `${method.name}_`);
  const parameters = Object.entries(properties)
    .filter(([name]) => method.path.params.includes(name) || !inBody)
    .map(([name, schema]) => {
      const inPath = method.path.params.includes(name);
      return {
        name,
        in: inPath ? "path" : "query",
        required: inPath || required.has(name),
        schema: inline(schema),
      };
    });
  const fields = Object.entries(properties).filter(([name]) => !method.path.params.includes(name));
  const body = {
    type: "object",
    properties: Object.fromEntries(fields.map(([name, schema]) => [name, inline(schema)])),
    required: fields.map(([name]) => name).filter((name) => required.has(name)),
  };
  const output = moveDefs(method.output, method.output, schemas, `${method.name}_out_`);
  return {
    operationId: method.name,
    ...(method.spec.summary === undefined ? {} : { summary: method.spec.summary }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(inBody && fields.length > 0
      ? { requestBody: { required: body.required.length > 0, content: json(body) } }
      : {}),
    responses: {
      [method.spec.status ?? 200]: {
        description: "success",
        content: json(envelope ? enveloped(output) : output),
      },
      ...faults(method),
      default: { description: "error", content: { "application/problem+json": { schema: problemRef } } },
    },
  };
}

/** One response per status; codes of one status are told apart by `code`. */
function faults(method: Method): Json {
  const byStatus = Map.groupBy(
    Object.entries(method.spec.errors ?? {}),
    ([code]) => faultStatus(method, code)?.http ?? 500,
  );
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => {
      const schema = { allOf: [problemRef, { properties: { code: { enum: codes.map(([code]) => code) } } }] };
      const description = codes.map(([code]) => code).join(", ");
      return [status, { description, content: { "application/problem+json": { schema } } }];
    }),
  );
}

/** Shared definitions move under components, where OpenAPI looks for them. */
function moveDefs(
  schema: JsonSchema,
  root: JsonSchema,
  schemas: Record<string, JsonSchema>,
  prefix: string,
): JsonSchema {
  const rename = (ref: string): string => {
    const name = ref === "#" ? "Self" : ref.slice("#/$defs/".length);
    return `#/components/schemas/${prefix}${name}`;
  };
  const renamed = (part: JsonSchema): JsonSchema => renameRefs(part, rename);
  for (const [name, part] of Object.entries(root.$defs ?? {})) schemas[`${prefix}${name}`] ??= renamed(part);
  if (JSON.stringify(schema).includes('"$ref":"#"')) schemas[`${prefix}Self`] ??= renamed(withoutMeta(root));
  return renamed(withoutMeta(schema));
}

function withoutMeta(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== "$schema" && key !== "$defs"));
}

function renameRefs<T>(value: T, rename: (ref: string) => string): T {
  const walk = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, inner]) => [
        key,
        key === "$ref" && typeof inner === "string" ? rename(inner) : walk(inner),
      ]),
    );
  };
  // The shape is kept: only texts under $ref change.
  return walk(value) as T;
}

function json(schema: unknown): Json {
  return { "application/json": { schema } };
}

function enveloped(output: JsonSchema): Json {
  const properties = { success: { const: true }, data: output, error: { type: "null" } };
  return { type: "object", properties, required: ["success", "data"] };
}

const problemRef = { $ref: "#/components/schemas/Problem" };
const text: JsonSchema = { type: "string" };
const problemSchema: JsonSchema = {
  type: "object",
  description: "RFC 9457 problem details",
  properties: {
    type: text,
    title: text,
    status: { type: "integer" },
    detail: text,
    code: text,
    trace_id: text,
    details: { type: "object" },
  },
  required: ["type", "title", "status", "detail", "code"],
};
