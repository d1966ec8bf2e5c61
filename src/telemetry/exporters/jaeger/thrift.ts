import type { ByteWriter } from "../byte-writer.ts";

/** Type bytes of Thrift's binary protocol (apache/thrift, doc/specs/thrift-binary-protocol.md). */
export const thriftType = {
  stop: 0,
  bool: 2,
  double: 4,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  list: 15,
} as const;

export function stringField(out: ByteWriter, field: number, value: string): void {
  header(out, thriftType.string, field);
  const at = out.length;
  out.i32be(0);
  out.utf8(value);
  out.patchU32be(at, out.length - at - 4);
}

export function i32Field(out: ByteWriter, field: number, value: number): void {
  header(out, thriftType.i32, field);
  out.i32be(value);
}

/** @param value a safe integer */
export function i64Field(out: ByteWriter, field: number, value: number): void {
  header(out, thriftType.i64, field);
  out.i64be(value);
}

/** An i64 given as its 16 hex digits, as ids are. */
export function idField(out: ByteWriter, field: number, digits: string): void {
  header(out, thriftType.i64, field);
  out.hex(digits);
}

export function boolField(out: ByteWriter, field: number, value: boolean): void {
  header(out, thriftType.bool, field);
  out.byte(value ? 1 : 0);
}

export function doubleField(out: ByteWriter, field: number, value: number): void {
  header(out, thriftType.double, field);
  out.f64be(value);
}

export function structField(out: ByteWriter, field: number, write: () => void): void {
  header(out, thriftType.struct, field);
  write();
  out.byte(thriftType.stop);
}

/** A list of structs; an empty one is left out. */
export function structList<T>(
  out: ByteWriter,
  field: number,
  items: readonly T[],
  write: (item: T) => void,
): void {
  if (items.length === 0) return;
  header(out, thriftType.list, field);
  out.byte(thriftType.struct);
  out.i32be(items.length);
  for (const item of items) {
    write(item);
    out.byte(thriftType.stop);
  }
}

function header(out: ByteWriter, type: number, field: number): void {
  out.byte(type);
  out.u16be(field);
}
