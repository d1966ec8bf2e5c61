import { type HeaderList, headerOf } from "../../net/index.ts";

/** The fields of a call or of an answer: metadata over gRPC, header fields over REST. Names in any case. */
export class Metadata implements Iterable<readonly [name: string, value: string]> {
  readonly #fields: HeaderList;

  /** @param fields names, in any case, and values by turns, as they came */
  constructor(fields: HeaderList) {
    this.#fields = fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
  }

  /** First value, as text; that of a `-bin` entry is base64. */
  get(name: string): string | undefined {
    return headerOf(this.#fields, name.toLowerCase());
  }

  /** Every value, in order, as text. */
  all(name: string): readonly string[] {
    const wanted = name.toLowerCase();
    return this.#fields.filter((_, i) => i % 2 === 1 && this.#fields[i - 1] === wanted);
  }

  /** First value of a `-bin` entry. */
  bytes(name: string): Uint8Array | undefined {
    return this.allBytes(name)[0];
  }

  /** Every value of a `-bin` entry, in order. */
  allBytes(name: string): readonly Uint8Array[] {
    return this.all(name).flatMap(fromBinaryText);
  }

  /** Entries in order, names in lower case; a name may come more than once. */
  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (let i = 0; i + 1 < this.#fields.length; i += 2)
      yield [this.#fields[i] ?? "", this.#fields[i + 1] ?? ""];
  }
}

/** gRPC over HTTP/2, "Binary-Header": base64 without padding. */
export function toBinaryText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64").replace(/=+$/, "");
}

/** The values of a Binary-Header: several may have been joined by a comma, with or without padding. */
function fromBinaryText(text: string): Uint8Array[] {
  return text.split(",").map((part) => new Uint8Array(Buffer.from(part, "base64")));
}
