/** Bytes being written, in a buffer that grows. Order of bytes is in the method's name. */
export class ByteWriter {
  #buffer: Buffer;
  /** The same memory, for numbers that are put where they belong in one piece. */
  #view: DataView;
  #length = 0;

  /** @param bytes first size of the buffer */
  constructor(bytes: number = 4096) {
    // Not of the pool: what is written may be sent as it lies here, long after.
    this.#buffer = Buffer.allocUnsafeSlow(bytes);
    this.#view = viewOf(this.#buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far, copied. */
  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length);
  }

  /** The bytes from `at` on, copied. */
  copyFrom(at: number): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, at, this.#length);
  }

  /** The bytes from `at` on, not copied: nothing may be written afterwards. */
  finishFrom(at: number): Uint8Array {
    return this.#buffer.subarray(at, this.#length);
  }

  /** Itself, to be written anew. */
  emptied(): this {
    this.#length = 0;
    return this;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** Little endian 32 bits; takes any number modulo 2^32. */
  u32le(value: number): void {
    this.#reserve(4);
    this.#length += 4;
    this.patchU32le(this.#length - 4, value);
  }

  /** Overwrites four bytes at `at`. */
  patchU32le(at: number, value: number): void {
    this.#view.setUint32(at, value, true);
  }

  /** The same, big endian. */
  patchU32be(at: number, value: number): void {
    this.#view.setUint32(at, value);
  }

  u16be(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
  }

  i32be(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value | 0, this.#length);
  }

  /** @param value a safe integer */
  i64be(value: number): void {
    this.#reserve(8);
    const high = Math.floor(value / 4_294_967_296);
    this.#length = this.#buffer.writeInt32BE(high | 0, this.#length);
    this.#length = this.#buffer.writeUInt32BE((value - high * 4_294_967_296) >>> 0, this.#length);
  }

  f64le(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  f64be(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleBE(value, this.#length);
  }

  /** @param digits an even number of lowercase hex digits */
  hex(digits: string): void {
    this.#reserve(digits.length >> 1);
    this.#length += digits.length >> 1;
    this.patchHex(this.#length - (digits.length >> 1), digits);
  }

  /** Overwrites what stands at `at`. */
  patchHex(at: number, digits: string): void {
    // Ids are short: a loop beats the call into native code.
    const buffer = this.#buffer;
    let to = at;
    for (let from = 0; from + 1 < digits.length; from += 2)
      buffer[to++] = (nibble(digits.charCodeAt(from)) << 4) | nibble(digits.charCodeAt(from + 1));
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#reserve(length);
    const to = this.#length;
    this.#length = to + length;
    if (length > 40) {
      this.#buffer.set(bytes, to);
      return;
    }
    // As above: a call costs more than so few bytes.
    const buffer = this.#buffer;
    for (let i = 0; i < length; i++) buffer[to + i] = bytes[i] ?? 0;
  }

  /** Unsigned LEB128 of a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest > 0x7f) {
      // Beyond 32 bits the bit operators would cut the number.
      this.#buffer[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  /** UTF-8; a lone surrogate becomes U+FFFD. */
  utf8(text: string): void {
    this.#reserve(text.length * 3);
    // Names are short and plain; a loop beats the call into native code up to about this length.
    if (text.length <= 24 && this.tryAscii(text)) return;
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  /** @returns false, and writes nothing, when there is more than ASCII in it */
  tryAscii(text: string): boolean {
    const { length } = text;
    this.#reserve(length);
    const buffer = this.#buffer;
    const start = this.#length;
    for (let at = 0; at < length; at++) {
      const unit = text.charCodeAt(at);
      if (unit > 0x7f) return false;
      buffer[start + at] = unit;
    }
    this.#length = start + length;
    return true;
  }

  /** Forgets what was written from `at` on. */
  backTo(at: number): void {
    this.#length = at;
  }

  /**
   * Begins a part with its length in front; gives what `endPart` wants. Parts nest.
   *
   * @param room bytes kept free for the length: 1 is enough for 127, 2 for 16,383
   */
  beginPart(room: number = 1): number {
    this.#reserve(room);
    this.#length += room;
    return this.#length;
  }

  /**
   * Ends a part. With the room it was given it is nearly always where it must be; otherwise it is moved, which is cheaper
   * than measuring all parts before writing them.
   *
   * @returns false when it was moved
   */
  endPart(start: number, room: number = 1): boolean {
    const size = this.#length - start;
    const buffer = this.#buffer;
    if (room === 1 && size <= 0x7f) buffer[start - 1] = size;
    else if (room === 2 && size > 0x7f && size <= 0x3fff) {
      buffer[start - 2] = (size & 0x7f) | 0x80;
      buffer[start - 1] = size >>> 7;
    } else {
      this.#movePart(start, room, size);
      return false;
    }
    return true;
  }

  /** Puts bytes where they were left room for, ending before `end`; gives where they begin. */
  putBefore(end: number, bytes: Uint8Array): number {
    this.#buffer.set(bytes, end - bytes.length);
    return end - bytes.length;
  }

  #movePart(start: number, room: number, size: number): void {
    let needed = 1;
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 128)) needed++;
    // As much as a length may want, while the part still counts as written: a buffer that grows takes it along.
    this.#reserve(8);
    this.#buffer.copyWithin(start - room + needed, start, this.#length);
    this.#length = start - room;
    this.varint(size);
    this.#length += size;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(wanted, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
    this.#view = viewOf(grown);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** The value of one of the units `0`–`9`, `a`–`f`. Digits are random: to branch on them is to guess wrong half the time. */
function nibble(unit: number): number {
  return (unit & 0x0f) + 9 * (unit >> 6);
}
