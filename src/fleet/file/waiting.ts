import { isDeepStrictEqual } from "node:util";
import type { FleetSettings } from "./settings.ts";

/** Sections that are read when processes start. `[gateway]` and `[routes]` are taken over while they run. */
const atStart = ["service_discovery", "grpc", "api_communication", "tracing"] as const;

/**
 * What a changed file says otherwise than the one the fleet was started with, and that only a restart takes over: names
 * of services and sections. Values are compared, secrets are not: nobody need know that one changed.
 */
export function waitingForRestart(started: FleetSettings, next: FleetSettings): readonly string[] {
  const before = new Map(started.services.map((service) => [service.name, service]));
  const after = new Map(next.services.map((service) => [service.name, service]));
  const services = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => !isDeepStrictEqual(before.get(name), after.get(name)),
  );
  const sections = atStart.filter((name) => !isDeepStrictEqual(started.sections[name], next.sections[name]));
  const own = (["externals", "collector", "control"] as const).filter(
    (name) => !isDeepStrictEqual(started[name], next[name]),
  );
  return [...services.map((name) => `services.${name}`), ...sections, ...own];
}
