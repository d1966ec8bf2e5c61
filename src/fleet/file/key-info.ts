import { z } from "zod";
import { mapOf, schemaAt, wrapped } from "./schema.ts";

/** What a section says about one of its keys. */
export interface KeyInfo {
  readonly name: string;
  /** One or two sentences; undefined where the section says nothing. */
  readonly doc: string | undefined;
  /** In the words of error messages: "text", "a whole number", "true or false", "a list". */
  readonly type: string;
  /** The only values there are, as data; empty when any of the type will do. */
  readonly values: readonly (string | boolean)[];
  /** True when a file cannot be without it. */
  readonly required: boolean;
}

/** The keys of the map at a path, in the order of the section; empty when any may stand there. For editors. */
export function keysAt(path: readonly PropertyKey[]): readonly KeyInfo[] {
  const map = mapOf(schemaAt(path));
  if (map === undefined) return [];
  return Object.entries(map.shape).map(([name, schema]) => infoOf(name, schema));
}

/** What a section says about the key at a path; undefined when it is not known. */
export function keyAt(path: readonly PropertyKey[]): KeyInfo | undefined {
  const name = path.at(-1);
  const map = mapOf(schemaAt(path.slice(0, -1)));
  const schema: unknown = map?.shape[String(name)];
  return schema === undefined ? undefined : infoOf(String(name), schema);
}

function infoOf(name: string, schema: unknown): KeyInfo {
  const all = layers(schema);
  const doc = all.map((one) => (one instanceof z.ZodType ? one.description : undefined)).find(Boolean);
  const required = !(schema instanceof z.ZodType && schema.safeParse(undefined).success);
  const inner = all.at(-1);
  return { name, doc, type: typeOf(inner), values: valuesOf(inner), required };
}

/** A schema and what it wraps, outermost first. */
function layers(schema: unknown): unknown[] {
  const all = [schema];
  for (let next = wrapped(schema); next !== undefined; next = wrapped(next)) all.push(next);
  return all;
}

function typeOf(schema: unknown): string {
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodNumber) return schema.format === "safeint" ? "a whole number" : "a number";
  if (schema instanceof z.ZodBoolean) return "true or false";
  if (schema instanceof z.ZodEnum) return schema.options.map((one) => `"${one}"`).join(" or ");
  if (schema instanceof z.ZodArray) return "a list";
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return "a map";
  if (schema instanceof z.ZodUnion)
    return schema.options.map((one) => typeOf(layers(one).at(-1))).join(" or ");
  return "any value";
}

function valuesOf(schema: unknown): readonly (string | boolean)[] {
  if (schema instanceof z.ZodBoolean) return [true, false];
  if (schema instanceof z.ZodEnum) return schema.options.map(String);
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((one) => valuesOf(layers(one).at(-1)));
  return [];
}
