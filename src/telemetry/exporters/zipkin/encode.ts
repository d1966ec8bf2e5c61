import type { Attributes, AttributeValue, SpanData, SpanKind } from "../../span-data.ts";

/** A span as Zipkin writes it (openzipkin/zipkin-api, zipkin2-api.yaml, `Span`). */
export interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly name: string;
  readonly kind?: ZipkinKind;
  /** Microseconds since the Unix epoch. */
  readonly timestamp: number;
  /** Microseconds, at least 1. */
  readonly duration: number;
  readonly localEndpoint: ZipkinEndpoint;
  readonly remoteEndpoint?: ZipkinEndpoint;
  readonly annotations: readonly { readonly timestamp: number; readonly value: string }[];
  readonly tags: Readonly<Record<string, string>>;
}

export interface ZipkinEndpoint {
  readonly serviceName?: string;
  readonly port?: number;
}

export type ZipkinKind = "CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER";

const kinds: Readonly<Record<SpanKind, ZipkinKind | undefined>> = {
  internal: undefined,
  server: "SERVER",
  client: "CLIENT",
  producer: "PRODUCER",
  consumer: "CONSUMER",
};

/** Zipkin v2 JSON, after OpenTelemetry's "SDK exporters: Zipkin" mapping. */
export function encodeZipkin(spans: readonly SpanData[]): readonly ZipkinSpan[] {
  return spans.map((span) => {
    const kind = kinds[span.kind];
    const remote = remoteOf(span);
    return {
      traceId: span.traceId,
      id: span.spanId,
      ...(span.parentSpanId === undefined ? {} : { parentId: span.parentSpanId }),
      name: span.name,
      ...(kind === undefined ? {} : { kind }),
      timestamp: span.startUs,
      // Zipkin reads 0 as "unknown".
      duration: Math.max(1, span.durationUs),
      localEndpoint: { serviceName: span.resource.service },
      ...(remote === undefined ? {} : { remoteEndpoint: remote }),
      annotations: span.events.map((event) => ({ timestamp: event.timeUs, value: annotation(event) })),
      tags: tagsOf(span),
    };
  });
}

/** Only the calling side names the other one; of a server's caller nothing certain is known. */
function remoteOf(span: SpanData): ZipkinEndpoint | undefined {
  if (span.kind !== "client" && span.kind !== "producer") return undefined;
  const name = span.attributes["peer.service"] ?? span.attributes["server.address"];
  const port = span.attributes["server.port"];
  if (typeof name !== "string") return undefined;
  return typeof port === "number" ? { serviceName: name, port } : { serviceName: name };
}

function tagsOf(span: SpanData): Record<string, string> {
  const tags = { ...stringTags(span.resource.attributes), ...stringTags(span.attributes) };
  if (span.status.code === "unset") return tags;
  tags["otel.status_code"] = span.status.code.toUpperCase();
  // The presence of `error` alone makes the span an error one.
  if (span.status.code === "error") tags.error = span.status.message === "" ? "true" : span.status.message;
  return tags;
}

function stringTags(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, tagText(value)]));
}

function annotation(event: SpanData["events"][number]): string {
  return Object.keys(event.attributes).length === 0
    ? event.name
    : JSON.stringify({ [event.name]: event.attributes });
}

function tagText(value: AttributeValue): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
