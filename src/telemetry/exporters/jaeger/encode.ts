import type { Attributes, AttributeValue, Resource, SpanData, SpanEvent } from "../../span-data.ts";
import { ByteWriter } from "../byte-writer.ts";
import {
  boolField,
  doubleField,
  i32Field,
  i64Field,
  idField,
  stringField,
  structField,
  structList,
  thriftType,
} from "./thrift.ts";

type Tag = readonly [key: string, value: AttributeValue];

/** `TagType` and `SpanRefType` of jaegertracing/jaeger-idl, thrift/jaeger.thrift. */
const tagType = { string: 0, double: 1, bool: 2, long: 3 } as const;
const followsFrom = 1;

/** One `Batch` in Thrift's binary protocol; tags after OpenTelemetry's Jaeger mapping. */
export function encodeJaeger(resource: Resource, spans: readonly SpanData[]): Uint8Array {
  const out = new ByteWriter(256 + spans.length * 512);
  structField(out, 1, () => {
    stringField(out, 1, resource.service);
    structList(out, 2, tagsOf(resource.attributes), (tag) => writeTag(out, tag));
  });
  structList(out, 2, spans, (span) => writeSpan(out, span));
  out.byte(thriftType.stop);
  return out.finish();
}

function writeSpan(out: ByteWriter, span: SpanData): void {
  idField(out, 1, span.traceId.slice(16));
  idField(out, 2, span.traceId.slice(0, 16));
  idField(out, 3, span.spanId);
  idField(out, 4, span.parentSpanId ?? "0000000000000000");
  stringField(out, 5, span.name);
  structList(out, 6, span.links, (link) => {
    i32Field(out, 1, followsFrom);
    idField(out, 2, link.traceId.slice(16));
    idField(out, 3, link.traceId.slice(0, 16));
    idField(out, 4, link.spanId);
  });
  i32Field(out, 7, span.flags & 1);
  i64Field(out, 8, span.startUs);
  i64Field(out, 9, span.durationUs);
  structList(out, 10, spanTags(span), (tag) => writeTag(out, tag));
  structList(out, 11, span.events, (event) => writeLog(out, event));
}

function writeLog(out: ByteWriter, event: SpanEvent): void {
  i64Field(out, 1, event.timeUs);
  structList(out, 2, [["event", event.name] as const, ...tagsOf(event.attributes)], (tag) =>
    writeTag(out, tag),
  );
}

function writeTag(out: ByteWriter, [key, value]: Tag): void {
  stringField(out, 1, key);
  if (typeof value === "boolean") {
    i32Field(out, 2, tagType.bool);
    boolField(out, 5, value);
  } else if (typeof value === "number" && Number.isSafeInteger(value) && !Object.is(value, -0)) {
    i32Field(out, 2, tagType.long);
    i64Field(out, 6, value);
  } else if (typeof value === "number") {
    i32Field(out, 2, tagType.double);
    doubleField(out, 4, value);
  } else {
    i32Field(out, 2, tagType.string);
    stringField(out, 3, typeof value === "string" ? value : JSON.stringify(value));
  }
}

function spanTags(span: SpanData): readonly Tag[] {
  const tags: Tag[] = [...tagsOf(span.attributes)];
  if (span.kind !== "internal") tags.push(["span.kind", span.kind]);
  if (span.traceState !== undefined) tags.push(["w3c.tracestate", span.traceState]);
  if (span.status.code === "unset") return tags;
  tags.push(["otel.status_code", span.status.code.toUpperCase()]);
  if (span.status.code === "error") {
    tags.push(["error", true]);
    if (span.status.message !== "") tags.push(["otel.status_description", span.status.message]);
  }
  return tags;
}

function tagsOf(attributes: Attributes): readonly Tag[] {
  return Object.entries(attributes);
}
