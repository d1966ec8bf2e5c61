import type { FieldShape, Kind, MessageShape, ScalarType } from "./shape.ts";
import { decodeValue, encodeValue } from "./value.ts";
import { ByteReader, ByteWriter, WireError, wireType } from "./wire.ts";

/** A field with its number. */
export interface ProtoField extends FieldShape {
  readonly number: number;
}

export interface ProtoMessage extends MessageShape {
  readonly fields: readonly ProtoField[];
}

/** Turns JSON values into protobuf bytes and back, for one message and the messages inside it. */
export interface Codec {
  /**
   * @param headroom bytes left free at the beginning, for a prefix; default none
   * @throws WireError naming the field whose value does not fit its type
   */
  encode(value: Readonly<Record<string, unknown>>, headroom?: number): Uint8Array;
  /** Unknown fields are passed over. @throws WireError naming the field whose bytes do not fit its type */
  decode(bytes: Uint8Array): Record<string, unknown>;
}

/** Most levels of messages inside messages, as in the reference implementations. */
const maxDepth = 100;

/** @param messages every message reachable from `name` */
export function codecOf(messages: ReadonlyMap<string, ProtoMessage>, name: string): Codec {
  const tables = new Map<string, Table>();
  for (const message of messages.values()) {
    tables.set(message.name, {
      message,
      byNumber: new Map(message.fields.map((field) => [field.number, field])),
    });
  }
  return {
    encode: (value, headroom = 0) => encodeMessage(tables, name, value, 0, headroom),
    decode: (bytes) => decodeMessage(tables, name, bytes, {}, 0),
  };
}

interface Table {
  readonly message: ProtoMessage;
  readonly byNumber: ReadonlyMap<number, ProtoField>;
}
type Tables = ReadonlyMap<string, Table>;

function tableOf(tables: Tables, name: string): Table {
  const table = tables.get(name);
  if (table === undefined) throw new WireError(`message ${name} is not known`);
  return table;
}

function encodeMessage(
  tables: Tables,
  name: string,
  value: unknown,
  depth: number,
  headroom: number = 0,
): Uint8Array {
  if (depth > maxDepth) throw new WireError(`is nested more than ${maxDepth} levels deep`);
  if (!isRecord(value)) throw new WireError(`must be an object, found ${typeName(value)}`);
  const writer = new ByteWriter(256, headroom);
  let where = "";
  try {
    for (const field of tableOf(tables, name).message.fields) {
      const inner = value[field.name];
      if (inner === undefined || (inner === null && field.presence === "nullable")) continue;
      where = field.name;
      encodeField(tables, writer, field, inner, depth);
    }
  } catch (error) {
    throw within(where, error);
  }
  return writer.finish();
}

function encodeField(
  tables: Tables,
  writer: ByteWriter,
  field: ProtoField,
  value: unknown,
  depth: number,
): void {
  const { kind, number, cardinality } = field;
  if (cardinality === "map") {
    if (!isRecord(value)) throw new WireError(`must be an object, found ${typeName(value)}`);
    for (const [key, inner] of Object.entries(value)) {
      if (inner === undefined) continue;
      const entry = new ByteWriter();
      entry.tag(1, wireType.bytes);
      entry.string(key);
      at(key, () => encodeOne(tables, entry, 2, kind, inner, depth));
      writer.tag(number, wireType.bytes);
      writer.bytes(entry.finish());
    }
    return;
  }
  if (cardinality === "repeated") {
    if (!Array.isArray(value)) throw new WireError(`must be a list, found ${typeName(value)}`);
    encodeList(tables, writer, field, value, depth);
    return;
  }
  // proto3: a field without presence is not sent when it has its type's empty value.
  if (field.presence === "required" && kind.kind === "scalar" && isEmpty(value)) return;
  encodeOne(tables, writer, number, kind, value, depth);
}

function encodeList(
  tables: Tables,
  writer: ByteWriter,
  field: ProtoField,
  values: unknown[],
  depth: number,
): void {
  const { kind, number } = field;
  if (kind.kind !== "scalar" || kind.type === "string") {
    values.forEach((value, i) => {
      at(String(i), () => encodeOne(tables, writer, number, kind, value, depth));
    });
    return;
  }
  if (values.length === 0) return;
  const packed = new ByteWriter();
  values.forEach((value, i) => {
    at(String(i), () => encodeScalar(packed, kind.type, value));
  });
  writer.tag(number, wireType.bytes);
  writer.bytes(packed.finish());
}

function encodeOne(
  tables: Tables,
  writer: ByteWriter,
  number: number,
  kind: Kind,
  value: unknown,
  depth: number,
): void {
  if (kind.kind === "scalar") {
    writer.tag(number, scalarWire[kind.type]);
    encodeScalar(writer, kind.type, value);
    return;
  }
  writer.tag(number, wireType.bytes);
  writer.bytes(
    kind.kind === "value" ? encodeValue(value) : encodeMessage(tables, kind.name, value, depth + 1),
  );
}

const scalarWire = {
  string: wireType.bytes,
  bool: wireType.varint,
  int64: wireType.varint,
  double: wireType.fixed64,
};

