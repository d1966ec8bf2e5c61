import { isDeepStrictEqual } from "node:util";
import { secretTexts } from "../secret-texts.ts";
import type { FleetSettings } from "../settings.ts";

/** Sections that are read when processes start. `[gateway]` and `[routes]` are taken over while they run. */
const atStart = ["service_discovery", "grpc", "api_communication", "tracing"] as const;

/**
 * What a changed file says otherwise than the one the fleet was started with, and that only a restart takes over: names
 * of services and sections. A changed secret names who has it, never itself.
 */
export function waitingForRestart(started: FleetSettings, next: FleetSettings): readonly string[] {
  const before = new Map(started.services.map((service) => [service.name, service]));
  const after = new Map(next.services.map((service) => [service.name, service]));
  const services = [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => !isSame(before.get(name), after.get(name)),
  );
  const sections = atStart.filter((name) => !isSame(started.sections[name], next.sections[name]));
  const own = (["externals", "collector", "control"] as const).filter(
    (name) => !isSame(started[name], next[name]),
  );
  return [...services.map((name) => `services.${name}`), ...sections, ...own];
}

/** True when nothing of a fleet would be otherwise after it was read again. */
export function saysTheSame(before: FleetSettings, next: FleetSettings): boolean {
  return isSame(before.written, next.written);
}

/** Equal in every value, and in the secrets, which look alike to whoever compares. */
function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other) && isDeepStrictEqual(secretTexts(one), secretTexts(other));
}
