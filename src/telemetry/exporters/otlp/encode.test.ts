import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { SpanData } from "../../span-data.ts";
import { encodeOtlp } from "./encode.ts";
import { otlpExporter } from "./send.ts";

type Field = { readonly field: number; readonly wire: number; readonly value: bigint | Buffer };

/** A protobuf reader of its own: all fields of one message in order, numbers as bigint, the rest as bytes. */
function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(bytes[at++]!);
      value |= (byte & 0x7fn) << shift;
      if (byte < 0x80n) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [field, wire] = [key >> 3, key & 7];
    if (wire === 0) fields.push({ field, wire, value: varint() });
    else if (wire === 1) {
      fields.push({ field, wire, value: bytes.readBigUInt64LE(at) });
      at += 8;
    } else if (wire === 5) {
      fields.push({ field, wire, value: BigInt(bytes.readUInt32LE(at)) });
      at += 4;
    } else {
      assert.equal(wire, 2);
      const size = Number(varint());
      fields.push({ field, wire, value: bytes.subarray(at, at + size) });
      at += size;
    }
  }
  assert.equal(at, bytes.length);
  return fields;
}

const messages = (fields: readonly Field[], field: number): Field[][] =>
  fields.filter((f) => f.field === field).map((f) => fieldsOf(f.value as Buffer));
const bytes = (fields: readonly Field[], field: number): Buffer | undefined =>
  fields.find((f) => f.field === field)!.value as Buffer | undefined;
const text = (fields: readonly Field[], field: number): string | undefined =>
  bytes(fields, field)?.toString();
const number = (fields: readonly Field[], field: number): bigint | undefined =>
  fields.find((f) => f.field === field)!.value as bigint | undefined;

const resource = { service: "shop", attributes: { "service.instance.id": "shop-1" } };
const span: SpanData = {
  resource,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  traceState: "v=1",
  flags: 3,
  name: "GET /users/{id}",
  kind: "server",
  startUs: 1_795_409_017_282_001,
  durationUs: 2_778,
  attributes: {
    text: "é",
    empty: "",
    yes: true,
    no: false,
    int: 200,
    zero: 0,
    below: -5,
    part: 1.5,
    list: ["a", 1],
  },
  events: [{ timeUs: 1_795_409_017_283_000, name: "miss", attributes: { key: "k" } }],
  links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: { why: "queued" } }],
  status: { code: "error", message: "boom" },
  dropped: { attributes: 1, events: 2, links: 300 },
};

function encoded(spans: readonly SpanData[]): Field[] {
  return fieldsOf(Buffer.from(encodeOtlp(spans)));
}

function spanFields(one: SpanData): Field[] {
  const [resourceSpans] = messages(encoded([one]), 1);
  const [scopeSpans] = messages(resourceSpans!, 2);
  return messages(scopeSpans!, 2)[0]!;
}

/** KeyValue list → name → the one field of its AnyValue. */
function attributesOf(fields: readonly Field[], field: number): Record<string, Field> {
  return Object.fromEntries(
    messages(fields, field).map((entry) => [text(entry, 1), messages(entry, 2)[0]![0]!]),
  );
}

test("every field has the number and the type of opentelemetry/proto/trace/v1", () => {
  const fields = spanFields(span);
  assert.equal(bytes(fields, 1)?.toString("hex"), span.traceId);
  assert.equal(bytes(fields, 2)?.toString("hex"), span.spanId);
  assert.equal(text(fields, 3), "v=1");
  assert.equal(bytes(fields, 4)?.toString("hex"), span.parentSpanId);
  assert.equal(text(fields, 5), "GET /users/{id}");
  assert.equal(number(fields, 6), 2n);
  assert.equal(number(fields, 7), 1_795_409_017_282_001_000n);
  assert.equal(number(fields, 8), 1_795_409_017_284_779_000n);
  assert.equal(number(fields, 10), 1n);
  assert.equal(number(fields, 12), 2n);
  assert.equal(number(fields, 14), 300n);
  assert.equal(number(fields, 16), 3n);
  assert.deepEqual(
    fields.map((f) => f.field),
    fields.map((f) => f.field).toSorted((a, b) => a - b),
  );
});

