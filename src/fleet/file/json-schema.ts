import { z } from "zod";
import { fleetSchema } from "./schema.ts";

/** A JSON Schema as plain data; only what is read here is named. */
export interface JsonSchema {
  readonly type?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
  readonly items?: JsonSchema | undefined;
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly additionalProperties?: JsonSchema | boolean | undefined;
  readonly required?: readonly string[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly [keyword: string]: unknown;
}

const plainSchema: z.ZodType<JsonSchema> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    anyOf: z.array(plainSchema).optional(),
    items: plainSchema.optional(),
    properties: z.record(z.string(), plainSchema).optional(),
    additionalProperties: z.union([z.boolean(), plainSchema]).optional(),
    required: z.array(z.string()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
  }),
);

/**
 * The schema of a whole fleet file as JSON Schema (draft 2020-12), for editors and other tools: values as they are
 * written, with every key's meaning and default.
 */
export function fleetJsonSchema(): JsonSchema {
  const { $schema, ...schema } = written(fleetSchema);
  return plainSchema.parse({ $schema, title: "Tusker fleet", ...schema });
}

/** What a section takes where a file says nothing at this path, as it would be written; undefined when that is nothing. */
export function defaultAt(path: readonly string[]): unknown {
  let schema: JsonSchema | undefined = fleetJsonSchema();
  for (const key of path) {
    const map: JsonSchema | undefined = schema?.anyOf?.find((one) => one.type === "object") ?? schema;
    const others: JsonSchema | boolean | undefined = map?.additionalProperties;
    schema = map?.properties?.[key] ?? (typeof others === "object" ? others : undefined);
  }
  return schema?.default;
}

/** A schema of values as they stand in a file, before the room converts them. */
function written(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // The step before a service takes its short form.
      if (zodSchema instanceof z.ZodPipe && zodSchema.in instanceof z.ZodTransform) {
        if (!(zodSchema.out instanceof z.ZodType)) return;
        const { $schema: _, ...form } = written(zodSchema.out);
        for (const key of Object.keys(jsonSchema)) if (key !== "description") delete jsonSchema[key];
        // Of the others only what is no text, @service, is changed before: JSON has none.
        if (form.type === "string") Object.assign(jsonSchema, form);
        else jsonSchema.anyOf = [form, { type: "string", pattern: "^[\\w.-]+:\\d{1,5}$" }];
      }
      // A name of our schema library; the pattern beside it says the same.
      if (jsonSchema.format === "starts_with") delete jsonSchema.format;
      // JSON has no larger whole numbers anyway.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
}
