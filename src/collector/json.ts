import { malformed } from "./malformed.ts";

/** A JSON object that nobody has checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses UTF-8 JSON. @throws TuskerError COLLECTOR_MALFORMED */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (error) {
    throw malformed("the body is no JSON", error);
  }
}

/** The readers below take absent and null as the empty value, as protobuf's JSON mapping does. */
export function objectIn(value: unknown, what: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw malformed(`${what} must be an object`);
}

export function listIn(value: unknown, what: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw malformed(`${what} must be a list`);
}

export function textIn(value: unknown, what: string): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  throw malformed(`${what} must be text`);
}

/** A number, or its decimal text: JSON writes 64-bit integers as text. */
export function numberIn(value: unknown, what: string): number {
  if (value === undefined || value === null) return 0;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && !Number.isNaN(number)) return number;
  throw malformed(`${what} must be a number`);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