function encodeScalar(writer: ByteWriter, type: ScalarType, value: unknown): void {
  if (type === "string" && typeof value === "string") writer.string(value);
  else if (type === "bool" && typeof value === "boolean") writer.varint(value ? 1 : 0);
  else if (type === "double" && typeof value === "number") writer.double(value);
  else if (type === "int64" && typeof value === "number" && Number.isSafeInteger(value)) writer.varint(value);
  else throw new WireError(`must be ${scalarNames[type]}, found ${typeName(value)}`);
}

const scalarNames = { string: "text", bool: "true or false", double: "a number", int64: "a whole number" };

function decodeMessage(
  tables: Tables,
  name: string,
  bytes: Uint8Array,
  into: Record<string, unknown>,
  depth: number,
): Record<string, unknown> {
  if (depth > maxDepth) throw new WireError(`is nested more than ${maxDepth} levels deep`);
  const { message, byNumber } = tableOf(tables, name);
  const reader = new ByteReader(bytes);
  let where = "";
  try {
    while (!reader.done) {
      where = "";
      const { number, type } = reader.tag();
      const field = byNumber.get(number);
      where = field?.name ?? "";
      if (field === undefined) reader.skip(type);
      else decodeField(tables, reader, type, field, into, depth);
    }
  } catch (error) {
    throw within(where, error);
  }
  for (const field of message.fields) {
    if (!Object.hasOwn(into, field.name)) fillAbsent(field, into);
  }
  return into;
}

function decodeField(
  tables: Tables,
  reader: ByteReader,
  type: number,
  field: ProtoField,
  into: Record<string, unknown>,
  depth: number,
): void {
  const { kind, cardinality, name } = field;
  const wanted = kind.kind === "scalar" ? scalarWire[kind.type] : wireType.bytes;
  const before = Object.hasOwn(into, name) ? into[name] : undefined;
  if (cardinality === "map" && type === wireType.bytes) {
    const [key, value] = decodeEntry(tables, reader.bytes(), kind, depth);
    set(into, name, set(isRecord(before) ? before : {}, key, value));
  } else if (cardinality === "repeated") {
    const list: unknown[] = Array.isArray(before) ? before : [];
    if (type === wanted) list.push(decodeOne(tables, reader, kind, undefined, depth));
    else if (type === wireType.bytes) {
      const packed = new ByteReader(reader.bytes());
      while (!packed.done) list.push(decodeOne(tables, packed, kind, undefined, depth));
    } else reader.skip(type);
    set(into, name, list);
  } else if (cardinality === "single" && type === wanted) {
    set(into, name, decodeOne(tables, reader, kind, before, depth));
  } else {
    // A field that changed its type is unknown to us: the wire format's own rule.
    reader.skip(type);
  }
}

function decodeEntry(tables: Tables, bytes: Uint8Array, kind: Kind, depth: number): [string, unknown] {
  const reader = new ByteReader(bytes);
  const wanted = kind.kind === "scalar" ? scalarWire[kind.type] : wireType.bytes;
  let key = "";
  let value: unknown;
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (number === 1 && type === wireType.bytes) key = reader.string();
    else if (number === 2 && type === wanted) value = decodeOne(tables, reader, kind, undefined, depth);
    else reader.skip(type);
  }
  return [key, value === undefined ? emptyOf(tables, kind, depth) : value];
}

function decodeOne(tables: Tables, reader: ByteReader, kind: Kind, before: unknown, depth: number): unknown {
  if (kind.kind === "value") return decodeValue(reader.bytes());
  if (kind.kind === "message") {
    // A message that comes twice is merged, the later fields winning.
    return decodeMessage(tables, kind.name, reader.bytes(), isRecord(before) ? before : {}, depth + 1);
  }
  switch (kind.type) {
    case "string":
      return reader.string();
    case "bool":
      return reader.bool();
    case "double":
      return reader.double();
    case "int64":
      return reader.int64();
  }
}

const empties = { string: "", bool: false, int64: 0, double: 0 } as const;

function emptyOf(tables: Tables, kind: Kind, depth: number): unknown {
  if (kind.kind === "value") return null;
  return kind.kind === "scalar"
    ? empties[kind.type]
    : decodeMessage(tables, kind.name, new Uint8Array(), {}, depth + 1);
}

function fillAbsent(field: ProtoField, into: Record<string, unknown>): void {
  if (field.presence === "nullable") set(into, field.name, null);
  if (field.presence !== "required") return;
  if (field.cardinality === "repeated") set(into, field.name, []);
  else if (field.cardinality === "map") set(into, field.name, {});
  else if (field.kind.kind === "scalar") set(into, field.name, empties[field.kind.type]);
}

/** A key from the wire may be `__proto__`: it must become a plain property and nothing else. */
function set(record: Record<string, unknown>, key: string, value: unknown): Record<string, unknown> {
  if (key === "__proto__") {
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  } else record[key] = value;
  return record;
}

function isEmpty(value: unknown): boolean {
  // −0 is not empty: it must arrive as −0.
  return value === "" || value === false || Object.is(value, 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value;
}

/** Says of what is wrong inside a field which field that is. */
function at(name: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    throw within(name, error);
  }
}

/** The same error, one level further out; an empty name says that no field is to blame. */
function within(name: string, error: unknown): unknown {
  if (!(error instanceof WireError) || name === "") return error;
  return new WireError(error.reason, [name, ...error.path]);
}
