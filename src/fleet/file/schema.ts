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
  fleet: fleetSection.prefault({}),
  service_discovery: serviceDiscoverySection.prefault({}),
  services: servicesSection.prefault({}),
  externals: externalsSection.prefault({}),
  gateway: gatewaySection.prefault({}),
  routes: routesSection.prefault({}),
  grpc: grpcSection.prefault({}),
  api_communication: apiCommunicationSection.prefault({}),
  tracing: tracingSection.prefault({}),
  collector: collectorSection.prefault({}),
  control: controlSection.prefault({}),
});

export type FleetSections = z.output<typeof fleetSchema>;

/** The keys a map at this path may have; empty when any may. For suggestions. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = fleetSchema;
  for (const key of path) {
    schema = step(unwrap(schema), key);
    if (schema === undefined) return [];
  }
  const inner = unwrap(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function step(schema: unknown, key: PropertyKey): unknown {
  if (schema instanceof z.ZodObject) return schema.shape[String(key)];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

/** Takes away what only wraps: optional, default, a preprocessing step before the object. */
function unwrap(schema: unknown): unknown {
  let current = schema;
  for (;;) {
    if (
      current instanceof z.ZodOptional ||
      current instanceof z.ZodDefault ||
      current instanceof z.ZodPrefault
    )
      current = current.unwrap();
    else if (current instanceof z.ZodPipe)
      current = current.in instanceof z.ZodTransform ? current.out : current.in;
    else if (current instanceof z.ZodUnion) current = current.options[0];
    else return current;
  }
}
