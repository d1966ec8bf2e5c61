import { ByteReader, ByteWriter, WireError, wireType } from "../proto/wire.ts";

/**
 * What a gRPC error says besides status and message: google.rpc.Status with one google.rpc.ErrorInfo, in
 * `grpc-status-details-bin` (the richer error model). Callers in any language can read it.
 */
export interface ErrorInfo {
  readonly status: number;
  readonly message: string;
  /** Our code, or the declared one. */
  readonly reason: string;
  /** The service for a declared code, "tusker" for ours. */
  readonly domain: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const errorInfoType = "type.googleapis.com/google.rpc.ErrorInfo";
/** ErrorInfo's metadata holds text only; our details keep their types as JSON under this key. */
const detailsKey = "details";
/** A part of the peer's header limit; `failure.ts` bounds the whole. */
const maxDetailsBytes = 4096;

/** The value of `grpc-status-details-bin`, base64 without padding. */
export function encodeErrorInfo(info: ErrorInfo): string {
  const inner = new ByteWriter();
  writeText(inner, 1, info.reason);
  writeText(inner, 2, info.domain);
  const json = jsonOf(info.details);
  if (json !== "{}" && Buffer.byteLength(json) <= maxDetailsBytes) {
    const entry = new ByteWriter();
    writeText(entry, 1, detailsKey);
    writeText(entry, 2, json);
    writeBytes(inner, 3, entry.finish());
  }
  const any = new ByteWriter();
  writeText(any, 1, errorInfoType);
  writeBytes(any, 2, inner.finish());
  const status = new ByteWriter();
  status.tag(1, wireType.varint);
  status.varint(info.status);
  writeText(status, 2, info.message);
  writeBytes(status, 3, any.finish());
  return status.finish().toString("base64").replace(/=+$/, "");
}

/** Details that are no JSON are left out: an error must never be lost to its own details. */
function jsonOf(details: ErrorInfo["details"]): string {
  try {
    return JSON.stringify(details);
  } catch {
    return "{}";
  }
}

/** Reads `grpc-status-details-bin`; undefined when it holds no ErrorInfo or is not readable. */
export function decodeErrorInfo(value: string | undefined): ErrorInfo | undefined {
  if (value === undefined) return undefined;
  try {
    const status = fieldsOf(Buffer.from(value, "base64"));
    for (const any of status.bytes(3)) {
      const detail = fieldsOf(any);
      if (detail.text(1) !== errorInfoType) continue;
      const info = fieldsOf(detail.bytes(2)[0] ?? new Uint8Array());
      return {
        status: status.number(1),
        message: status.text(2),
        reason: info.text(1),
        domain: info.text(2),
        details: readDetails(info.bytes(3)),
      };
    }
    return undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function readDetails(entries: readonly Uint8Array[]): Readonly<Record<string, unknown>> {
  const metadata: [key: string, value: unknown][] = [];
  for (const entry of entries) {
    const fields = fieldsOf(entry);
    const [key, text] = [fields.text(1), fields.text(2)];
    const ours = key === detailsKey ? parsed(text) : undefined;
    if (ours === undefined) metadata.push([key, text]);
    else metadata.push(...Object.entries(ours));
  }
  // Not assigned: a `__proto__` from the wire becomes a property like any other.
  return Object.fromEntries(metadata);
}

/** Our details; undefined when somebody else uses the key for a text of its own. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The fields of a small message by number. */
function fieldsOf(bytes: Uint8Array): {
  number(n: number): number;
  text(n: number): string;
  bytes(n: number): Uint8Array[];
} {
  const reader = new ByteReader(bytes);
  const numbers = new Map<number, number>();
  const chunks = new Map<number, Uint8Array[]>();
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (type === wireType.varint) numbers.set(number, reader.int64());
    else if (type === wireType.bytes) chunks.set(number, [...(chunks.get(number) ?? []), reader.bytes()]);
    else reader.skip(type);
  }
  return {
    number: (n) => numbers.get(n) ?? 0,
    text: (n) => Buffer.from(chunks.get(n)?.at(-1) ?? []).toString("utf8"),
    bytes: (n) => chunks.get(n) ?? [],
  };
}

function writeText(writer: ByteWriter, number: number, text: string): void {
  if (text === "") return;
  writer.tag(number, wireType.bytes);
  writer.string(text);
}

function writeBytes(writer: ByteWriter, number: number, bytes: Uint8Array): void {
  writer.tag(number, wireType.bytes);
  writer.bytes(bytes);
}
