import { isNameAllowed, isValueAllowed } from "../field-rules.ts";
import { errorCode, Http2Error } from "../words.ts";
import { huffmanDecode } from "./huffman.ts";
import { BlockMemo } from "./memo.ts";
import { DynamicTable, entryOverhead, staticSize, staticTable, type TableEntry } from "./table.ts";

/** A decoded header block. */
export interface FieldBlock {
  /** Name and value by turns, in wire order, pseudo fields included. Cut off where it grew too long. */
  readonly fields: readonly string[];
  /** True when one of the fields may stand in no message. */
  readonly malformed: boolean;
  /** True when the list was longer than allowed (RFC 9113 §6.5.2): what was over is not in `fields`. */
  readonly tooLong: boolean;
}

export interface HpackDecoderOptions {
  /** Our SETTINGS_HEADER_TABLE_SIZE. */
  readonly maxTableSize: number;
  /** Octets of a decoded list, as RFC 9113 §6.5.2 counts them. */
  readonly maxListSize: number;
}

/**
 * The receiving end of RFC 7541. A block changes the state of its connection, so it is decoded to its end whatever
 * becomes of its message; what it costs is bounded by its bytes, because a list that is too long is no longer kept.
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #memo = new BlockMemo<FieldBlock>();
  readonly #maxTableSize: number;
  readonly #maxListSize: number;
  #bytes: Buffer = nothing;
  #at = 0;
  #end = 0;

  constructor({ maxTableSize, maxListSize }: HpackDecoderOptions) {
    this.#maxTableSize = maxTableSize;
    this.#maxListSize = maxListSize;
    this.#table = new DynamicTable(maxTableSize);
  }

  /** @throws Http2Error COMPRESSION_ERROR: the connection cannot go on (RFC 9113 §4.3) */
  decode(bytes: Buffer, from: number, end: number): FieldBlock {
    // With entries in the table the same bytes may mean something else, and a change of its size is no field.
    const key =
      this.#table.count === 0 && !isResize(bytes, from) ? this.#memo.keyOf(bytes, from, end) : undefined;
    if (key === undefined) return this.#read(bytes, from, end);
    const known = this.#memo.find(key);
    if (known !== undefined) return known;
    const block = this.#read(bytes, from, end);
    if (this.#table.count === 0) this.#memo.keep(key, block);
    return block;
  }

  #read(bytes: Buffer, from: number, end: number): FieldBlock {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
    const fields: string[] = [];
    let [size, malformed] = [0, false];
    this.#resizes();
    while (this.#at < end) {
      const entry = this.#field();
      size += entry.name.length + entry.value.length + entryOverhead;
      if (entry.malformed) malformed = true;
      if (size <= this.#maxListSize) fields.push(entry.name, entry.value);
    }
    this.#bytes = nothing;
    return { fields, malformed, tooLong: size > this.#maxListSize };
  }

  /** RFC 7541 §4.2: a change of the table's size comes before the first field, and no more than two of them. */
  #resizes(): void {
    for (let count = 0; this.#at < this.#end && isResize(this.#bytes, this.#at); count++) {
      const size = this.#integer(0x1f);
      if (size > this.#maxTableSize || count === 2) throw compression("a table larger than we allowed");
      this.#table.resize(size);
      this.#memo.clear();
    }
  }

  /** RFC 7541 §6. */
  #field(): TableEntry {
    const first = this.#bytes[this.#at] ?? 0;
    if (first & 0x80) return this.#indexed(this.#integer(0x7f));
    if ((first & 0xe0) === 0x20) throw compression("a change of the table's size after a field");
    const keep = (first & 0x40) !== 0;
    const index = this.#integer(keep ? 0x3f : 0x0f);
    // A name of a table was looked at when it came there.
    const named = index === 0 ? undefined : this.#indexed(index);
    const name = named === undefined ? this.#string() : named.name;
    const badName = named === undefined ? !isNameAllowed(name) : named.badName;
    const value = this.#string();
    const entry = { name, value, malformed: badName || !isValueAllowed(value), badName };
    if (keep) this.#table.add(entry);
    return entry;
  }

  #indexed(index: number): TableEntry {
    const entry = index <= staticSize ? staticEntries[index] : this.#table.at(index - staticSize - 1);
    if (entry === undefined) throw compression(`index ${index} is in no table`);
    return entry;
  }

  /** RFC 7541 §5.1; larger than 2^28 is no number anybody needs. */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= this.#end) throw compression("the block ends within a number");
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw compression("a number that is too large");
  }

  /** RFC 7541 §5.2; octets as Latin-1. */
  #string(): string {
    if (this.#at >= this.#end) throw compression("the block ends within a field");
    const huffman = ((this.#bytes[this.#at] ?? 0) & 0x80) !== 0;
    const length = this.#integer(0x7f);
    const from = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw compression("the block ends within a string");
    if (!huffman) return this.#bytes.toString("latin1", from, this.#at);
    const text = huffmanDecode(this.#bytes, from, length);
    if (text === undefined) throw compression("a string that is no Huffman code");
    return text;
  }
}

const nothing = Buffer.alloc(0);

/** RFC 7541 §6.3. */
function isResize(bytes: Buffer, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xe0) === 0x20;
}

/** By index; 0 is none (RFC 7541 §6.1). */
const staticEntries: readonly (TableEntry | undefined)[] = [
  undefined,
  // Fields of one connection stay forbidden however they are written.
  ...staticTable.map(([name, value]) => {
    const badName = !isNameAllowed(name);
    return { name, value, malformed: badName || !isValueAllowed(value), badName };
  }),
];

function compression(message: string): Http2Error {
  return new Http2Error(errorCode.COMPRESSION_ERROR, `a header block with ${message}`);
}
