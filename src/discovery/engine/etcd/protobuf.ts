/**
 * Protobuf's wire format (https://protobuf.dev/programming-guides/encoding/), as far as the messages of etcd need it:
 * whole numbers, bytes, messages, lists. A message is a table of its fields; its types follow from the table.
 */
import { malformed } from "../../json.ts";

const [varint, fixed64, delimited, fixed32] = [0, 1, 2, 5] as const;

/** How a value of one kind travels. `In` is what may be written, `Out` what was read. */
export interface Kind<In, Out> {
  readonly wire: typeof varint | typeof delimited;
  /** What is read where nothing was written. */
  readonly absent: Out;
  write(value: In): bigint | Uint8Array;
  read(value: bigint | Uint8Array): Out;
}

interface Field<In, Out> {
  readonly number: number;
  readonly kind: Kind<unknown, unknown>;
  readonly list: boolean;
  /** Never there: they tie the field to its types. */
  readonly in?: In;
  readonly out?: Out;
}

type Fields = Readonly<Record<string, Field<unknown, unknown>>>;

/** What may be written: every field may be left out. */
type Written<F extends Fields> = { readonly [K in keyof F]?: F[K]["in"] | undefined };

/** What was read: every field is there. */
type Told<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer _In, infer Out> ? Out : never;
};

/** A message both ways. */
export interface Codec<In, Out> {
  encode(message: In): Uint8Array;
  /** Fields it does not know are passed over. @throws TuskerError DISCOVERY_PROTOCOL */
  decode(bytes: Uint8Array): Out;
}

export function field<In, Out>(number: number, kind: Kind<In, Out>): Field<In, Out> {
  return { number, kind, list: false };
}

export function list<In, Out>(
  number: number,
  kind: Kind<In, Out>,
): Field<readonly In[], readonly Exclude<Out, undefined>[]> {
  return { number, kind, list: true };
}

export const bytes: Kind<string | Uint8Array, Uint8Array> = {
  wire: delimited,
  absent: new Uint8Array(),
  write: (value) => (typeof value === "string" ? Buffer.from(value) : value),
  read: delimitedOf,
};

export const text: Kind<string, string> = {
  wire: delimited,
  absent: "",
  write: (value) => Buffer.from(value),
  read: (value) => Buffer.from(delimitedOf(value)).toString(),
};

/** Revisions and ids have 64 bits. */
export const int64: Kind<bigint, bigint> = {
  wire: varint,
  absent: 0n,
  write: (value) => BigInt.asUintN(64, value),
  read: (value) => BigInt.asIntN(64, numberOf(value)),
};

export const int32: Kind<number, number> = {
  wire: varint,
  absent: 0,
  write: (value) => BigInt.asUintN(64, BigInt(value)),
  read: (value) => Number(BigInt.asIntN(32, numberOf(value))),
};

export const bool: Kind<boolean, boolean> = {
  wire: varint,
  absent: false,
  write: (value) => (value ? 1n : 0n),
  read: (value) => numberOf(value) !== 0n,
};

/** A message as a field of another one; undefined: it is not there. */
export function inside<In, Out>(codec: Codec<In, Out>): Kind<In, Out | undefined> {
  return {
    wire: delimited,
    absent: undefined,
    write: (value) => codec.encode(value),
    read: (value) => codec.decode(delimitedOf(value)),
  };
}

export function message<F extends Fields>(fields: F): Codec<Written<F>, Told<F>> {
  const byNumber = new Map(Object.entries(fields).map(([name, of]) => [of.number, { name, ...of }]));
  return {
    encode(value) {
      const pieces: Uint8Array[] = [];
      for (const [name, { number, kind, list }] of Object.entries(fields)) {
        const given: unknown = value[name];
        if (given === undefined) continue;
        for (const one of list && Array.isArray(given) ? given : [given])
          pieces.push(...encodeField(number, kind, one));
      }
      return Buffer.concat(pieces);
    },
    decode(from) {
      const found = new Map<string, unknown>(
        Object.entries(fields).map(([name, { kind, list }]) => [name, list ? [] : kind.absent]),
      );
      for (const { number, value } of fieldsOf(from)) {
        const known = byNumber.get(number);
        if (known === undefined) continue;
        const one = known.kind.read(value);
        const before = found.get(known.name);
        if (known.list && Array.isArray(before)) before.push(one);
        else found.set(known.name, one);
      }
      // Every field of the table is there, each read by its own kind.
      return Object.fromEntries(found) as Told<F>;
    },
  };
}

function encodeField(number: number, kind: Kind<unknown, unknown>, value: unknown): Uint8Array[] {
  const tag = encodeVarint(BigInt((number << 3) | kind.wire));
  const written = kind.write(value);
  if (typeof written === "bigint") return [tag, encodeVarint(written)];
  return [tag, encodeVarint(BigInt(written.byteLength)), written];
}

function encodeVarint(value: bigint): Uint8Array {
  const octets: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) octets.push(Number(rest & 0x7fn) | 0x80);
  octets.push(Number(rest));
  return Uint8Array.from(octets);
}

function* fieldsOf(from: Uint8Array): Generator<{ number: number; value: bigint | Uint8Array }> {
  let at = 0;
  const varintAt = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const octet = from[at++];
      if (octet === undefined) throw malformed("a message is cut off");
      value |= BigInt(octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw malformed("a number has more than ten octets");
  };
  const take = (size: number): Uint8Array => {
    if (size > from.byteLength - at) throw malformed("a message is cut off");
    at += size;
    return from.subarray(at - size, at);
  };
  while (at < from.byteLength) {
    const tag = Number(varintAt() & 0xffffffffn);
    const number = tag >>> 3;
    switch (tag & 7) {
      case varint:
        yield { number, value: varintAt() };
        break;
      case delimited:
        yield { number, value: take(Number(varintAt())) };
        break;
      case fixed64:
        yield { number, value: take(8) };
        break;
      case fixed32:
        yield { number, value: take(4) };
        break;
      default:
        throw malformed(`a field has the unknown wire type ${tag & 7}`);
    }
  }
}

function delimitedOf(value: bigint | Uint8Array): Uint8Array {
  if (typeof value === "bigint") throw malformed("a number stands where bytes belong");
  return value;
}

function numberOf(value: bigint | Uint8Array): bigint {
  if (typeof value !== "bigint") throw malformed("bytes stand where a number belongs");
  return value;
}