test("attributes keep their types, and empty values are written out", () => {
  const attributes = attributesOf(spanFields(span), 9);
  assert.equal((attributes.text!.value as Buffer).toString(), "é");
  assert.deepEqual([attributes.empty?.field, (attributes.empty!.value as Buffer).length], [1, 0]);
  assert.deepEqual([attributes.yes?.field, attributes.yes?.value], [2, 1n]);
  assert.deepEqual([attributes.no?.field, attributes.no?.value], [2, 0n]);
  assert.deepEqual([attributes.int?.field, attributes.int?.value], [3, 200n]);
  assert.deepEqual([attributes.zero?.field, attributes.zero?.value], [3, 0n]);
  assert.equal(BigInt.asIntN(64, attributes.below!.value as bigint), -5n);
  assert.deepEqual([attributes.part?.field, attributes.part?.wire], [4, 1]);
  assert.equal(attributes.part?.value, Buffer.from(new Float64Array([1.5]).buffer).readBigUInt64LE());
  const list = messages(fieldsOf(attributes.list!.value as Buffer), 1);
  assert.equal(text(list[0]!, 1), "a");
  assert.equal(number(list[1]!, 3), 1n);
});

test("what is written again is what was written first, however many keys and values there are", () => {
  const value = fc.oneof(fc.string({ maxLength: 90 }), fc.double(), fc.integer(), fc.boolean());
  const asEvent = (attributes: SpanData["attributes"]): Field[] =>
    messages(spanFields({ ...span, attributes: {}, events: [{ timeUs: 1, name: "e", attributes }] }), 11)[0]!;
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 4 }), value, { maxKeys: 12 }), (attributes) => {
      const first = messages(spanFields({ ...span, attributes }), 9);
      assert.deepEqual(messages(spanFields({ ...span, attributes }), 9), first);
      // Attributes of events are written out each time.
      assert.deepEqual(messages(asEvent(attributes), 3), first);
    }),
    { numRuns: 300 },
  );
});

test("events, links and status", () => {
  const fields = spanFields(span);
  const [event] = messages(fields, 11);
  assert.equal(number(event!, 1), 1_795_409_017_283_000_000n);
  assert.equal(text(event!, 2), "miss");
  assert.equal((attributesOf(event!, 3).key!.value as Buffer).toString(), "k");
  const [link] = messages(fields, 13);
  assert.equal(bytes(link!, 1)?.toString("hex"), "c".repeat(32));
  assert.equal(bytes(link!, 2)?.toString("hex"), "d".repeat(16));
  assert.equal((attributesOf(link!, 4).why!.value as Buffer).toString(), "queued");
  const [status] = messages(fields, 15);
  assert.equal(text(status!, 2), "boom");
  assert.equal(number(status!, 3), 2n);
});

test("what says nothing is not written", () => {
  const bare: SpanData = {
    ...span,
    parentSpanId: undefined,
    traceState: undefined,
    flags: 0,
    kind: "internal",
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
    dropped: { attributes: 0, events: 0, links: 0 },
  };
  assert.deepEqual(
    spanFields(bare).map((f) => f.field),
    [1, 2, 5, 6, 7, 8],
  );
  assert.equal(number(messages(spanFields({ ...bare, status: { code: "ok" } }), 15)[0]!, 3), 1n);
});

test("kinds have the numbers of OTLP", () => {
  const kinds = ["internal", "server", "client", "producer", "consumer"] as const;
  assert.deepEqual(
    kinds.map((kind) => number(spanFields({ ...span, kind }), 6)),
    [1n, 2n, 3n, 4n, 5n],
  );
});

test("spans are grouped by the process that made them", () => {
  const other = { service: "bank", attributes: {} };
  const groups = messages(encoded([span, { ...span, resource: other }, span]), 1);
  const services = groups.map((group) =>
    (attributesOf(messages(group, 1)[0]!, 1)["service.name"]!.value as Buffer).toString(),
  );
  assert.deepEqual(services, ["shop", "bank"]);
  assert.deepEqual(
    groups.map((group) => messages(messages(group, 2)[0]!, 2).length),
    [2, 1],
  );
  const own = attributesOf(messages(groups[0]!, 1)[0]!, 1);
  assert.equal((own["service.instance.id"]!.value as Buffer).toString(), "shop-1");
});

test("times are exact to the microsecond over centuries", () => {
  for (const startUs of [0, 1, 4_294_967_295, 4_294_967_296, 1_795_409_017_282_001, 9_000_000_000_000_000]) {
    const fields = spanFields({ ...span, startUs, durationUs: 1 });
    assert.equal(number(fields, 7), BigInt(startUs) * 1000n);
    assert.equal(number(fields, 8), BigInt(startUs + 1) * 1000n);
  }
});

test("no spans are an empty request", () => assert.equal(encodeOtlp([]).length, 0));

test("the request names the protobuf type", () => {
  const [request] = otlpExporter("http://c/v1/traces").encode([span]);
  assert.equal(request?.url, "http://c/v1/traces");
  assert.deepEqual(request?.headers, ["content-type", "application/x-protobuf"]);
});
