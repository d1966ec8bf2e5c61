/** Bytes being written, in a buffer that grows. Order of bytes is in the method's name. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  /** @param bytes first size of the buffer */
  constructor(bytes = 4096) {
    this.#buffer = Buffer.allocUnsafe(bytes);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written so far, copied. */
  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#buffer, 0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** Little endian 32 bits; takes any number modulo 2^32. */
  u32le(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32LE(value >>> 0, this.#length);
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
    // Ids are short: a loop beats the call into native code.
    const buffer = this.#buffer;
    let to = this.#length;
    for (let at = 0; at + 1 < digits.length; at += 2)
      buffer[to++] = (nibble(digits.charCodeAt(at)) << 4) | nibble(digits.charCodeAt(at + 1));
    this.#length = to;
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
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
    if (text.length <= 24) {
      const start = this.#length;
      let at = 0;
      for (; at < text.length; at++) {
        const unit = text.charCodeAt(at);
        if (unit > 0x7f) break;
        this.#buffer[start + at] = unit;
      }
      if (at === text.length) {
        this.#length = start + at;
        return;
      }
    }
    this.#length += this.#buffer.write(text, this.#length, "utf8");
  }

  /** Begins a part with its length in front; gives what `endPart` wants. Parts nest. */
  beginPart(): number {
    this.byte(0);
    return this.#length;
  }

  /**
   * Ends a part. Nearly all parts are shorter than 128 bytes, for which the one byte kept free is enough; a longer
   * one is moved to make room, which is cheaper than measuring all parts before writing them.
   */
  endPart(start: number): void {
    const size = this.#length - start;
    if (size <= 0x7f) {
      this.#buffer[start - 1] = size;
      return;
    }
    let more = 0;
    for (let rest = size; rest > 0x7f; rest = Math.floor(rest / 128)) more++;
    this.#reserve(more);
    this.#buffer.copyWithin(start + more, start, this.#length);
    this.#length = start - 1;
    this.varint(size);
    this.#length += size;
  }

  /** Overwrites four bytes at `at`. */
  patchI32be(at: number, value: number): void {
    this.#buffer.writeInt32BE(value, at);
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(wanted, this.#buffer.length * 2));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/** The value of one of the units `0`–`9`, `a`–`f`. */
function nibble(unit: number): number {
  return unit <= 0x39 ? unit - 0x30 : unit - 0x57;
}
