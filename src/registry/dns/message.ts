import { isName, readName } from "./names.ts";
import { type DnsRecord, rcodes, types } from "./records.ts";

/** One question, and what must come back with its answer. */
export interface DnsQuery {
  readonly id: number;
  readonly recursionDesired: boolean;
  /** As asked, in the asker's case. */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  /** The question as it came, to be repeated to the letter. */
  readonly question: Uint8Array;
  /** RFC 6891; undefined: the asker does not know it. */
  readonly edns: { readonly maxBytes: number; readonly version: number } | undefined;
}

/** What a message turned out to be. */
export type Decoded =
  | { readonly kind: "query"; readonly query: DnsQuery }
  /** Not to be answered from the zone, but to be answered. */
  | { readonly kind: "refused"; readonly reply: Uint8Array };

/** What a question gets. */
export interface DnsReply {
  readonly rcode: number;
  readonly authoritative: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

const headerBytes = 12;
const flagResponse = 0x8000;
const flagAuthoritative = 0x0400;
const flagTruncated = 0x0200;
const flagRecursionDesired = 0x0100;
const opcodeBits = 0x7800;
/** What we tell others to send us at most; nobody needs more to ask one question. */
const ownMaxBytes = 1232;
const optBytes = 11;

/**
 * Reads a message from a stranger. Undefined: it is best met with silence, being no question at all; answering an
 * answer could go on forever. Never throws.
 */
export function decodeQuery(bytes: Buffer): Decoded | undefined {
  if (bytes.length < headerBytes) return undefined;
  const flags = bytes.readUInt16BE(2);
  if ((flags & flagResponse) !== 0) return undefined;
  if ((flags & opcodeBits) !== 0) return { kind: "refused", reply: bareReply(bytes, rcodes.notImplemented) };
  const query = readQuery(bytes, flags);
  return query === undefined
    ? { kind: "refused", reply: bareReply(bytes, rcodes.malformed) }
    : { kind: "query", query };
}

function readQuery(bytes: Buffer, flags: number): DnsQuery | undefined {
  const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8) + bytes.readUInt16BE(10);
  // RFC 9619: a query has one question.
  if (bytes.readUInt16BE(4) !== 1) return undefined;
  const name = readName(bytes, headerBytes);
  if (name === undefined || name.end + 4 > bytes.length) return undefined;
  const end = name.end + 4;
  const edns = readEdns(bytes, end, records);
  if (edns === undefined) return undefined;
  return {
    id: bytes.readUInt16BE(0),
    recursionDesired: (flags & flagRecursionDesired) !== 0,
    labels: name.labels,
    type: bytes.readUInt16BE(name.end),
    class: bytes.readUInt16BE(name.end + 2),
    question: Uint8Array.prototype.slice.call(bytes, headerBytes, end),
    edns: edns.found,
  };
}

/** Walks over the records behind the question, to the last octet; undefined when they are malformed. */
function readEdns(bytes: Buffer, start: number, count: number): { found: DnsQuery["edns"] } | undefined {
  let at = start;
  let found: DnsQuery["edns"];
  for (let i = 0; i < count; i++) {
    const name = readName(bytes, at);
    if (name === undefined || name.end + 10 > bytes.length) return undefined;
    if (bytes.readUInt16BE(name.end) === types.OPT) {
      // RFC 6891 §6.1.1: one, and at the root.
      if (found !== undefined || name.labels.length > 0) return undefined;
      found = { maxBytes: bytes.readUInt16BE(name.end + 2), version: bytes.readUInt8(name.end + 5) };
    }
    at = name.end + 10 + bytes.readUInt16BE(name.end + 8);
  }
  return at === bytes.length ? { found } : undefined;
}

/** A header alone: there is no question worth repeating. */
function bareReply(bytes: Buffer, rcode: number): Uint8Array {
  const flags = bytes.readUInt16BE(2);
  const reply = Buffer.alloc(headerBytes);
  reply.writeUInt16BE(bytes.readUInt16BE(0), 0);
  reply.writeUInt16BE(flagResponse | (flags & (opcodeBits | flagRecursionDesired)) | rcode, 2);
  return reply;
}

/**
 * Writes an answer of at most `maxBytes`, compressed where that is allowed. What does not fit is left out, and that is
 * said by the TC bit when it belonged to the answer (RFC 2181 §9), so that the asker comes back over TCP.
 */
export function encodeReply(query: DnsQuery, reply: DnsReply, maxBytes: number): Uint8Array {
  const writer = new Writer(query, maxBytes - (query.edns === undefined ? 0 : optBytes));
  const answers = writer.records(reply.answers);
  const authority = writer.records(reply.authority);
  const truncated = answers < reply.answers.length || authority < reply.authority.length;
  const additional = truncated ? 0 : writer.records(reply.additional);
  const { bytes } = writer;
  bytes.writeUInt16BE(query.id, 0);
  bytes.writeUInt16BE(
    flagResponse |
      (reply.authoritative ? flagAuthoritative : 0) |
      (truncated ? flagTruncated : 0) |
      (query.recursionDesired ? flagRecursionDesired : 0) |
      (reply.rcode & 0xf),
    2,
  );
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt16BE(answers, 6);
  bytes.writeUInt16BE(authority, 8);
  bytes.writeUInt16BE(additional + (query.edns === undefined ? 0 : 1), 10);
  return writer.finish(query.edns === undefined ? undefined : reply.rcode >> 4);
}

