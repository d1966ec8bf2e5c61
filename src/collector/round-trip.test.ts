import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { manualClock, TuskerError } from "../kernel/index.ts";
import {
  type Attributes,
  createTracer,
  encodeJaeger,
  encodeOtlp,
  encodeZipkin,
  exporterFor,
  ratioSampler,
  type SpanData,
  SpanForm,
  spanKinds,
} from "../telemetry/index.ts";
import { decodeJaeger } from "./jaeger/decode.ts";
import { decodeOtlp } from "./otlp/decode.ts";
import { decodeOtlpJson } from "./otlp/decode-json.ts";
import { encodeOtlpJson } from "./otlp/encode-json.ts";
import { decodeZipkin } from "./zipkin/decode.ts";

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((digits) => digits.join(""))
    .filter((id) => !/^0+$/.test(id));
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const key = text.filter((name) => name !== "__proto__" && name !== "service.name");
const scalar = fc.oneof(
  text,
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const attributes: fc.Arbitrary<Attributes> = fc.dictionary(
  key,
  fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })),
  { maxKeys: 6, noNullPrototype: true },
);
const us = fc.integer({ min: 0, max: 4_000_000_000_000_000 });
const status: fc.Arbitrary<SpanData["status"]> = fc.oneof(
  fc.constant({ code: "unset" as const }),
  fc.constant({ code: "ok" as const }),
  fc.record({ code: fc.constant("error" as const), message: text }, { noNullPrototype: true }),
);
const resource = fc.record(
  { service: text.filter((name) => name !== ""), attributes },
  { noNullPrototype: true },
);
const counts = fc.nat({ max: 1000 });
const plain = { noNullPrototype: true } as const;

const spanOf = (of: SpanData["resource"]): fc.Arbitrary<SpanData> =>
  fc.record(
    {
      resource: fc.constant(of),
      traceId: hex(32),
      spanId: hex(16),
      parentSpanId: fc.option(hex(16), { nil: undefined }),
      traceState: fc.constantFrom(undefined, "a=1", "a=1,b=2"),
      flags: fc.integer({ min: 0, max: 3 }),
      name: text,
      kind: fc.constantFrom(...spanKinds),
      startUs: us,
      durationUs: fc.nat(),
      attributes,
      events: fc.array(fc.record({ timeUs: us, name: text, attributes }, plain), { maxLength: 3 }),
      links: fc.array(fc.record({ traceId: hex(32), spanId: hex(16), attributes }, plain), { maxLength: 3 }),
      status,
      dropped: fc.record({ attributes: counts, events: counts, links: counts }, plain),
    },
    plain,
  );
const spans = fc
  .array(
    resource.chain((of) => fc.array(spanOf(of), { minLength: 1, maxLength: 4 })),
    { maxLength: 3 },
  )
  .map((groups) => groups.flat());

test("OTLP protobuf: what telemetry writes is what the collector reads", () => {
  fc.assert(
    fc.property(spans, (sent) => {
      assert.deepEqual(decodeOtlp(encodeOtlp(sent)), { spans: sent, rejected: 0 });
    }),
  );
});

test("OTLP protobuf: spans that follow a form are read as if they had said everything themselves", () => {
  const word = fc.record({
    common: attributes,
    own: attributes,
    name: text,
    kind: fc.constantFrom(...spanKinds),
  });
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.boolean(), (words, failing) => {
      const sent: SpanData[] = [];
      const sink = { accept: (span: SpanData) => sent.push(span) };
      const tracer = createTracer({ service: "s", sampler: ratioSampler(1), sink, clock: manualClock() });
      const forms = words.map(
        ({ name, kind, common, own }) => new SpanForm(name, kind, common, Object.keys(own)),
      );
      // Each form twice: it is written once.
      for (const [n, form] of [...forms.entries(), ...forms.entries()]) {
        const span = tracer.startFormed(form, "root").setAttributes(words[n]?.own ?? {});
        if (failing) span.recordError("boom");
        span.end();
      }
      const { spans: read } = decodeOtlp(encodeOtlp(sent));
      assert.deepEqual(
        read.map(({ spanId, name, kind, attributes: said }) => ({ spanId, name, kind, said })),
        sent.map(({ spanId, name, kind, attributes: said }) => ({ spanId, name, kind, said })),
      );
      assert.equal(new Set(read.map(({ spanId }) => spanId)).size, sent.length);
    }),
  );
});

