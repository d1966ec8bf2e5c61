import { malformed } from "../malformed.ts";

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Reads protobuf fields one after the other (protobuf.dev, Encoding). Bounds are checked at every step, so bytes that
 * lie about their length end in COLLECTOR_MALFORMED.
 */
export class ProtobufReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  /** Field number of the field `next` stopped at. */
  field = 0;
  /** Its wire type. */
  wire = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next field; false at the end. Its value must then be read or skipped. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const key = this.varint();
    this.field = Math.floor(key / 8);
    this.wire = key % 8;
    if (this.field === 0) throw malformed("field number 0");
    return true;
  }

  /** Unsigned; above 2^53 it loses precision, which no field read with it can reach honestly. */
  varint(): number {
    const [low, high] = this.#varint();
    return high * 4_294_967_296 + low;
  }

  /** int64: a number where it is exact, else its decimal text. */
  int64(): number | string {
    const [low, high] = this.#varint();
    const value = (high | 0) * 4_294_967_296 + low;
    if (Number.isSafeInteger(value)) return value;
    return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)).toString();
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  /** A time in nanoseconds as whole microseconds. */
  nanosAsUs(): number {
    const at = this.#take(8);
    const low = this.#bytes.readUInt32LE(at);
    const high = this.#bytes.readUInt32LE(at + 4);
    // (high · 2^32 + low) / 1000 without leaving the exact range: 2^32 = 4,294,967 · 1000 + 296.
    return high * 4_294_967 + Math.floor((high * 296 + low) / 1000);
  }

  text(): string {
    const size = this.varint();
    const at = this.#take(size);
    return this.#bytes.toString("utf8", at, at + size);
  }

  hex(): string {
    const size = this.varint();
    const at = this.#take(size);
    return this.#bytes.toString("hex", at, at + size);
  }

  base64(): string {
    const size = this.varint();
    const at = this.#take(size);
    return this.#bytes.toString("base64", at, at + size);
  }

  /** The message inside this field. */
  message(): ProtobufReader {
    const size = this.varint();
    const at = this.#take(size);
    return new ProtobufReader(this.#bytes, at, at + size);
  }

  /** Checks that the current field is of this wire type; a peer of another opinion is malformed. */
  expect(wire: number): void {
    if (this.wire !== wire) throw malformed(`field ${this.field} has wire type ${this.wire}`);
  }

  skip(): void {
    switch (this.wire) {
      case wireType.varint:
        this.#varint();
        return;
      case wireType.fixed64:
        this.#take(8);
        return;
      case wireType.bytes:
        this.#take(this.varint());
        return;
      case wireType.fixed32:
        this.#take(4);
        return;
      default:
        throw malformed(`wire type ${this.wire}`);
    }
  }

  #take(bytes: number): number {
    const at = this.#at;
    if (bytes > this.#end - at) throw malformed("a field goes beyond the end of its message");
    this.#at = at + bytes;
    return at;
  }

  #varint(): readonly [low: number, high: number] {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else if (shift < 63) high |= bits << (shift - 32);
      else high |= (bits & 1) << 31;
      if (byte < 0x80) return [low >>> 0, high >>> 0];
    }
    throw malformed("a number longer than ten bytes");
  }
}
