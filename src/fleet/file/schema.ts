import { z } from "zod";
import { serviceDiscoverySection } from "../../discovery/section.ts";
import { gatewaySection, routesSection } from "../../gateway/section.ts";
import { apiCommunicationSection, grpcSection } from "../../rpc/section.ts";
import { tracingSection } from "../../telemetry/section.ts";
import {
  collectorSection,
  controlSection,
  externalsSection,
  fleetSection,
  servicesSection,
} from "./section.ts";

/** Every section of a fleet file, each owned by its room. */
export const fleetSchema = z.strictObject({
  fleet: fleetSection.prefault({}).describe("The fleet as a whole."),
  service_discovery: serviceDiscoverySection
    .prefault({})
    .describe("Whether and where instances are looked up."),
  services: servicesSection
    .prefault({})
    .describe(
      'Services by name. The short form `"id:port"` is an instance that already runs on this machine.',
    ),
  externals: externalsSection
    .prefault({})
    .describe("Things services depend on that Tusker does not run, by name."),
  gateway: gatewaySection.prefault({}).describe("The front door of the fleet."),
  routes: routesSection
    .prefault({})
    .describe("Routes by path; a list of routes shares a path and differs in method."),
  grpc: grpcSection.prefault({}).describe("How services serve gRPC."),
  api_communication: apiCommunicationSection.prefault({}).describe("How services call each other."),
  tracing: tracingSection.prefault({}).describe("Which spans are made, kept and sent on."),
  collector: collectorSection
    .prefault({})
    .describe("Where spans come in. A port of 0 lets the system choose."),
  control: controlSection.prefault({}).describe("Admin API and dashboard."),
});

export type FleetSections = z.output<typeof fleetSchema>;

/** The names of all sections. */
export function sectionNames(): readonly string[] {
  return Object.keys(fleetSchema.shape);
}

/** The keys a map at this path may have; empty when any may. For suggestions. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  return Object.keys(mapOf(schemaAt(path))?.shape ?? {});
}

/** The schema of what stands at a path, with what wraps it; undefined when there is none. */
export function schemaAt(path: readonly PropertyKey[]): unknown {
  let schema: unknown = fleetSchema;
  for (const key of path) {
    schema = step(schema, key);
    if (schema === undefined) return undefined;
  }
  return schema;
}

/** What a schema only wraps: optional, default, a step before or after; undefined when it wraps nothing. */
export function wrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return schema.unwrap();
  if (schema instanceof z.ZodPipe) return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
  return undefined;
}

/** The map among the forms that a schema allows; undefined when none is one with known keys. */
export function mapOf(schema: unknown): z.ZodObject | undefined {
  const inner = innermost(schema);
  if (inner instanceof z.ZodObject) return inner;
  return inner instanceof z.ZodUnion ? first(inner, mapOf) : undefined;
}

function step(schema: unknown, key: PropertyKey): unknown {
  const inner = innermost(schema);
  if (inner instanceof z.ZodObject) return inner.shape[String(key)];
  if (inner instanceof z.ZodRecord) return typeof key === "number" ? undefined : inner.valueType;
  if (inner instanceof z.ZodArray) return inner.element;
  return inner instanceof z.ZodUnion ? first(inner, (form) => step(form, key)) : undefined;
}

function first<T>(union: z.ZodUnion, find: (form: unknown) => T | undefined): T | undefined {
  return union.options.map(find).find((found) => found !== undefined);
}

function innermost(schema: unknown): unknown {
  const inner = wrapped(schema);
  return inner === undefined ? schema : innermost(inner);
}
