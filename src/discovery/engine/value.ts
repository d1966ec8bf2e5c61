import { TuskerError } from "../../kernel/index.ts";
import type { KvStep } from "./engine.ts";
import type { Version } from "./version.ts";

/** A value as bytes. @throws TuskerError DISCOVERY_TOO_LARGE */
export function valueBytes(key: string, value: string | Uint8Array, maxBytes: number): Uint8Array {
  const bytes = Buffer.from(value);
  if (bytes.byteLength <= maxBytes) return bytes;
  throw new TuskerError(
    "DISCOVERY_TOO_LARGE",
    `the value of "${key}" has ${bytes.byteLength} bytes; the registry takes ${maxBytes} at most`,
  );
}

/** A value as base64, as Consul's wire carries it. @throws TuskerError DISCOVERY_TOO_LARGE */
export function encodeValue(key: string, value: string | Uint8Array, maxBytes: number): string {
  return Buffer.from(valueBytes(key, value, maxBytes)).toString("base64");
}

/** Steps of a transaction, if they are no more than the registry takes. @throws TuskerError DISCOVERY_TOO_LARGE */
export function withinSteps(steps: readonly KvStep[], most: number): readonly KvStep[] {
  if (steps.length <= most) return steps;
  throw new TuskerError(
    "DISCOVERY_TOO_LARGE",
    `a transaction of ${steps.length} steps; the registry takes ${most} at most (\`capabilities.maxTxnSteps\`)`,
  );
}

/**
 * Digits of the version a key must have. That of an event of a watch is another thing: read as a number it would be
 * none, and none means a key that is not there.
 *
 * @throws TuskerError DISCOVERY_PROTOCOL
 */
export function digitsOf(key: string, version: Version): string {
  if (/^\d+$/.test(version)) return version;
  throw new TuskerError(
    "DISCOVERY_PROTOCOL",
    `"${version}" is no version of the key "${key}"; take that of an entry, of a write, or "absent"`,
  );
}
