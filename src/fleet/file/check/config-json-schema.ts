import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import type { JsonSchema } from "../json-schema.ts";
import { isModule, loadSchema } from "../module/schema-module.ts";
import type { FleetSettings } from "../settings.ts";

/**
 * The schema of a fleet file in which the `config` of each service is what the schema of that service asks for. A schema that
 * cannot be written as JSON Schema (a module of another library than zod) leaves `config` as it is.
 */
export function withConfigSchemas(fleet: JsonSchema, { services, root }: FleetSettings): JsonSchema {
  const section = fleet.properties?.services;
  const service = section?.additionalProperties;
  if (section === undefined || typeof service !== "object") return fleet;
  const own = services.flatMap(({ name, schema }): [string, JsonSchema][] => {
    const config = schema === undefined ? undefined : configSchema(schema, root);
    return config === undefined ? [] : [[name, withConfig(service, config)]];
  });
  const properties = { ...section.properties, ...Object.fromEntries(own) };
  return { ...fleet, properties: { ...fleet.properties, services: { ...section, properties } } };
}

/** What a file of JSON Schema, or a schema of zod, asks for. */
function configSchema(file: string, root: string): JsonSchema | undefined {
  if (!isModule(file)) return JSON.parse(readFileSync(resolve(root, file), "utf8"));
  const schema: unknown = loadSchema(file, root);
  if (!(schema instanceof z.ZodType)) return undefined;
  const { $schema: _, ...plain } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return JSON.parse(JSON.stringify(plain));
}

/** The form of a service that is a map, with another `config`. */
function withConfig(service: JsonSchema, config: JsonSchema): JsonSchema {
  const forms = service.anyOf?.map((form) => withConfig(form, config));
  const properties = service.properties && { ...service.properties, config };
  return { ...service, ...(forms && { anyOf: forms }), ...(properties && { properties }) };
}
