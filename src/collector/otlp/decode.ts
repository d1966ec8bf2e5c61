import {
  type Attributes,
  type AttributeValue,
  nothingDropped,
  type Resource,
  type SpanData,
  type SpanEvent,
  type SpanLink,
  type SpanStatus,
} from "../../telemetry/index.ts";
import { malformed } from "../malformed.ts";
import { type Decoded, resourceOf, type SpanParts, spanOf } from "./parts.ts";
import { ProtobufReader, wireType } from "./protobuf-reader.ts";

/**
 * Reads `ExportTraceServiceRequest` in protobuf; unknown fields are skipped, spans with impossible ids are counted.
 *
 * @throws TuskerError COLLECTOR_MALFORMED
 */
export function decodeOtlp(bytes: Uint8Array): Decoded {
  const spans: SpanData[] = [];
  let rejected = 0;
  const reader = new ProtobufReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  while (reader.next()) {
    if (reader.field !== 1) reader.skip();
    else rejected += readResourceSpans(message(reader), spans);
  }
  return { spans, rejected };
}

function readResourceSpans(reader: ProtobufReader, into: SpanData[]): number {
  let resource: Resource = resourceOf({});
  const scopes: ProtobufReader[] = [];
  while (reader.next()) {
    if (reader.field === 1) resource = readResource(message(reader));
    else if (reader.field === 2) scopes.push(message(reader));
    else reader.skip();
  }
  // Fields may come in any order, so spans are read only once their resource is known.
  let rejected = 0;
  for (const scope of scopes) {
    while (scope.next()) {
      if (scope.field !== 2) {
        scope.skip();
        continue;
      }
      const span = spanOf(resource, readSpan(message(scope)));
      if (span === undefined) rejected++;
      else into.push(span);
    }
  }
  return rejected;
}

function readResource(reader: ProtobufReader): Resource {
  const attributes: Record<string, AttributeValue> = {};
  while (reader.next()) {
    if (reader.field === 1) readAttribute(message(reader), attributes);
    else reader.skip();
  }
  return resourceOf(attributes);
}

function readSpan(reader: ProtobufReader): SpanParts {
  const attributes: Record<string, AttributeValue> = {};
  const events: SpanEvent[] = [];
  const links: SpanLink[] = [];
  const dropped = { ...nothingDropped };
  const parts = { traceId: "", spanId: "", parentSpanId: "", traceState: "", flags: 0, name: "", kind: 0 };
  const times = { startUs: 0, endUs: 0 };
  let status: SpanStatus = { code: "unset" };
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        parts.traceId = hex(reader);
        break;
      case 2:
        parts.spanId = hex(reader);
        break;
      case 3:
        parts.traceState = text(reader);
        break;
      case 4:
        parts.parentSpanId = hex(reader);
        break;
      case 5:
        parts.name = text(reader);
        break;
      case 6:
        parts.kind = number(reader);
        break;
      case 7:
        times.startUs = time(reader);
        break;
      case 8:
        times.endUs = time(reader);
        break;
      case 9:
        readAttribute(message(reader), attributes);
        break;
      case 10:
        dropped.attributes = number(reader);
        break;
      case 11:
        events.push(readEvent(message(reader)));
        break;
      case 12:
        dropped.events = number(reader);
        break;
      case 13:
        links.push(readLink(message(reader)));
        break;
      case 14:
        dropped.links = number(reader);
        break;
      case 15:
        status = readStatus(message(reader));
        break;
      case 16:
        reader.expect(wireType.fixed32);
        parts.flags = reader.fixed32();
        break;
      default:
        reader.skip();
    }
  }
  return { ...parts, ...times, attributes, events, links, status, dropped };
}

function readEvent(reader: ProtobufReader): SpanEvent {
  const attributes: Record<string, AttributeValue> = {};
  let timeUs = 0;
  let name = "";
  while (reader.next()) {
    if (reader.field === 1) timeUs = time(reader);
    else if (reader.field === 2) name = text(reader);
    else if (reader.field === 3) readAttribute(message(reader), attributes);
    else reader.skip();
  }
  return { timeUs, name, attributes };
}

function readLink(reader: ProtobufReader): SpanLink {
  const attributes: Record<string, AttributeValue> = {};
  let traceId = "";
  let spanId = "";
  while (reader.next()) {
    if (reader.field === 1) traceId = hex(reader);
    else if (reader.field === 2) spanId = hex(reader);
    else if (reader.field === 4) readAttribute(message(reader), attributes);
    else reader.skip();
  }
  return { traceId, spanId, attributes };
}

function readStatus(reader: ProtobufReader): SpanStatus {
  let code = 0;
  let said = "";
  while (reader.next()) {
    if (reader.field === 2) said = text(reader);
    else if (reader.field === 3) code = number(reader);
    else reader.skip();
  }
  if (code === 2) return { code: "error", message: said };
  return { code: code === 1 ? "ok" : "unset" };
}

function readAttribute(reader: ProtobufReader, into: Record<string, AttributeValue>): void {
  let key = "";
  let value: AttributeValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) key = text(reader);
    else if (reader.field === 2) value = readValue(message(reader), 0);
    else reader.skip();
  }
  if (value !== undefined && key !== "__proto__") into[key] = value;
}

/** Values nest without limit on the wire; nobody writes them deeper than this. */
const maxDepth = 16;

/** AnyValue; what an attribute cannot hold (maps, bytes, lists in lists) becomes JSON or base64 text. */
function readValue(reader: ProtobufReader, depth: number): AttributeValue | undefined {
  if (depth > maxDepth) throw malformed("an attribute is nested too deep");
  let value: AttributeValue | undefined;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = text(reader);
        break;
      case 2:
        value = number(reader) !== 0;
        break;
      case 3:
        reader.expect(wireType.varint);
        value = reader.int64();
        break;
      case 4:
        reader.expect(wireType.fixed64);
        value = reader.double();
        break;
      case 5:
        value = readList(message(reader), depth);
        break;
      case 6:
        value = JSON.stringify(readMap(message(reader), depth));
        break;
      case 7:
        reader.expect(wireType.bytes);
        value = reader.base64();
        break;
      default:
        reader.skip();
    }
  }
  return value;
}

function readList(reader: ProtobufReader, depth: number): AttributeValue {
  const list: (string | number | boolean)[] = [];
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const value = readValue(message(reader), depth + 1);
    list.push(typeof value === "object" || value === undefined ? JSON.stringify(value ?? null) : value);
  }
  return list;
}

function readMap(reader: ProtobufReader, depth: number): Attributes {
  const map: Record<string, AttributeValue> = {};
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const entry = message(reader);
    let key = "";
    let value: AttributeValue | undefined;
    while (entry.next()) {
      if (entry.field === 1) key = text(entry);
      else if (entry.field === 2) value = readValue(message(entry), depth + 1);
      else entry.skip();
    }
    if (value !== undefined && key !== "__proto__") map[key] = value;
  }
  return map;
}

function message(reader: ProtobufReader): ProtobufReader {
  reader.expect(wireType.bytes);
  return reader.message();
}

function text(reader: ProtobufReader): string {
  reader.expect(wireType.bytes);
  return reader.text();
}

function hex(reader: ProtobufReader): string {
  reader.expect(wireType.bytes);
  return reader.hex();
}

function number(reader: ProtobufReader): number {
  reader.expect(wireType.varint);
  return reader.varint();
}

function time(reader: ProtobufReader): number {
  reader.expect(wireType.fixed64);
  return reader.nanosAsUs();
}
