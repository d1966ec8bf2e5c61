/** Messages as another program writes and reads them: a second reader, so that the codec is not its own judge. */
import assert from "node:assert/strict";

/** A question, with EDNS when `maxBytes` is given. */
export function question(labels: readonly string[], type: number, maxBytes?: number, id: number = 7): Buffer {
  const name = labels.flatMap((label) => [label.length, ...Buffer.from(label)]);
  const opt = maxBytes === undefined ? [] : [0, 0, 41, maxBytes >> 8, maxBytes & 0xff, 0, 0, 0, 0, 0, 0];
  const head = [id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, opt.length > 0 ? 1 : 0];
  return Buffer.from([...head, ...name, 0, type >> 8, type & 0xff, 0, 1, ...opt]);
}

export interface ReadRecord {
  readonly name: string;
  readonly type: number;
  readonly data: Buffer;
  /** Of a type whose data is a name, or ends in one. */
  readonly target: string;
}

export interface ReadReply {
  readonly bytes: number;
  readonly id: number;
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  readonly question: string;
  readonly answers: readonly ReadRecord[];
  readonly authority: readonly ReadRecord[];
  /** Without the OPT record. */
  readonly additional: readonly ReadRecord[];
  readonly edns: boolean;
}

/** Reads an answer to its last octet; fails on anything out of place. */
export function readReply(bytes: Buffer): ReadReply {
  const flags = bytes.readUInt16BE(2);
  assert.ok(flags & 0x8000, "an answer");
  const counts = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  let at = 12;
  const name = (): string => {
    const read = nameAt(bytes, at);
    at = read.end;
    return read.name;
  };
  const question = counts[0] === 1 ? name() : "";
  if (counts[0] === 1) at += 4;
  const section = (count: number = 0): ReadRecord[] =>
    Array.from({ length: count }, () => {
      const owner = name();
      const type = bytes.readUInt16BE(at);
      const size = bytes.readUInt16BE(at + 8);
      const start = at + 10;
      at = start + size;
      assert.ok(at <= bytes.length, "data within the message");
      const named = [2, 5, 12].includes(type) ? start : type === 33 ? start + 6 : undefined;
      const target = named === undefined ? undefined : nameAt(bytes, named);
      if (target !== undefined) assert.equal(target.end, at, "data ends with its name");
      return { name: owner, type, data: bytes.subarray(start, at), target: target?.name ?? "" };
    });
  const [answers, authority, additional] = [section(counts[1]), section(counts[2]), section(counts[3])];
  assert.equal(at, bytes.length, "nothing behind the last record");
  return {
    bytes: bytes.length,
    id: bytes.readUInt16BE(0),
    rcode: flags & 0xf,
    truncated: (flags & 0x200) !== 0,
    authoritative: (flags & 0x400) !== 0,
    question,
    answers,
    authority,
    additional: additional.filter(({ type }) => type !== 41),
    edns: additional.some(({ type }) => type === 41),
  };
}

function nameAt(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let at = start;
  let end: number | undefined;
  for (let hops = 0; hops < 200; hops++) {
    const length = bytes.readUInt8(at);
    if (length === 0) return { name: labels.join("."), end: end ?? at + 1 };
    if (length >= 0xc0) {
      end ??= at + 2;
      at = bytes.readUInt16BE(at) & 0x3fff;
      continue;
    }
    labels.push(bytes.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  return assert.fail("pointers in a circle");
}
