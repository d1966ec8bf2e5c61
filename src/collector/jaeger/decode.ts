import {
  type AttributeValue,
  isSpanId,
  isTraceId,
  nothingDropped,
  type Resource,
  type SpanData,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanStatus,
  spanKinds,
} from "../../telemetry/index.ts";
import { malformed } from "../malformed.ts";
import { ThriftReader, thrift } from "./thrift-reader.ts";

type Tags = Record<string, AttributeValue>;

/**
 * Reads one Jaeger `Batch` (jaegertracing/jaeger-idl, thrift/jaeger.thrift) in Thrift's binary protocol.
 *
 * @throws TuskerError COLLECTOR_MALFORMED
 */
export function decodeJaeger(bytes: Uint8Array): readonly SpanData[] {
  const reader = new ThriftReader(bytes);
  let resource: Resource = { service: "unknown_service", attributes: {} };
  const parts: JaegerSpan[] = [];
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.struct) resource = readProcess(reader);
    else if (field === 2 && kind === thrift.list) reader.structs(() => parts.push(readSpan(reader)));
    else return false;
    return true;
  });
  return parts.map((part) => spanOf(resource, part));
}

interface JaegerSpan {
  traceIdLow: string;
  traceIdHigh: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  flags: number;
  startUs: number;
  durationUs: number;
  readonly references: JaegerReference[];
  readonly tags: Tags;
  readonly events: SpanEvent[];
}

interface JaegerReference {
  readonly childOf: boolean;
  readonly traceId: string;
  readonly spanId: string;
}

const noId = "0000000000000000";

function spanOf(resource: Resource, part: JaegerSpan): SpanData {
  const traceId = part.traceIdHigh + part.traceIdLow;
  if (!isTraceId(traceId) || !isSpanId(part.spanId)) throw malformed("a span without ids");
  // Older clients leave the parent field empty and name the parent as their first CHILD_OF reference.
  const referred = part.references.find((ref) => ref.childOf && ref.traceId === traceId)?.spanId;
  const parentSpanId = part.parentSpanId === noId ? referred : part.parentSpanId;
  const links: SpanLink[] = part.references
    .filter((ref) => ref.traceId !== traceId || ref.spanId !== parentSpanId)
    .map((ref) => ({ traceId: ref.traceId, spanId: ref.spanId, attributes: {} }));
  const { "span.kind": kind, "w3c.tracestate": traceState, ...rest } = part.tags;
  const { attributes, status } = withStatus(rest);
  return {
    resource,
    traceId,
    spanId: part.spanId,
    parentSpanId,
    traceState: typeof traceState === "string" ? traceState : undefined,
    flags: part.flags & 1,
    name: part.name,
    kind: spanKinds.find((known): known is SpanKind => known === kind) ?? "internal",
    startUs: part.startUs,
    durationUs: Math.max(0, part.durationUs),
    attributes,
    events: part.events,
    links,
    status,
    dropped: nothingDropped,
  };
}

function withStatus(tags: Readonly<Tags>): { readonly attributes: Tags; readonly status: SpanStatus } {
  const { error, "otel.status_code": code, "otel.status_description": description, ...attributes } = tags;
  if (error === true || error === "true" || code === "ERROR")
    return { attributes, status: { code: "error", message: String(description ?? "") } };
  return { attributes, status: { code: code === "OK" ? "ok" : "unset" } };
}

function readProcess(reader: ThriftReader): Resource {
  let service = "";
  const attributes: Tags = {};
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.text) service = reader.text();
    else if (field === 2 && kind === thrift.list) reader.structs(() => readTag(reader, attributes));
    else return false;
    return true;
  });
  return { service: service === "" ? "unknown_service" : service, attributes };
}

function readSpan(reader: ThriftReader): JaegerSpan {
  const span: JaegerSpan = {
    traceIdLow: noId,
    traceIdHigh: noId,
    spanId: noId,
    parentSpanId: noId,
    name: "",
    flags: 0,
    startUs: 0,
    durationUs: 0,
    references: [],
    tags: {},
    events: [],
  };
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.i64) span.traceIdLow = reader.id();
    else if (field === 2 && kind === thrift.i64) span.traceIdHigh = reader.id();
    else if (field === 3 && kind === thrift.i64) span.spanId = reader.id();
    else if (field === 4 && kind === thrift.i64) span.parentSpanId = reader.id();
    else if (field === 5 && kind === thrift.text) span.name = reader.text();
    else if (field === 6 && kind === thrift.list)
      reader.structs(() => span.references.push(readReference(reader)));
    else if (field === 7 && kind === thrift.i32) span.flags = reader.i32();
    else if (field === 8 && kind === thrift.i64) span.startUs = Number(reader.i64());
    else if (field === 9 && kind === thrift.i64) span.durationUs = Number(reader.i64());
    else if (field === 10 && kind === thrift.list) reader.structs(() => readTag(reader, span.tags));
    else if (field === 11 && kind === thrift.list) reader.structs(() => span.events.push(readLog(reader)));
    else return false;
    return true;
  });
  return span;
}

function readReference(reader: ThriftReader): JaegerReference {
  const ids = { kind: 0, low: noId, high: noId, span: noId };
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.i32) ids.kind = reader.i32();
    else if (field === 2 && kind === thrift.i64) ids.low = reader.id();
    else if (field === 3 && kind === thrift.i64) ids.high = reader.id();
    else if (field === 4 && kind === thrift.i64) ids.span = reader.id();
    else return false;
    return true;
  });
  return { childOf: ids.kind === 0, traceId: ids.high + ids.low, spanId: ids.span };
}

/** A log's name is its `event` field (OpenTracing semantic conventions). */
function readLog(reader: ThriftReader): SpanEvent {
  let timeUs = 0;
  const fields: Tags = {};
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.i64) timeUs = Number(reader.i64());
    else if (field === 2 && kind === thrift.list) reader.structs(() => readTag(reader, fields));
    else return false;
    return true;
  });
  const { event, ...attributes } = fields;
  return { timeUs, name: event === undefined ? "log" : String(event), attributes };
}

/** Field of the value by `TagType`: string, double, bool, long, binary. */
const valueFields = [3, 4, 5, 6, 7] as const;

/** Only the field that the type names counts: Jaeger's Node.js clients fill the others with zeros. */
function readTag(reader: ThriftReader, into: Tags): void {
  let key = "";
  let type = -1;
  const values = new Map<number, AttributeValue>();
  reader.struct((field, kind) => {
    if (field === 1 && kind === thrift.text) key = reader.text();
    else if (field === 2 && kind === thrift.i32) type = reader.i32();
    else if (field === 3 && kind === thrift.text) values.set(field, reader.text());
    else if (field === 4 && kind === thrift.double) values.set(field, reader.double());
    else if (field === 5 && kind === thrift.bool) values.set(field, reader.bool());
    else if (field === 6 && kind === thrift.i64) values.set(field, reader.i64());
    else if (field === 7 && kind === thrift.text) values.set(field, reader.base64());
    else return false;
    return true;
  });
  const value = values.get(valueFields[type] ?? 0);
  if (value !== undefined && key !== "__proto__") into[key] = value;
}
