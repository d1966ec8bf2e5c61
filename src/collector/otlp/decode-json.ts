import type {
  Attributes,
  AttributeValue,
  SpanData,
  SpanEvent,
  SpanLink,
  SpanStatus,
} from "../../telemetry/index.ts";
import { type JsonObject, listIn, numberIn, objectIn, textIn } from "../json.ts";
import { malformed } from "../malformed.ts";
import { type Decoded, resourceOf, type SpanParts, spanOf } from "./parts.ts";

/**
 * Reads `ExportTraceServiceRequest` in OTLP's JSON (opentelemetry-proto, specification §JSON Protobuf Encoding): ids
 * are hex of either case, enums numbers, 64-bit integers numbers or text; unknown members are ignored.
 *
 * @throws TuskerError COLLECTOR_MALFORMED
 */
export function decodeOtlpJson(body: unknown): Decoded {
  const spans: SpanData[] = [];
  let rejected = 0;
  for (const resourceSpans of objects(objectIn(body, "the body"), "resourceSpans")) {
    const resource = resourceOf(attributesIn(objectIn(resourceSpans.resource, "resource")));
    for (const scopeSpans of objects(resourceSpans, "scopeSpans")) {
      for (const each of objects(scopeSpans, "spans")) {
        const span = spanOf(resource, partsOf(each));
        if (span === undefined) rejected++;
        else spans.push(span);
      }
    }
  }
  return { spans, rejected };
}

function partsOf(span: JsonObject): SpanParts {
  return {
    traceId: idIn(span, "traceId"),
    spanId: idIn(span, "spanId"),
    parentSpanId: idIn(span, "parentSpanId"),
    traceState: textIn(span.traceState, "traceState"),
    flags: numberIn(span.flags, "flags"),
    name: textIn(span.name, "name"),
    kind: numberIn(span.kind, "kind"),
    startUs: timeIn(span, "startTimeUnixNano"),
    endUs: timeIn(span, "endTimeUnixNano"),
    attributes: attributesIn(span),
    events: objects(span, "events").map(eventOf),
    links: objects(span, "links").map(linkOf),
    status: statusOf(objectIn(span.status, "status")),
    dropped: {
      attributes: numberIn(span.droppedAttributesCount, "droppedAttributesCount"),
      events: numberIn(span.droppedEventsCount, "droppedEventsCount"),
      links: numberIn(span.droppedLinksCount, "droppedLinksCount"),
    },
  };
}

function eventOf(event: JsonObject): SpanEvent {
  return {
    timeUs: timeIn(event, "timeUnixNano"),
    name: textIn(event.name, "name"),
    attributes: attributesIn(event),
  };
}

function linkOf(link: JsonObject): SpanLink {
  return { traceId: idIn(link, "traceId"), spanId: idIn(link, "spanId"), attributes: attributesIn(link) };
}

function statusOf(status: JsonObject): SpanStatus {
  const code = numberIn(status.code, "status.code");
  if (code === 2) return { code: "error", message: textIn(status.message, "status.message") };
  return { code: code === 1 ? "ok" : "unset" };
}

function attributesIn(owner: JsonObject): Attributes {
  const attributes: Record<string, AttributeValue> = {};
  for (const entry of objects(owner, "attributes")) {
    const key = textIn(entry.key, "key");
    const value = valueOfAny(objectIn(entry.value, "value"), 0);
    if (value !== undefined && key !== "__proto__") attributes[key] = value;
  }
  return attributes;
}

const maxDepth = 16;

function valueOfAny(value: JsonObject, depth: number): AttributeValue | undefined {
  if (depth > maxDepth) throw malformed("an attribute is nested too deep");
  if (value.stringValue !== undefined) return textIn(value.stringValue, "stringValue");
  if (value.boolValue !== undefined) return value.boolValue === true;
  if (value.intValue !== undefined) return integerIn(value.intValue);
  if (value.doubleValue !== undefined) return numberIn(value.doubleValue, "doubleValue");
  if (value.bytesValue !== undefined) return textIn(value.bytesValue, "bytesValue");
  if (value.arrayValue !== undefined) {
    return objects(objectIn(value.arrayValue, "arrayValue"), "values").map((element) => {
      const inner = valueOfAny(element, depth + 1);
      return typeof inner === "object" || inner === undefined ? JSON.stringify(inner ?? null) : inner;
    });
  }
  if (value.kvlistValue === undefined) return undefined;
  const map: Record<string, AttributeValue> = {};
  for (const entry of objects(objectIn(value.kvlistValue, "kvlistValue"), "values")) {
    const key = textIn(entry.key, "key");
    const inner = valueOfAny(objectIn(entry.value, "value"), depth + 1);
    if (inner !== undefined && key !== "__proto__") map[key] = inner;
  }
  return JSON.stringify(map);
}

/** An int64: a number where that is exact, else its text, as the protobuf reader gives it. */
function integerIn(value: unknown): number | string {
  const number = numberIn(value, "intValue");
  return Number.isSafeInteger(number) ? number : String(value);
}

function objects(owner: JsonObject, member: string): readonly JsonObject[] {
  return listIn(owner[member], member).map((value) => objectIn(value, member));
}

/** Base64, which plain protobuf JSON would use, is refused here by its alphabet and length. */
function idIn(owner: JsonObject, member: string): string {
  return textIn(owner[member], member).toLowerCase();
}

/** Nanoseconds as text or number; text keeps them exact. */
function timeIn(owner: JsonObject, member: string): number {
  const value = owner[member];
  if (typeof value === "string" && /^\d{4,20}$/.test(value)) return Number(value.slice(0, -3));
  return Math.floor(numberIn(value, member) / 1000);
}