test("OTLP protobuf: spans written one by one, of whatever process, are those that are read", () => {
  fc.assert(
    fc.property(
      fc
        .array(resource, { minLength: 1, maxLength: 3 })
        .chain((of) => fc.array(fc.constantFrom(...of).chain(spanOf))),
      (sent) => {
        const writing = exporterFor("http://127.0.0.1:4318").begin?.();
        assert.ok(writing !== undefined);
        for (const span of sent) writing.add(span);
        const [request] = writing.finish();
        const read = decodeOtlp(Buffer.from(request?.body ?? []));
        assert.equal(read.rejected, 0);
        const groups = Map.groupBy(sent, (span) => span.resource);
        assert.deepEqual(read.spans, [...groups.values()].flat());
      },
    ),
  );
});

test("OTLP JSON: what is written is what is read", () => {
  fc.assert(
    fc.property(spans, (sent) => {
      const wire: unknown = JSON.parse(JSON.stringify(encodeOtlpJson(sent)));
      // -0 is the one number JSON cannot keep.
      assert.deepEqual(withoutNegativeZero(decodeOtlpJson(wire).spans), withoutNegativeZero(sent));
    }),
  );
});

test("Jaeger Thrift keeps identity, times, kind, status and attributes", () => {
  const reserved = /^(span\.kind|error|event|w3c\.|otel\.status)/;
  const usable = resource.chain(spanOf).filter((one) => {
    const names = [one.attributes, ...one.events.map((event) => event.attributes)].flatMap(Object.keys);
    return !names.some((name) => reserved.test(name));
  });
  fc.assert(
    fc.property(usable, (sent) => {
      const [read] = decodeJaeger(encodeJaeger(sent.resource, [sent]));
      const expected = {
        ...sent,
        resource: { ...sent.resource, attributes: listsAsText(sent.resource.attributes) },
        flags: sent.flags & 1,
        attributes: listsAsText(sent.attributes),
        events: sent.events.map((event) => ({ ...event, attributes: listsAsText(event.attributes) })),
        links: sent.links.map((link) => ({ ...link, attributes: {} })),
        dropped: { attributes: 0, events: 0, links: 0 },
      };
      assert.deepEqual(read, expected);
    }),
  );
});

test("Zipkin JSON keeps identity, times, kind, status and attributes as text", () => {
  const usable = resource.chain(spanOf).filter((one) => {
    const names = [one.attributes, one.resource.attributes].flatMap(Object.keys);
    return !names.some((name) => /^(error|otel\.status_code|peer\.|network\.peer|server\.)/.test(name));
  });
  fc.assert(
    fc.property(usable, (sent) => {
      const [read] = decodeZipkin(JSON.parse(JSON.stringify(encodeZipkin([sent]))));
      for (const name of ["traceId", "spanId", "parentSpanId", "name", "kind", "startUs"] as const)
        assert.deepEqual(read?.[name], sent[name]);
      assert.equal(read?.durationUs, Math.max(1, sent.durationUs));
      assert.equal(read?.resource.service, sent.resource.service);
      assert.equal(read?.status.code, sent.status.code);
      assert.deepEqual(
        Object.keys(read?.attributes ?? {}).sort(),
        Object.keys({ ...sent.resource.attributes, ...sent.attributes }).sort(),
      );
    }),
  );
});

const onlyMalformed = (run: () => unknown): void => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED", String(error));
  }
};

test("no bytes make a decoder do anything but read or refuse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      onlyMalformed(() => decodeOtlp(bytes));
      onlyMalformed(() => decodeJaeger(bytes));
    }),
    { numRuns: 500 },
  );
});

test("no damage to a good body makes a decoder do anything but read or refuse", () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(resource.chain(spanOf), damage, fc.nat(), (sent, changes, cut) => {
      for (const [encode, decode] of [
        [() => encodeOtlp([sent]), decodeOtlp],
        [() => encodeJaeger(sent.resource, [sent]), decodeJaeger],
      ] as const) {
        const bytes = Uint8Array.from(encode());
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        onlyMalformed(() => decode(bytes));
        onlyMalformed(() => decode(bytes.subarray(0, cut % bytes.length)));
      }
    }),
    { numRuns: 300 },
  );
});

test("no JSON makes a decoder do anything but read or refuse", () => {
  const shaped = fc.object({
    key: fc.constantFrom(
      "resourceSpans",
      "resource",
      "scopeSpans",
      "spans",
      "attributes",
      "value",
      "traceId",
      "tags",
      "id",
    ),
    maxDepth: 6,
  });
  fc.assert(
    fc.property(fc.oneof(shaped, fc.jsonValue()), (body) => {
      onlyMalformed(() => decodeOtlpJson(body));
      onlyMalformed(() => decodeZipkin(body));
      onlyMalformed(() => decodeZipkin([body]));
    }),
    { numRuns: 300 },
  );
});

function listsAsText(list: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(list).map(([name, value]) => [
      name,
      typeof value === "object" ? JSON.stringify(value) : value,
    ]),
  );
}

function withoutNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
