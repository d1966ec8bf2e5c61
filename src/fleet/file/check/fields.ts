import { ServiceRef } from "../../../kernel/index.ts";

/** Services, or whatever stands there, by name. */
export type Services = Readonly<Record<string, unknown>>;

/** A value as a map; an empty one when it is none. */
export function mapOf(value: unknown): Services {
  return isMap(value) ? value : {};
}

/** One key of a map. Plain data has no keys but its own; what is asked for is no name of `Object.prototype`. */
export function field(value: unknown, key: string): unknown {
  return isMap(value) ? value[key] : undefined;
}

export function isMap(value: unknown): value is Services {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ServiceRef)
  );
}
