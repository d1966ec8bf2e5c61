import {
  type Attributes,
  isSpanId,
  isTraceId,
  nothingDropped,
  type Resource,
  type SpanData,
  type SpanKind,
  spanKinds,
} from "../../telemetry/index.ts";

/** What a receiver read. */
export interface Decoded {
  readonly spans: readonly SpanData[];
  /** Spans that had to be refused, while the rest was fine. */
  readonly rejected: number;
}

/** A span as OTLP writes it, in either encoding, before it is checked. Absent ids are empty. */
export interface SpanParts
  extends Pick<SpanData, "attributes" | "events" | "links" | "status" | "dropped" | "name" | "startUs"> {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  /** OTLP SpanKind number. */
  readonly kind: number;
  readonly endUs: number;
}

/** The span, or undefined when its ids are impossible. */
export function spanOf(resource: Resource, parts: SpanParts): SpanData | undefined {
  const { traceId, spanId, parentSpanId, startUs } = parts;
  const rootless = parentSpanId === "" || /^0+$/.test(parentSpanId);
  if (!isTraceId(traceId) || !isSpanId(spanId) || !(rootless || isSpanId(parentSpanId))) return undefined;
  const { attributes, events, links } = parts.dropped;
  return {
    resource,
    traceId,
    spanId,
    parentSpanId: rootless ? undefined : parentSpanId,
    traceState: parts.traceState === "" ? undefined : parts.traceState,
    // The upper bits of OTLP's flags say whether the parent was remote, which a tree shows anyway.
    flags: parts.flags & 0xff,
    name: parts.name,
    kind: kindOf(parts.kind),
    startUs,
    durationUs: Math.max(0, parts.endUs - startUs),
    attributes: parts.attributes,
    events: parts.events,
    links: parts.links,
    status: parts.status,
    dropped: attributes + events + links === 0 ? nothingDropped : parts.dropped,
  };
}

/** A process that does not name itself is `unknown_service` (OpenTelemetry semantic conventions, Service). */
export function resourceOf(attributes: Attributes): Resource {
  const { "service.name": service, ...rest } = attributes;
  return {
    service: typeof service === "string" && service !== "" ? service : "unknown_service",
    attributes: rest,
  };
}

function kindOf(number: number): SpanKind {
  return spanKinds[number - 1] ?? "internal";
}
