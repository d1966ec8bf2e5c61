import { fleetJsonSchema, type JsonSchema } from "./json-schema.ts";
import type { FleetSections } from "./schema.ts";

/** Which room owns a section. */
const rooms: Readonly<Record<keyof FleetSections, string>> = {
  fleet: "fleet",
  service_discovery: "discovery",
  services: "fleet",
  externals: "fleet",
  gateway: "gateway",
  routes: "gateway",
  grpc: "rpc",
  api_communication: "rpc",
  tracing: "telemetry",
  collector: "collector",
  control: "control",
};

/** docs/reference/config.md: every key of a fleet file, from the same schema that reads it. */
export function configReferencePage(): string {
  const { properties = {} } = fleetJsonSchema();
  const sections = Object.entries(rooms).map(([name, room]) =>
    sectionText(name, room, properties[name] ?? {}),
  );
  return `# Configuration

Every key of a fleet file, written from the sections of the rooms by \`scripts/config-reference.ts\`; a test compares the
two. \`tusker config schema\` prints the same as JSON Schema. How files are written is in [language.md](language.md).

A duration is text with a unit (\`30s\`, \`250ms\`, \`1m30s\`), a size too (\`64KiB\`, \`10MB\`).

${sections.join("\n")}`;
}

function sectionText(name: string, room: string, schema: JsonSchema): string {
  const table = rowsOf(schema, name).map((row) => `| ${row.join(" | ")} |\n`);
  return `## [${name}]

${schema.description ?? ""} Room: \`${room}\`.

| Key | Type | Default | Meaning |
|---|---|---|---|
${table.join("")}`;
}

type Row = readonly [key: string, type: string, initial: string, meaning: string];

/** One row per key, those of maps in it included. */
export function rowsOf(schema: JsonSchema, path: string): readonly Row[] {
  const inner = mapIn(schema);
  if (inner?.properties !== undefined) {
    const required = inner.required ?? [];
    return Object.entries(inner.properties).flatMap(([key, value]) => [
      row(`${path}.${key}`, value, required.includes(key)),
      ...rowsOf(value, `${path}.${key}`),
    ]);
  }
  const each = inner?.additionalProperties;
  return typeof each === "object" && Object.keys(each).length > 0 ? rowsOf(each, `${path}.<name>`) : [];
}

function row(key: string, schema: JsonSchema, required: boolean): Row {
  const initial =
    schema.default === undefined ? (required ? "required" : "–") : `\`${JSON.stringify(schema.default)}\``;
  return [`\`${key}\``, typeText(schema), initial, (schema.description ?? "").replaceAll("|", "\\|")];
}

/** The map among the forms a value may have. */
function mapIn(schema: JsonSchema): JsonSchema | undefined {
  if (schema.type === "object") return schema;
  return schema.anyOf?.find((one) => one.type === "object");
}

function typeText(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(" or ");
  if (schema.enum !== undefined) return schema.enum.map((one) => `\`${JSON.stringify(one)}\``).join(" or ");
  switch (schema.type) {
    case "string":
      return schema.title ?? "text";
    case "boolean":
      return "true or false";
    case "integer":
    case "number":
      return `${schema.type === "integer" ? "whole number" : "number"}${bounds(schema)}`;
    case "array":
      return `list of ${typeText(schema.items ?? {})}`;
    case "object":
      return "map";
    default:
      return "any value";
  }
}

function bounds({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined) return maximum === undefined ? "" : ` up to ${maximum}`;
  return maximum === undefined ? ` from ${minimum}` : ` ${minimum}–${maximum}`;
}
