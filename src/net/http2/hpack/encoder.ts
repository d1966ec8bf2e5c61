import type { HeaderList } from "../../exchange.ts";
import { initialTableSize } from "../words.ts";
import { huffmanEncode, huffmanLength } from "./huffman.ts";
import { entryOverhead, staticSize, staticTable } from "./table.ts";

/**
 * The sending end of RFC 7541. The dynamic table is filled once and never turned over: what a connection says again and
 * again becomes one byte each, what varies is written as it is, and a block whose fields are all in the table is kept as
 * bytes and copied from then on.
 */
export class HpackEncoder {
  /** name → value → how many entries were there when it was added. */
  readonly #known = new Map<string, Map<string, number>>();
  /** name → how many entries were there when the first of this name was added. */
  readonly #names = new Map<string, number>();
  /** Header lists of which every field was found in a table, as bytes. */
  readonly #blocks = new Map<HeaderList, Buffer>();
  #count = 0;
  #size = 0;
  #maxSize = initialTableSize;
  /** True when the next block must tell the peer the table's size (RFC 7541 §4.2). */
  #resized = false;
  #into: Buffer = nothing;
  #at = 0;

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. We never use more than the initial 4,096 octets. */
  resize(maxSize: number): void {
    const size = Math.min(maxSize, initialTableSize);
    if (size === this.#maxSize) return;
    this.#maxSize = size;
    this.#resized = true;
    this.#known.clear();
    this.#names.clear();
    this.#blocks.clear();
    this.#count = 0;
    this.#size = 0;
  }

  /** Octets that a block of these fields takes at most. */
  bound(fixed: HeaderList, varying: HeaderList): number {
    const block = this.#blocks.get(fixed);
    let bytes = 12 + (block?.byteLength ?? 0);
    if (block === undefined) for (let i = 0; i < fixed.length; i++) bytes += (fixed[i]?.length ?? 0) + 5;
    for (let i = 0; i < varying.length; i++) bytes += (varying[i]?.length ?? 0) + 5;
    return bytes;
  }

  /**
   * Writes a block. Names are lower-case and both are Latin-1: the caller has checked them.
   *
   * @param fixed fields worth an entry of the table; one list object is one block, also the next time
   * @returns where the block ends
   */
  encode(fixed: HeaderList, varying: HeaderList, into: Buffer, at: number): number {
    this.#into = into;
    this.#at = at;
    if (this.#resized) this.#tellSize();
    this.#fixed(fixed);
    for (let i = 0; i + 1 < varying.length; i += 2) this.#varying(varying[i] ?? "", varying[i + 1] ?? "");
    this.#into = nothing;
    return this.#at;
  }

  #fixed(fixed: HeaderList): void {
    const block = this.#blocks.get(fixed);
    if (block !== undefined) {
      this.#into.set(block, this.#at);
      this.#at += block.byteLength;
      return;
    }
    const start = this.#at;
    const before = this.#count;
    let whole = true;
    for (let i = 0; i + 1 < fixed.length; i += 2) {
      if (!this.#indexed(fixed[i] ?? "", fixed[i + 1] ?? "")) whole = false;
    }
    if (whole && this.#count === before && this.#blocks.size < maxBlocks)
      this.#blocks.set(fixed, Buffer.from(this.#into.subarray(start, this.#at)));
  }

  /** One field worth an entry. False when it stays a literal, because the table is full or the field is a secret. */
  #indexed(name: string, value: string): boolean {
    const found = this.#find(name, value);
    if (found > 0) {
      this.#integer(0x80, 0x7f, found);
      return true;
    }
    const size = name.length + value.length + entryOverhead;
    const secret = habits.get(name)?.secret === true;
    if (secret || this.#size + size > this.#maxSize) {
      this.#literal(secret ? 0x10 : 0, 0x0f, name, value);
      return false;
    }
    this.#literal(0x40, 0x3f, name, value);
    this.#count++;
    this.#size += size;
    // Every new entry moves the others one on.
    this.#blocks.clear();
    const values = this.#known.get(name) ?? new Map<string, number>();
    this.#known.set(name, values.set(value, this.#count));
    if (!this.#names.has(name)) this.#names.set(name, this.#count);
    return true;
  }

  #varying(name: string, value: string): void {
    const habit = habits.get(name);
    if (habit === undefined) {
      this.#literal(0, 0x0f, name, value);
      return;
    }
    // The first of a name is put into the table, so that the others need only point at it.
    if (habit.repeats || (habit.recurs && !this.#names.has(name))) {
      this.#indexed(name, value);
      return;
    }
    const found = habit.values.get(value);
    if (found !== undefined) this.#integer(0x80, 0x7f, found);
    else this.#literal(habit.secret ? 0x10 : 0, 0x0f, name, value);
  }

  #find(name: string, value: string): number {
    const added = this.#known.get(name)?.get(value);
    return added === undefined ? staticIndexOf(name, value) : staticSize + 1 + this.#count - added;
  }

  #literal(pattern: number, mask: number, name: string, value: string): void {
    const index = this.#nameIndex(name);
    this.#integer(pattern, mask, index);
    if (index === 0) this.#string(name, pattern === 0x40);
    this.#string(value, pattern === 0x40);
  }

  /** A table entry with this name, whatever its value; 0 for none. */
  #nameIndex(name: string): number {
    const index = habits.get(name)?.index ?? 0;
    if (index > 0) return index;
    const added = this.#names.get(name);
    return added === undefined ? 0 : staticSize + 1 + this.#count - added;
  }

