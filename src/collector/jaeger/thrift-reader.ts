import { malformed } from "../malformed.ts";

const type = {
  stop: 0,
  bool: 2,
  i8: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  text: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const;

const fixedSize: Readonly<Record<number, number>> = {
  [type.bool]: 1,
  [type.i8]: 1,
  [type.double]: 8,
  [type.i16]: 2,
  [type.i32]: 4,
  [type.i64]: 8,
};
const maxDepth = 32;

/** What to do with one field: read its value by `reader`, or return false to have it skipped. */
export type FieldReader = (field: number, kind: number) => boolean;

export const thrift: Readonly<
  Record<"bool" | "double" | "i32" | "i64" | "text" | "struct" | "list", number>
> = type;

/** Reads Thrift's binary protocol (apache/thrift, doc/specs/thrift-binary-protocol.md); every step checks bounds. */
export class ThriftReader {
  readonly #bytes: Buffer;
  #at = 0;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a struct to its end. Fields that `onField` does not want are skipped. */
  struct(onField: FieldReader): void {
    this.#nest(() => {
      for (let kind = this.#u8(); kind !== type.stop; kind = this.#u8()) {
        const field = this.#bytes.readInt16BE(this.#take(2));
        if (!onField(field, kind)) this.#skip(kind);
      }
    });
  }

  /** Reads a list of structs, each by `onItem`. */
  structs(onItem: () => void): void {
    const kind = this.#u8();
    const size = this.i32();
    if (kind !== type.struct && size > 0)
      throw malformed(`a list of type ${kind} where structs were expected`);
    // Even an empty struct is one byte long, so a size beyond what is left is a lie.
    if (size < 0 || size > this.#bytes.length - this.#at) throw malformed("a list longer than its body");
    for (let i = 0; i < size; i++) onItem();
  }

  bool(): boolean {
    return this.#u8() !== 0;
  }

  i32(): number {
    return this.#bytes.readInt32BE(this.#take(4));
  }

  /** A number where that is exact, else its decimal text. */
  i64(): number | string {
    const value = this.#bytes.readBigInt64BE(this.#take(8));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value.toString();
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** An i64 as its 16 hex digits. */
  id(): string {
    const at = this.#take(8);
    return this.#bytes.toString("hex", at, at + 8);
  }

  text(): string {
    const size = this.i32();
    const at = this.#take(size);
    return this.#bytes.toString("utf8", at, at + size);
  }

  base64(): string {
    const size = this.i32();
    const at = this.#take(size);
    return this.#bytes.toString("base64", at, at + size);
  }

  #u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  #skip(kind: number): void {
    const size = fixedSize[kind];
    if (size !== undefined) this.#take(size);
    else if (kind === type.text) this.#take(this.i32());
    else if (kind === type.struct) this.struct(() => false);
    else if (kind === type.list || kind === type.set) this.#skipItems([this.#u8()]);
    else if (kind === type.map) this.#skipItems([this.#u8(), this.#u8()]);
    else throw malformed(`thrift type ${kind}`);
  }

  #skipItems(kinds: readonly number[]): void {
    const size = this.i32();
    if (size < 0 || size > this.#bytes.length - this.#at) throw malformed("a list longer than its body");
    this.#nest(() => {
      for (let i = 0; i < size; i++) for (const kind of kinds) this.#skip(kind);
    });
  }

  #nest(read: () => void): void {
    if (++this.#depth > maxDepth) throw malformed("structs nested too deep");
    read();
    this.#depth--;
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes < 0 || bytes > this.#bytes.length - at)
      throw malformed("a field goes beyond the end of the body");
    this.#at = at + bytes;
    return at;
  }
}
