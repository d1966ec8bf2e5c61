import { TuskerError } from "../../kernel/index.ts";

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
