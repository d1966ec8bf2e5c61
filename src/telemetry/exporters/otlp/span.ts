import {
  type Attributes,
  type AttributeValue,
  type Resource,
  type SpanData,
  type SpanEvent,
  type SpanLink,
  type SpanStatus,
  spanKinds,
} from "../../span-data.ts";
import { ByteWriter } from "../byte-writer.ts";

/**
 * Messages of OTLP 1.x, each with its tag; field numbers are those of opentelemetry/proto/{trace,common,resource}/v1.
 */
export function writeResource(out: ByteWriter, resource: Resource): void {
  const at = open(out, 1);
  attribute(out, 1, "service.name", resource.service);
  attributes(out, 1, resource.attributes);
  out.endPart(at);
}

export function writeScope(out: ByteWriter, name: string): void {
  const at = open(out, 1);
  text(out, 1, name);
  out.endPart(at);
}

/** Nearly every span is longer than 127 bytes. */
export const spanRoom = 2;

export function writeSpan(out: ByteWriter, span: SpanData): void {
  out.byte(spanTag);
  const at = out.beginPart(spanRoom);
  id(out, 1, span.traceId);
  id(out, 2, span.spanId);
  if (span.traceState !== undefined) text(out, 3, span.traceState);
  if (span.parentSpanId !== undefined) id(out, 4, span.parentSpanId);
  writeTitle(out, span);
  time(out, 7, span.startUs);
  time(out, 8, span.startUs + span.durationUs);
  spanAttributes(out, span.attributes);
  number(out, 10, span.dropped.attributes);
  for (const event of span.events) writeEvent(out, event);
  number(out, 12, span.dropped.events);
  for (const link of span.links) writeLink(out, link);
  number(out, 14, span.dropped.links);
  writeStatus(out, span.status);
  writeFlags(out, span.flags);
  out.endPart(at, spanRoom);
}

/** Of ScopeSpans.spans. */
export const spanTag = 0x12;

export function writeTitle(out: ByteWriter, { name, kind }: Pick<SpanData, "name" | "kind">): void {
  text(out, 5, name);
  number(out, 6, spanKinds.indexOf(kind) + 1);
}

export function writeFlags(out: ByteWriter, flags: number): void {
  if (flags === 0) return;
  out.varint((16 << 3) | wire.fixed32);
  out.u32le(flags);
}

/** Number of the field of a span's attributes. */
export const ofSpan = 9;

function writeEvent(out: ByteWriter, event: SpanEvent): void {
  const at = open(out, 11);
  time(out, 1, event.timeUs);
  text(out, 2, event.name);
  attributes(out, 3, event.attributes);
  out.endPart(at);
}

function writeLink(out: ByteWriter, link: SpanLink): void {
  const at = open(out, 13);
  id(out, 1, link.traceId);
  id(out, 2, link.spanId);
  attributes(out, 4, link.attributes);
  out.endPart(at);
}

function writeStatus(out: ByteWriter, status: SpanStatus): void {
  if (status.code === "unset") return;
  const at = open(out, 15);
  if (status.code === "error") text(out, 2, status.message);
  number(out, 3, status.code === "ok" ? 1 : 2);
  out.endPart(at);
}

export function attributes(out: ByteWriter, field: number, list: Attributes): void {
  for (const key in list) {
    const value = list[key];
    if (value !== undefined) attribute(out, field, key, value);
  }
}

function spanAttributes(out: ByteWriter, list: Attributes): void {
  for (const key in list) {
    const value = list[key];
    if (value !== undefined) spanAttribute(out, key, value);
  }
}

export function spanAttribute(out: ByteWriter, key: string, value: AttributeValue): void {
  const bytes = typeof value === "object" ? undefined : usual(key, value);
  if (bytes === undefined) attribute(out, ofSpan, key, value);
  else out.bytes(bytes);
}

/**
 * A span's attribute in its final form, where it is kept. Spans of a process say the same over and over: most of what
 * they say is copied from where it was written once. A key whose values differ is written out each time.
 */
function usual(key: string, value: string | number | boolean): Uint8Array | undefined {
  // A Map takes -0 for 0, which is written otherwise.
  if (value === 0 || (typeof value === "string" && value.length > most.chars)) return undefined;
  let values = kept.get(key);
  if (values === undefined) {
    if (kept.size >= most.keys) return undefined;
    values = new Map();
    kept.set(key, values);
  }
  const found = values.get(value);
  if (found !== undefined || values.size >= most.values) return found;
  const out = new ByteWriter(64);
  attribute(out, ofSpan, key, value);
  const bytes = out.finish();
  values.set(value, bytes);
  return bytes;
}

/** Bounds of what is kept: a megabyte at most. */
export const most = { keys: 64, values: 64, chars: 80 } as const;
const kept = new Map<string, Map<string | number | boolean, Uint8Array>>();

export function attribute(out: ByteWriter, field: number, key: string, value: AttributeValue): void {
  const at = open(out, field);
  text(out, 1, key);
  anyValue(out, 2, value);
  out.endPart(at);
}

/** AnyValue is a oneof, so an empty string, false and 0 are written out: absent would mean "no value". */
function anyValue(out: ByteWriter, field: number, value: AttributeValue): void {
  const at = open(out, field);
  if (typeof value === "string") {
    const start = open(out, 1);
    out.utf8(value);
    out.endPart(start);
  } else if (typeof value === "boolean") {
    out.byte((2 << 3) | wire.varint);
    out.byte(value ? 1 : 0);
  } else if (typeof value === "number") numeric(out, value);
  else {
    const list = open(out, 5);
    for (const element of value) anyValue(out, 1, element);
    out.endPart(list);
  }
  out.endPart(at);
}

function numeric(out: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    out.byte((4 << 3) | wire.fixed64);
    out.f64le(value);
    return;
  }
  out.byte((3 << 3) | wire.varint);
  if (value >= 0) out.varint(value);
  else negative(out, value);
}

/** int64 below zero is its two's complement in ten bytes. */
function negative(out: ByteWriter, value: number): void {
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) out.byte(Number(rest & 0x7fn) | 0x80);
  out.byte(Number(rest));
}

export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Begins a length-delimited field; `out.endPart` ends it. */
function open(out: ByteWriter, field: number): number {
  out.varint((field << 3) | wire.bytes);
  return out.beginPart();
}

export function text(out: ByteWriter, field: number, value: string): void {
  if (value === "") return;
  const at = open(out, field);
  out.utf8(value);
  out.endPart(at);
}

export function id(out: ByteWriter, field: number, digits: string): void {
  out.byte((field << 3) | wire.bytes);
  out.byte(digits.length >> 1);
  out.hex(digits);
}

function number(out: ByteWriter, field: number, value: number): void {
  if (value === 0) return;
  out.varint((field << 3) | wire.varint);
  out.varint(value);
}

export function time(out: ByteWriter, field: number, us: number): void {
  out.byte((field << 3) | wire.fixed64);
  const at = out.length;
  out.u32le(0);
  out.u32le(0);
  patchTime(out, at, us);
}

/** Nanoseconds since the epoch do not fit in a double, so the two halves are computed apart. */
export function patchTime(out: ByteWriter, at: number, us: number): void {
  const high = Math.floor(us / 4_294_967_296);
  const low = (us - high * 4_294_967_296) * 1000;
  const carried = Math.floor(low / 4_294_967_296);
  out.patchU32le(at, low - carried * 4_294_967_296);
  out.patchU32le(at + 4, high * 1000 + carried);
}
