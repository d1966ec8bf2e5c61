import { TuskerError } from "../../kernel/index.ts";

/**
 * A value as base64, as every engine's wire carries it.
 *
 * @throws TuskerError DISCOVERY_TOO_LARGE
 */
export function encodeValue(key: string, value: string | Uint8Array, maxBytes: number): string {
  const bytes = Buffer.from(value);
  if (bytes.byteLength <= maxBytes) return bytes.toString("base64");
  throw new TuskerError(
    "DISCOVERY_TOO_LARGE",
    `the value of "${key}" has ${bytes.byteLength} bytes; the registry takes ${maxBytes} at most`,
  );
}
