/** The tables of RFC 7541: the static one of Appendix A and the dynamic one of §2.3.2. */

/** Name and value of index 1 to 61. */
export const staticTable: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

export const staticSize = 61;

/** What an entry counts beyond its bytes (RFC 7541 §4.1). */
export const entryOverhead = 32;

/** One field of a table. */
export interface TableEntry {
  readonly name: string;
  readonly value: string;
  /** True when the field may stand in no message (RFC 9113 §8.2.1): told again with every reference. */
  readonly malformed: boolean;
  /** True when it is the name that may not, whatever the value. */
  readonly badName: boolean;
}

/** The receiver's dynamic table: the newest entry has index 62. Nothing is allocated before the first entry. */
export class DynamicTable {
  /** A ring; its length is a power of two. */
  #ring: (TableEntry | undefined)[] = [];
  /** Where the next entry goes; only the low bits count. */
  #next = 0;
  #count = 0;
  #size = 0;
  #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** Octets as RFC 7541 §4.1 counts them. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#count;
  }

  /** @param index 0 is the newest */
  at(index: number): TableEntry | undefined {
    return index < this.#count ? this.#ring[(this.#next - 1 - index) & (this.#ring.length - 1)] : undefined;
  }

  /** RFC 7541 §4.4: an entry larger than the table empties it, and is no error. */
  add(entry: TableEntry): void {
    const size = sizeOf(entry);
    this.#evict(this.#maxSize - size);
    if (size > this.#maxSize) return;
    if (this.#count === this.#ring.length) this.#grow();
    this.#ring[this.#next & (this.#ring.length - 1)] = entry;
    this.#next++;
    this.#count++;
    this.#size += size;
  }

  /** RFC 7541 §4.3. */
  resize(maxSize: number): void {
    this.#maxSize = maxSize;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    while (this.#count > 0 && this.#size > room) {
      const at = (this.#next - this.#count) & (this.#ring.length - 1);
      const oldest = this.#ring[at];
      if (oldest !== undefined) this.#size -= sizeOf(oldest);
      this.#ring[at] = undefined;
      this.#count--;
    }
  }

  #grow(): void {
    const entries = Array.from({ length: this.#count }, (_, i) => this.at(this.#count - 1 - i));
    this.#next = entries.length;
    this.#ring = [...entries, ...new Array<undefined>(Math.max(8, entries.length)).fill(undefined)];
  }
}

function sizeOf({ name, value }: TableEntry): number {
  return name.length + value.length + entryOverhead;
}