/** Grows with what is written and never past its limit. A record that does not fit leaves no trace. */
class Writer {
  bytes: Buffer;
  #at = headerBytes;
  readonly #limit: number;
  /** Where a name was written whole, by its dotted text in lower case. */
  readonly #names = new Map<string, number>();

  constructor(query: DnsQuery, limit: number) {
    this.#limit = limit;
    this.bytes = Buffer.allocUnsafe(512);
    this.bytes.set(query.question, headerBytes);
    this.#at += query.question.length;
    this.#note(query.labels);
  }

  /** Writes records in order until one does not fit; returns how many were written. */
  records(records: readonly DnsRecord[]): number {
    let written = 0;
    for (const record of records) {
      const start = this.#at;
      this.#record(record);
      if (this.#at > this.#limit) {
        this.#at = start;
        for (const [name, at] of this.#names) if (at >= start) this.#names.delete(name);
        break;
      }
      written++;
    }
    return written;
  }

  /** @param extended upper bits of the outcome, when the asker knows EDNS */
  finish(extended: number | undefined): Uint8Array {
    if (extended !== undefined) {
      this.#room(optBytes);
      const { bytes } = this;
      bytes[this.#at] = 0;
      bytes.writeUInt16BE(types.OPT, this.#at + 1);
      bytes.writeUInt16BE(ownMaxBytes, this.#at + 3);
      bytes.writeUInt32BE(extended << 24, this.#at + 5);
      bytes.writeUInt16BE(0, this.#at + 9);
      this.#at += optBytes;
    }
    return this.bytes.subarray(0, this.#at);
  }

  #record(record: DnsRecord): void {
    this.#name(record.name);
    this.#room(10);
    const head = this.#at;
    this.bytes.writeUInt16BE(types[record.type], head);
    this.bytes.writeUInt16BE(1, head + 2);
    // Nothing may be kept: a registry is asked because the last answer may be wrong by now.
    this.bytes.writeUInt32BE(0, head + 4);
    this.#at += 10;
    this.#data(record);
    this.bytes.writeUInt16BE(this.#at - head - 10, head + 8);
  }

  #data(record: DnsRecord): void {
    switch (record.type) {
      case "A":
      case "AAAA":
        this.#octets(record.address);
        break;
      case "NS":
      case "CNAME":
      case "PTR":
        this.#name(record.target);
        break;
      case "SRV":
        // Priority 1 like the registries before us: who has nothing better to say says the same of all.
        this.#numbers(1, record.weight, record.port);
        // RFC 2782: the target is not compressed. Others may point at it.
        this.#whole(record.target);
        break;
      case "TXT":
        this.#text(Buffer.from(record.text));
        break;
      case "SOA":
        this.#name(record.server);
        this.#name(record.mailbox);
        // Refresh, retry, expire for secondaries, of which there are none; minimum 0: no absence may be kept either.
        for (const number of [record.serial, 3_600, 600, 86_400, 0]) {
          this.#room(4);
          this.#at = this.bytes.writeUInt32BE(number >>> 0, this.#at);
        }
        break;
      default:
        record satisfies never;
    }
  }

  #name(name: string): void {
    if (name === "") {
      // The question's name stands right behind the header.
      this.#numbers(0xc000 | headerBytes);
      return;
    }
    let rest = name;
    while (rest !== "") {
      const known = this.#names.get(rest.toLowerCase());
      if (known !== undefined) {
        this.#numbers(0xc000 | known);
        return;
      }
      rest = this.#label(rest);
    }
    this.#octets([0]);
  }

  #whole(name: string): void {
    let rest = name;
    while (rest !== "") rest = this.#label(rest);
    this.#octets([0]);
  }

  /** Writes the first label of a name; returns what is left. */
  #label(name: string): string {
    if (this.#at < 0x4000) this.#names.set(name.toLowerCase(), this.#at);
    const dot = name.indexOf(".");
    const label = dot === -1 ? name : name.slice(0, dot);
    this.#room(label.length + 1);
    this.bytes[this.#at] = label.length;
    this.bytes.write(label, this.#at + 1, "latin1");
    this.#at += label.length + 1;
    return dot === -1 ? "" : name.slice(dot + 1);
  }

  /** RFC 1035 §3.3: in strings of at most 255 octets. */
  #text(octets: Buffer): void {
    for (let at = 0; at === 0 || at < octets.length; at += 255) {
      const piece = octets.subarray(at, at + 255);
      this.#octets([piece.length]);
      this.#octets(piece);
    }
  }

  /** Notes where the question's name and its ends stand. */
  #note(labels: readonly string[]): void {
    const name = labels.join(".");
    // A label with a dot of its own inside would stand for another name.
    if (labels.length === 0 || !isName(name) || name.split(".").length !== labels.length) return;
    let at = headerBytes;
    let rest = name.toLowerCase();
    for (const label of labels) {
      this.#names.set(rest, at);
      at += label.length + 1;
      rest = rest.slice(label.length + 1);
    }
  }

  #numbers(...numbers: number[]): void {
    this.#room(numbers.length * 2);
    for (const number of numbers) this.#at = this.bytes.writeUInt16BE(number, this.#at);
  }

  #octets(octets: ArrayLike<number>): void {
    this.#room(octets.length);
    this.bytes.set(octets, this.#at);
    this.#at += octets.length;
  }

  #room(more: number): void {
    if (this.#at + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.#at + more));
    larger.set(this.bytes.subarray(0, this.#at));
    this.bytes = larger;
  }
}
