import {
  type Attributes,
  type AttributeValue,
  type SpanData,
  type SpanStatus,
  spanKinds,
} from "../../telemetry/index.ts";

/** OTLP's JSON of stored spans: what `/api/tusker/traces/{id}` answers and `decodeOtlpJson` reads. */
export function encodeOtlpJson(spans: readonly SpanData[]): { readonly resourceSpans: readonly unknown[] } {
  const groups = Map.groupBy(spans, (span) => span.resource);
  return {
    resourceSpans: [...groups].map(([resource, own]) => ({
      resource: { attributes: entries({ "service.name": resource.service, ...resource.attributes }) },
      scopeSpans: [{ scope: { name: "tusker" }, spans: own.map(jsonOf) }],
    })),
  };
}

function jsonOf(span: SpanData): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    ...(span.parentSpanId === undefined ? {} : { parentSpanId: span.parentSpanId }),
    ...(span.traceState === undefined ? {} : { traceState: span.traceState }),
    flags: span.flags,
    name: span.name,
    kind: spanKinds.indexOf(span.kind) + 1,
    startTimeUnixNano: nanos(span.startUs),
    endTimeUnixNano: nanos(span.startUs + span.durationUs),
    attributes: entries(span.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: nanos(event.timeUs),
      name: event.name,
      attributes: entries(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: entries(link.attributes) })),
    status: statusJson(span.status),
    droppedAttributesCount: span.dropped.attributes,
    droppedEventsCount: span.dropped.events,
    droppedLinksCount: span.dropped.links,
  };
}

function statusJson(status: SpanStatus): unknown {
  switch (status.code) {
    case "unset":
      return {};
    case "ok":
      return { code: 1 };
    case "error":
      return { code: 2, message: status.message };
    default:
      return status satisfies never;
  }
}

function entries(attributes: Attributes): readonly unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): unknown {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    if (Number.isSafeInteger(value)) return { intValue: String(value) };
    return { doubleValue: Number.isFinite(value) ? value : String(value) };
  }
  return { arrayValue: { values: value.map(anyValue) } };
}

/** Microseconds as text of nanoseconds: longer than a double can hold. */
function nanos(us: number): string {
  return us === 0 ? "0" : `${us}000`;
}
