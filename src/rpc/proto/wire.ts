/** Protobuf's wire format: https://protobuf.dev/programming-guides/encoding/. */

export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** What is wrong with a message or with a value that should become one, and in which field. */
export class WireError extends Error {
  override readonly name = "WireError";
  readonly reason: string;
  /** Names and list positions from the outermost message inwards. */
  readonly path: readonly string[];

  constructor(reason: string, path: readonly string[] = []) {
    super(path.length === 0 ? reason : `${path.join(".")} ${reason}`);
    this.reason = reason;
    this.path = path;
  }
}

/** Grows as it is written to. */
export class ByteWriter {
  #buffer: Buffer;
  #size = 0;

  /** @param headroom bytes left free before what is written, for whoever puts a prefix there */
  constructor(capacity: number = 256, headroom: number = 0) {
    this.#buffer = Buffer.allocUnsafe(Math.max(capacity, headroom));
    this.#size = headroom;
  }

  /** What was written, the headroom before it. */
  finish(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  tag(number: number, type: number): void {
    this.varint(number * 8 + type);
  }

  /** A whole number within ±(2^53 − 1); negative ones take ten bytes (two's complement of 64 bits). */
  varint(value: number): void {
    if (value < 0) {
      this.#varint64(BigInt.asUintN(64, BigInt(value)));
      return;
    }
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#buffer[this.#size++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#size++] = rest;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#size = this.#buffer.writeDoubleLE(value, this.#size);
  }

  string(text: string): void {
    if (text.length <= shortText && this.#ascii(text)) return;
    const length = Buffer.byteLength(text);
    this.varint(length);
    this.#reserve(length);
    this.#size += this.#buffer.write(text, this.#size, length, "utf8");
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.byteLength);
    this.#reserve(bytes.byteLength);
    this.#buffer.set(bytes, this.#size);
    this.#size += bytes.byteLength;
  }

  /** Short texts byte by byte, which is cheaper than leaving the engine twice. False: nothing was written. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const start = this.#size;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#buffer[start + 1 + i] = code;
    }
    this.#buffer[start] = length;
    this.#size = start + 1 + length;
    return true;
  }

  #varint64(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7fn) {
      this.#buffer[this.#size++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#size++] = Number(rest);
  }

  #reserve(more: number): void {
    if (this.#size + more <= this.#buffer.byteLength) return;
    const bigger = Buffer.allocUnsafe(Math.max(this.#buffer.byteLength * 2, this.#size + more));
    this.#buffer.copy(bigger, 0, 0, this.#size);
    this.#buffer = bigger;
  }
}

/** Reads within bounds; every read past the end is a WireError. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer =
      bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#buffer.byteLength;
  }

  /** Field number and wire type. */
  tag(): { readonly number: number; readonly type: number } {
    const first = this.#buffer[this.#at] ?? 0;
    // Numbers up to 15, which is nearly always.
    if (first >= 8 && first < 0x80) {
      this.#at++;
      return { number: first >>> 3, type: first & 7 };
    }
    const { low, high } = this.#varint();
    const number = low >>> 3;
    if (high !== 0 || number === 0) throw new WireError("a field number is out of range");
    return { number, type: low & 7 };
  }

  /** An int64; outside ±(2^53 − 1) a JavaScript number cannot hold it exactly, so it is refused. */
  int64(): number {
    const { low, high } = this.#varint();
    const value = (high | 0) * 4_294_967_296 + low;
    if (!Number.isSafeInteger(value))
      throw new WireError("is outside the range of exact whole numbers, ±(2^53 − 1)");
    return value;
  }

  bool(): boolean {
    const { low, high } = this.#varint();
    return low !== 0 || high !== 0;
  }

  double(): number {
    const at = this.#take(8);
    return this.#buffer.readDoubleLE(at);
  }

  bytes(): Uint8Array {
    const length = this.#length();
    const at = this.#take(length);
    return this.#buffer.subarray(at, at + length);
  }

  /** Strict UTF-8, as proto3 asks. */
  string(): string {
    const length = this.#length();
    const at = this.#take(length);
    if (length <= shortText && this.#isAscii(at, at + length))
      return this.#buffer.toString("latin1", at, at + length);
    try {
      return utf8.decode(this.#buffer.subarray(at, at + length));
    } catch {
      throw new WireError("is not UTF-8");
    }
  }

  /** Passes over a field nobody here knows. */
  skip(type: number): void {
    if (type === wireType.varint) this.#varint();
    else if (type === wireType.fixed64) this.#take(8);
    else if (type === wireType.bytes) this.bytes();
    else if (type === wireType.fixed32) this.#take(4);
    else throw new WireError(`wire type ${type} is not known`);
  }

  #isAscii(from: number, end: number): boolean {
    let bits = 0;
    for (let at = from; at < end; at++) bits |= this.#buffer[at] ?? 0;
    return bits < 0x80;
  }

  #length(): number {
    const first = this.#buffer[this.#at] ?? 0x80;
    if (first < 0x80) {
      this.#at++;
      return first;
    }
    const { low, high } = this.#varint();
    if (high !== 0) throw new WireError("a length is out of range");
    return low;
  }

  #varint(): { low: number; high: number } {
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.#buffer[this.#take(1)] ?? 0;
      const bits = byte & 0x7f;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * (i - 5) + 3);
      if (byte < 0x80) return { low: low >>> 0, high: high >>> 0 };
    }
    throw new WireError("a number is longer than ten bytes");
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#buffer.byteLength)
      throw new WireError("the message ends in the middle of a field");
    this.#at = at + count;
    return at;
  }
}

/** Up to here a loop over the characters costs less than a call into native code. */
const shortText = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true });
