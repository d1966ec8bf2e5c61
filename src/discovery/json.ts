import { TuskerError } from "../kernel/index.ts";

/** Reading what a registry said: every reader of this room takes an unknown value apart with these. */

/** @throws TuskerError DISCOVERY_PROTOCOL */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed("it is no JSON", cause);
  }
}

/** What a registry said cannot be understood. */
export function malformed(what: string, cause?: unknown): TuskerError {
  return new TuskerError("DISCOVERY_PROTOCOL", `the registry's answer cannot be read: ${what}`, { cause });
}

/** True for an object that is no list. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text, or none. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** `[::1]` is how an address looks in a URL; sockets take `::1`. */
export function bare(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

/** The entries of an object that are text. */
export function wordsOf(value: unknown): Record<string, string> {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

/** The items of a list that are text. */
export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}
