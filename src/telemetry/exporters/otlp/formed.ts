import type { SpanContext } from "../../context.ts";
import { DrawnContext, type DrawnTrace } from "../../drawn-context.ts";
import type { FormedSpan } from "../../formed-span.ts";
import type { AttributeValue } from "../../span-data.ts";
import type { SpanForm, WrittenForm } from "../../span-form.ts";
import { ByteWriter } from "../byte-writer.ts";
import {
  attribute,
  attributes,
  id,
  most,
  ofSpan,
  patchTime,
  spanAttribute,
  spanRoom,
  spanTag,
  text,
  time,
  wire,
  writeFlags,
  writeTitle,
} from "./span.ts";

/**
 * A span as its form stands in all of them, with what is the span's own put in its place. Such spans have no events, no
 * status and no trace state. What the span before it said as well is copied with the form.
 */
export function writeFormed(out: ByteWriter, span: FormedSpan): void {
  const at = out.length;
  const { parent, first, second, startUs, flags } = span;
  const form = parent === undefined ? span.form.root(writeForm) : span.form.child(writeForm);
  const said = form.flags === flags && isWrittenAs(form.first, first) && isWrittenAs(form.second, second);
  const whole = said ? form.whole : undefined;
  out.bytes(whole ?? form.bytes);
  patchTrace(out, at + places.traceId, span.trace);
  patchSpan(out, at + places.spanId, span);
  if (parent !== undefined) patchSpan(out, at + places.parentSpanId, parent);
  patchTime(out, at + form.timesAt + 1, startUs);
  patchTime(out, at + form.timesAt + 10, startUs + span.durationUs);
  if (whole !== undefined) return;
  ownAttribute(out, span.form.first, first);
  ownAttribute(out, span.form.second, second);
  writeFlags(out, flags);
  const stands = out.endPart(at + 1 + spanRoom, spanRoom);
  form.first = first;
  form.second = second;
  form.flags = flags;
  // Said twice, it will be said again.
  form.whole = said && stands ? out.copyFrom(at) : undefined;
}

/** Behind the tag of the span and room for its length: each id behind a tag and a length of its own. */
const places = { traceId: 5, spanId: 23, parentSpanId: 33 } as const;

function writeForm(form: SpanForm, child: boolean): WrittenForm {
  const out = new ByteWriter(512);
  out.byte(spanTag);
  out.beginPart(spanRoom);
  id(out, 1, "0".repeat(32));
  id(out, 2, "0".repeat(16));
  if (child) id(out, 4, "0".repeat(16));
  writeTitle(out, form);
  const timesAt = out.length;
  time(out, 7, 0);
  time(out, 8, 0);
  attributes(out, ofSpan, form.attributes);
  return { bytes: out.finish(), timesAt, first: undefined, second: undefined, flags: 0, whole: undefined };
}

function patchTrace(out: ByteWriter, at: number, trace: DrawnTrace | string): void {
  if (typeof trace === "string") {
    out.patchHex(at, trace);
    return;
  }
  out.patchU32be(at, trace.a);
  out.patchU32be(at + 4, trace.b);
  out.patchU32be(at + 8, trace.c);
  out.patchU32be(at + 12, trace.d);
}

function patchSpan(out: ByteWriter, at: number, context: SpanContext): void {
  if (context instanceof DrawnContext) {
    out.patchU32be(at, context.high);
    out.patchU32be(at + 4, context.low);
  } else out.patchHex(at, context.spanId);
}

/** Zero and its negative are written in different ways. */
function isWrittenAs(one: AttributeValue | undefined, other: AttributeValue | undefined): boolean {
  return one === other && (one !== 0 || Object.is(one, other));
}

function ownAttribute(out: ByteWriter, name: string | undefined, value: AttributeValue | undefined): void {
  if (name === undefined || value === undefined) return;
  // Text that is a span's own is seldom another's: only what stands before it is kept.
  if (typeof value !== "string") spanAttribute(out, name, value);
  else if (!shortText(out, name, value)) attribute(out, ofSpan, name, value);
}

/** An attribute all lengths of which are known before it is written. @returns false, and writes nothing, for another one */
function shortText(out: ByteWriter, key: string, value: string): boolean {
  const before = keyBytes(key);
  const { length } = value;
  if (before === undefined || before.length + length > 120) return false;
  const start = out.length;
  out.byte((ofSpan << 3) | wire.bytes);
  out.byte(before.length + 3 + length);
  out.bytes(before);
  out.byte(2 + length);
  out.byte((1 << 3) | wire.bytes);
  out.byte(length);
  if (out.tryAscii(value)) return true;
  out.backTo(start);
  return false;
}

/** A key with the tag of the value behind it. Few enough are kept that looking at each is the fastest way. */
function keyBytes(key: string): Uint8Array | undefined {
  const at = keptKeys.indexOf(key);
  if (at >= 0) return keptKeyBytes[at];
  if (keptKeys.length >= mostKeys || key.length > most.chars) return undefined;
  const out = new ByteWriter(128);
  text(out, 1, key);
  out.byte((2 << 3) | wire.bytes);
  keptKeys.push(key);
  keptKeyBytes.push(out.finish());
  return keptKeyBytes.at(-1);
}

const mostKeys = 16;
const keptKeys: string[] = [];
const keptKeyBytes: Uint8Array[] = [];
