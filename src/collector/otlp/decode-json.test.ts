import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { decodeOtlpJson } from "./decode-json.ts";

const ids = { traceId: "5B8EFFF798038103D269B633813FC60C", spanId: "EEE19B7EC3C1B174" };
const body = (...spans: unknown[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "my.service" } }] },
      scopeSpans: [{ scope: { name: "my.library" }, spans }],
    },
  ],
});
const one = (span: object) => decodeOtlpJson(body({ ...ids, ...span })).spans[0];
const attributes = (...values: [string, unknown][]) => ({
  attributes: values.map(([key, value]) => ({ key, value })),
});

test("ids of either case, times as number or text, enums as numbers", () => {
  const span = one({
    parentSpanId: "EEE19B7EC3C1B173",
    name: "I'm a server span",
    startTimeUnixNano: 1544712660000000000,
    endTimeUnixNano: "1544712661000000000",
    kind: 2,
    flags: 1,
    status: { code: 2, message: "no" },
  });
  assert.equal(span?.traceId, ids.traceId.toLowerCase());
  assert.equal(span?.spanId, ids.spanId.toLowerCase());
  assert.equal(span?.parentSpanId, "eee19b7ec3c1b173");
  assert.equal(span?.startUs, 1_544_712_660_000_000);
  assert.equal(span?.durationUs, 1_000_000);
  assert.equal(span?.kind, "server");
  assert.equal(span?.flags, 1);
  assert.deepEqual(span?.status, { code: "error", message: "no" });
  assert.equal(span?.resource.service, "my.service");
});

test("values of every type", () => {
  const span = one(
    attributes(
      ["text", { stringValue: "" }],
      ["bool", { boolValue: false }],
      ["int", { intValue: "-7" }],
      ["number", { intValue: 7 }],
      ["huge", { intValue: "9223372036854775807" }],
      ["double", { doubleValue: 0.5 }],
      ["infinite", { doubleValue: "Infinity" }],
      ["bytes", { bytesValue: "AQID" }],
      [
        "list",
        { arrayValue: { values: [{ stringValue: "a" }, { intValue: 1 }, { arrayValue: { values: [] } }] } },
      ],
      ["map", { kvlistValue: { values: [{ key: "k", value: { boolValue: true } }] } }],
      ["none", {}],
    ),
  );
  assert.deepEqual(span?.attributes, {
    text: "",
    bool: false,
    int: -7,
    number: 7,
    huge: "9223372036854775807",
    double: 0.5,
    infinite: Number.POSITIVE_INFINITY,
    bytes: "AQID",
    list: ["a", 1, "[]"],
    map: '{"k":true}',
  });
});

test("unknown members and nulls are ignored, everything may be absent", () => {
  assert.deepEqual(decodeOtlpJson({}), { spans: [], rejected: 0 });
  assert.deepEqual(decodeOtlpJson({ resourceSpans: null }), { spans: [], rejected: 0 });
  const span = one({ future: { a: [1] }, name: null, events: null, status: null, deprecated: true });
  assert.deepEqual([span?.name, span?.events, span?.status], ["", [], { code: "unset" }]);
});

test("events and links", () => {
  const span = one({
    events: [{ timeUnixNano: "5000", name: "e", ...attributes(["a", { intValue: 1 }]) }],
    links: [{ traceId: "A".repeat(32), spanId: "B".repeat(16) }],
  });
  assert.deepEqual(span?.events, [{ timeUs: 5, name: "e", attributes: { a: 1 } }]);
  assert.deepEqual(span?.links, [{ traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: {} }]);
});

test("base64 ids, as plain protobuf JSON has them, are counted as impossible", () => {
  const wrong = { traceId: "W47/95gDgQPSabYzgT/GDA==", spanId: "7uGbfsPBsXQ=" };
  assert.deepEqual(decodeOtlpJson(body(wrong, ids, {})).rejected, 2);
});

test("members of a wrong kind are refused", () => {
  const wrong: unknown[] = [
    [],
    "text",
    { resourceSpans: {} },
    { resourceSpans: ["x"] },
    body({ ...ids, name: 5 }),
    body({ ...ids, kind: "SPAN_KIND_SERVER" }),
    body({ ...ids, startTimeUnixNano: "soon" }),
    body({ ...ids, attributes: { a: 1 } }),
    body({ ...ids, ...attributes(["a", "bare"]) }),
  ];
  for (const each of wrong) {
    assert.throws(
      () => decodeOtlpJson(each),
      (error) => error instanceof TuskerError && error.code === "COLLECTOR_MALFORMED",
      JSON.stringify(each),
    );
  }
});
