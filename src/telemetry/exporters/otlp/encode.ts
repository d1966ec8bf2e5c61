import { FormedSpan } from "../../formed-span.ts";
import type { Resource, SpanData } from "../../span-data.ts";
import { ByteWriter } from "../byte-writer.ts";
import { writeFormed } from "./formed.ts";
import { writeResource, writeScope, writeSpan } from "./span.ts";

/**
 * `ExportTraceServiceRequest` of OTLP 1.x in protobuf, canonical: fields in order, no empty ones, shortest lengths.
 */
export function encodeOtlp(spans: readonly SpanData[]): Uint8Array {
  const request = new OtlpRequest(new ByteWriter(256 + spans.length * 320));
  for (const span of spans) request.add(span);
  return request.finish();
}

/**
 * The same, written span by span: what a span said is dead when it ends, and only its bytes wait for the others. Kept
 * whole until a batch is full, thousands of spans would be moved from one generation of the heap to the next.
 */
export class OtlpRequest {
  readonly #out: ByteWriter;
  readonly #groups = new Map<Resource, Group>();
  #bytes = 0;
  /** The group of the last span; nearly all spans are of one. */
  #last: Group | undefined;

  /** @param out empty; what `finish` gives lies in it */
  constructor(out: ByteWriter) {
    this.#out = out;
  }

  /** @returns bytes so far */
  add(span: SpanData): number {
    const last = this.#last;
    const group = last !== undefined && last.resource === span.resource ? last : this.#groupOf(span.resource);
    const before = group.out.length;
    if (span instanceof FormedSpan && span.traceState === undefined) writeFormed(group.out, span);
    else writeSpan(group.out, span);
    this.#bytes += group.out.length - before;
    return this.#bytes;
  }

  /** The request. Nothing may be added afterwards. */
  finish(): Uint8Array {
    const parts = [...this.#groups.values()].map(finished);
    const [only] = parts;
    if (only === undefined) return new Uint8Array();
    return parts.length === 1 ? only : Buffer.concat(parts);
  }

  #groupOf(resource: Resource): Group {
    const known = this.#groups.get(resource);
    const group = known ?? begun(resource, this.#groups.size === 0 ? this.#out : new ByteWriter());
    if (known === undefined) this.#groups.set(resource, group);
    this.#last = group;
    return group;
  }
}

/** The spans of one resource, behind room for what stands before them and has their length in it. */
interface Group {
  readonly resource: Resource;
  /** Field `resource` of ResourceSpans. */
  readonly head: Uint8Array;
  readonly out: ByteWriter;
}

function begun(resource: Resource, out: ByteWriter): Group {
  const head = headOf(resource);
  out.beginPart(head.length + mostAround);
  return { resource, head, out };
}

/** Every batch of a process begins with the same bytes; gone with the resource. */
const heads = new WeakMap<Resource, Uint8Array>();

function headOf(resource: Resource): Uint8Array {
  let head = heads.get(resource);
  if (head === undefined) {
    const out = new ByteWriter(256);
    writeResource(out, resource);
    head = out.finish();
    heads.set(resource, head);
  }
  return head;
}

/** Two tags with lengths, and the scope. */
const mostAround = 2 * 9 + 16;

function finished({ head, out }: Group): Uint8Array {
  const spansAt = head.length + mostAround;
  const scopeSpans = scope.length + out.length - spansAt;
  const tagged = (bytes: number): number => 1 + varintBytes(bytes) + bytes;
  // ExportTraceServiceRequest.resource_spans, then ResourceSpans.scope_spans.
  before.emptied();
  before.byte(0x0a);
  before.varint(head.length + tagged(scopeSpans));
  before.bytes(head);
  before.byte(0x12);
  before.varint(scopeSpans);
  before.bytes(scope);
  return out.finishFrom(out.putBefore(spansAt, before.finishFrom(0)));
}

/** Used again for each batch: memory outside the heap counts against it. */
const before = new ByteWriter(256);

const scope = writtenScope();

function writtenScope(): Uint8Array {
  const out = new ByteWriter(16);
  writeScope(out, "tusker");
  return out.finish();
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
