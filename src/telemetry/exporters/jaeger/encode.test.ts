import assert from "node:assert/strict";
import { test } from "node:test";
import type { SpanData } from "../../span-data.ts";
import { encodeJaeger } from "./encode.ts";
import { jaegerExporter } from "./send.ts";

type Value = bigint | number | boolean | string | Value[] | Map<number, Value>;

/** A reader of Thrift's binary protocol of its own: structs as maps from field number to value. */
function readStruct(bytes: Buffer): Map<number, Value> {
  let at = 0;
  const value = (type: number): Value => {
    switch (type) {
      case 2:
        return bytes[at++] === 1;
      case 4:
        at += 8;
        return bytes.readDoubleBE(at - 8);
      case 8:
        at += 4;
        return bytes.readInt32BE(at - 4);
      case 10:
        at += 8;
        return bytes.readBigInt64BE(at - 8);
      case 11: {
        const size = bytes.readInt32BE(at);
        at += 4 + size;
        return bytes.toString("utf8", at - size, at);
      }
      case 12:
        return struct();
      case 15: {
        const element = bytes[at++]!;
        const size = bytes.readInt32BE(at);
        at += 4;
        return Array.from({ length: size }, () => value(element));
      }
      default:
        throw new Error(`type ${type} at ${at}`);
    }
  };
  const struct = (): Map<number, Value> => {
    const fields = new Map<number, Value>();
    for (let type = bytes[at++]!; type !== 0; type = bytes[at++]!) {
      const field = bytes.readInt16BE(at);
      at += 2;
      fields.set(field, value(type));
    }
    return fields;
  };
  const all = struct();
  assert.equal(at, bytes.length);
  return all;
}

const span: SpanData = {
  resource: { service: "shop", attributes: { "service.instance.id": "shop-1" } },
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentSpanId: "00f067aa0ba902b7",
  traceState: "v=1",
  flags: 3,
  name: "GET é",
  kind: "server",
  startUs: 1_795_409_017_282_001,
  durationUs: 2778,
  attributes: { text: "t", yes: true, int: -7, part: 0.5, list: ["a", 1] },
  events: [{ timeUs: 5, name: "miss", attributes: { key: "k" } }],
  links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: {} }],
  status: { code: "error", message: "boom" },
  dropped: { attributes: 0, events: 0, links: 0 },
};

const batch = readStruct(Buffer.from(encodeJaeger(span.resource, [span])));
const [first] = batch.get(2) as Map<number, Value>[];

function tagsOf(value: Value | undefined): Map<Value | undefined, Value | undefined> {
  const columns = [3, 4, 5, 6];
  return new Map(
    (value as Map<number, Value>[]).map((tag) => [
      tag.get(1),
      tag.get(columns[[0, 1, 2, 3].indexOf(tag.get(2) as number)]!),
    ]),
  );
}

test("the process names the service and carries the resource's attributes", () => {
  const process = batch.get(1) as Map<number, Value>;
  assert.equal(process.get(1), "shop");
  assert.equal(tagsOf(process.get(2)).get("service.instance.id"), "shop-1");
});

test("ids are signed 64-bit halves", () => {
  const signed = (hex: string) => BigInt.asIntN(64, BigInt(`0x${hex}`));
  assert.equal(first?.get(1), signed("8448eb211c80319c"));
  assert.equal(first?.get(2), signed("0af7651916cd43dd"));
  assert.equal(first?.get(3), signed("b7ad6b7169203331"));
  assert.equal(first?.get(4), signed("00f067aa0ba902b7"));
});

test("name, flags and times", () => {
  assert.equal(first?.get(5), "GET é");
  assert.equal(first?.get(7), 1);
  assert.equal(first?.get(8), 1_795_409_017_282_001n);
  assert.equal(first?.get(9), 2778n);
});

test("tags keep their types; kind, state and status are tags", () => {
  assert.deepEqual(
    tagsOf(first?.get(10)),
    new Map<Value, Value>([
      ["text", "t"],
      ["yes", true],
      ["int", -7n],
      ["part", 0.5],
      ["list", '["a",1]'],
      ["span.kind", "server"],
      ["w3c.tracestate", "v=1"],
      ["otel.status_code", "ERROR"],
      ["error", true],
      ["otel.status_description", "boom"],
    ]),
  );
});

test("links follow, events are logs named by their event field", () => {
  const [reference] = first!.get(6) as Map<number, Value>[];
  assert.equal(reference?.get(1), 1);
  assert.equal(reference?.get(4), BigInt.asIntN(64, 0xddddddddddddddddn));
  const [log] = first!.get(11) as Map<number, Value>[];
  assert.equal(log?.get(1), 5n);
  assert.deepEqual(
    [...tagsOf(log?.get(2))],
    [
      ["event", "miss"],
      ["key", "k"],
    ],
  );
});

test("a root has parent 0, and empty lists are left out", () => {
  const bare: SpanData = {
    ...span,
    parentSpanId: undefined,
    traceState: undefined,
    kind: "internal",
    attributes: {},
    events: [],
    links: [],
    status: { code: "unset" },
  };
  const [root] = readStruct(Buffer.from(encodeJaeger(span.resource, [bare]))).get(2) as Map<number, Value>[];
  assert.equal(root?.get(4), 0n);
  assert.deepEqual(
    [6, 10, 11].filter((field) => root?.has(field)),
    [],
  );
});

test("one request per service, for a batch has one process", () => {
  const other = { service: "bank", attributes: {} };
  const requests = jaegerExporter("http://j/api/traces").encode([span, { ...span, resource: other }, span]);
  assert.deepEqual(requests[0]?.headers, ["content-type", "application/x-thrift"]);
  const found = requests.map((request) => readStruct(Buffer.from(request.body)));
  assert.deepEqual(
    found.map((b) => [(b.get(1) as Map<number, Value>).get(1), (b.get(2) as Value[]).length]),
    [
      ["shop", 2],
      ["bank", 1],
    ],
  );
});
