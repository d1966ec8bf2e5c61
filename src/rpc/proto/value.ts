import { ByteReader, ByteWriter, WireError, wireType } from "./wire.ts";

/**
 * Any JSON as google.protobuf.Value (struct.proto): null 1, number 2, string 3, bool 4, struct 5, list 6.
 * Numbers are doubles, as in JSON.
 */
export function encodeValue(value: unknown): Uint8Array {
  const writer = new ByteWriter();
  if (value === null || value === undefined) {
    writer.tag(1, wireType.varint);
    writer.varint(0);
  } else if (typeof value === "number") {
    writer.tag(2, wireType.fixed64);
    writer.double(value);
  } else if (typeof value === "string") {
    writer.tag(3, wireType.bytes);
    writer.string(value);
  } else if (typeof value === "boolean") {
    writer.tag(4, wireType.varint);
    writer.varint(value ? 1 : 0);
  } else if (Array.isArray(value)) {
    writer.tag(6, wireType.bytes);
    writer.bytes(encodeList(value));
  } else if (typeof value === "object") {
    writer.tag(5, wireType.bytes);
    writer.bytes(encodeStruct(value));
  } else {
    throw new WireError(`is a ${typeof value}, which is no JSON`);
  }
  return writer.finish();
}

/** Reads a google.protobuf.Value; the last field of its oneof wins. @throws WireError */
export function decodeValue(bytes: Uint8Array, depth: number = 0): unknown {
  if (depth > 100) throw new WireError("is nested more than 100 levels deep");
  const reader = new ByteReader(bytes);
  let value: unknown = null;
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.varint) {
      reader.int64();
      value = null;
    } else if (number === 2 && type === wireType.fixed64) value = reader.double();
    else if (number === 3 && type === wireType.bytes) value = reader.string();
    else if (number === 4 && type === wireType.varint) value = reader.bool();
    else if (number === 5 && type === wireType.bytes) value = decodeStruct(reader.bytes(), depth + 1);
    else if (number === 6 && type === wireType.bytes) value = decodeList(reader.bytes(), depth + 1);
    else reader.skip(type);
  }
  return value;
}

function encodeStruct(value: object): Uint8Array {
  const writer = new ByteWriter();
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined) continue;
    const entry = new ByteWriter();
    entry.tag(1, wireType.bytes);
    entry.string(key);
    entry.tag(2, wireType.bytes);
    entry.bytes(encodeValue(inner));
    writer.tag(1, wireType.bytes);
    writer.bytes(entry.finish());
  }
  return writer.finish();
}

function decodeStruct(bytes: Uint8Array, depth: number): Record<string, unknown> {
  const reader = new ByteReader(bytes);
  const entries: [string, unknown][] = [];
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) entries.push(decodeEntry(reader.bytes(), depth));
    else reader.skip(type);
  }
  return Object.fromEntries(entries);
}

function decodeEntry(bytes: Uint8Array, depth: number): [string, unknown] {
  const reader = new ByteReader(bytes);
  let key = "";
  let value: unknown = null;
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) key = reader.string();
    else if (number === 2 && type === wireType.bytes) value = decodeValue(reader.bytes(), depth + 1);
    else reader.skip(type);
  }
  return [key, value];
}

function encodeList(values: readonly unknown[]): Uint8Array {
  const writer = new ByteWriter();
  for (const value of values) {
    writer.tag(1, wireType.bytes);
    writer.bytes(encodeValue(value));
  }
  return writer.finish();
}

function decodeList(bytes: Uint8Array, depth: number): unknown[] {
  const reader = new ByteReader(bytes);
  const values: unknown[] = [];
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) values.push(decodeValue(reader.bytes(), depth + 1));
    else reader.skip(type);
  }
  return values;
}