  /** What is written once and then referred to is packed; for the rest plain bytes cost less time. */
  #string(text: string, packed: boolean): void {
    const length = packed ? huffmanLength(text) : text.length;
    if (packed && length < text.length) {
      this.#integer(0x80, 0x7f, length);
      this.#at = huffmanEncode(text, this.#into, this.#at);
      return;
    }
    this.#integer(0, 0x7f, text.length);
    if (text.length > 24) this.#at += this.#into.write(text, this.#at, "latin1");
    else for (let i = 0; i < text.length; i++) this.#into[this.#at++] = text.charCodeAt(i);
  }

  /** RFC 7541 §5.1. */
  #integer(pattern: number, mask: number, value: number): void {
    if (value < mask) {
      this.#into[this.#at++] = pattern | value;
      return;
    }
    this.#into[this.#at++] = pattern | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.#into[this.#at++] = (rest & 0x7f) | 0x80;
    this.#into[this.#at++] = rest;
  }

  /** Empties the peer's table, then gives it its new size. */
  #tellSize(): void {
    this.#integer(0x20, 0x1f, 0);
    if (this.#maxSize > 0) this.#integer(0x20, 0x1f, this.#maxSize);
    this.#resized = false;
  }
}

const nothing = Buffer.alloc(0);

/** A connection has few kinds of messages; whoever makes a list per message gets no more blocks kept. */
const maxBlocks = 256;

/** Never put into a table, and marked so that no proxy does (RFC 7541 §7.1.3): who can guess can measure. */
const secrets: readonly string[] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

/** Fields that come with few values on one connection, in whatever list they stand. */
const repeating: readonly string[] = [
  ...[":authority", ":scheme", "user-agent", "accept", "accept-encoding", "te", "server", "vary"],
  ...["content-type", "content-encoding", "cache-control", "grpc-encoding", "grpc-accept-encoding"],
];

/** Fields that come again and again with another value each time, and are no secret. */
const recurring: readonly string[] = [
  "traceparent",
  "tracestate",
  "grpc-timeout",
  "x-request-deadline",
  "x-request-id",
];

/** What is known of a field by its name. */
interface Habit {
  /** The first entry of the static table with this name; 0 for none. */
  readonly index: number;
  /** Values of the static table. */
  readonly values: Map<string, number>;
  readonly repeats: boolean;
  readonly recurs: boolean;
  readonly secret: boolean;
}

const habits: ReadonlyMap<string, Habit> = habitsOf();

function habitsOf(): Map<string, Habit> {
  const known = new Map<string, Habit>();
  const add = (name: string, index: number): Habit => {
    const habit = known.get(name) ?? {
      index,
      values: new Map<string, number>(),
      repeats: repeating.includes(name),
      recurs: recurring.includes(name),
      secret: secrets.includes(name),
    };
    known.set(name, habit);
    return habit;
  };
  for (const [i, [name, value]] of staticTable.entries()) add(name, i + 1).values.set(value, i + 1);
  for (const name of [...repeating, ...recurring, ...secrets]) add(name, 0);
  return known;
}

function staticIndexOf(name: string, value: string): number {
  return habits.get(name)?.values.get(value) ?? 0;
}
