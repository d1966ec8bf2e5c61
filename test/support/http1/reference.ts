/**
 * A second reading of HTTP/1.1, written from RFC 9112 alone and sharing nothing with the engines it judges: whole
 * messages in a buffer, no state between them, every clause spelled out. Slow and plain on purpose.
 */

/** A message as its bytes say, and nothing else. */
export interface Message {
  /** Request line or status line, in three parts. */
  readonly start: readonly [string, string, string];
  readonly fields: readonly Field[];
  readonly body: Buffer;
  readonly trailers: readonly Field[];
}

export type Field = readonly [name: string, value: string];

/** What a stream of bytes comes to. */
export interface Reading {
  readonly messages: readonly Message[];
  /** Bytes of whole messages, from the beginning. */
  readonly used: number;
  /**
   * `open`: the bytes end between two messages. `closed`: a message said that the connection closes.
   * `incomplete`: they end inside one. `malformed`: what follows the last message is none.
   */
  readonly end: "open" | "closed" | "incomplete" | "malformed";
  /** The clause that was broken. */
  readonly why: string;
}

export interface ReadOptions {
  readonly kind: "request" | "response";
  /** `received` takes what a recipient may take; `canonical` only what a careful sender writes. */
  readonly form: "received" | "canonical";
  /**
   * Forgives what Node's parser evens out: of requests runs of spaces in the first line, of answers every
   * version, and line ends before either.
   */
  readonly as?: "node";
  /** Of responses: the methods they answer, in order (RFC 9112 §6.3 items 1 and 2). */
  readonly methods?: readonly string[];
  /** True when the sender has closed: a response may end with its connection. */
  readonly ended?: boolean;
}

/** Reads messages one after the other until the bytes end or make no sense. Never throws. */
export function readMessages(bytes: Buffer, options: ReadOptions): Reading {
  const reader = new Reader(bytes, options);
  const messages: Message[] = [];
  let used = 0;
  const ending = (end: Reading["end"], why = ""): Reading => ({ messages, used, end, why });
  for (let finals = 0; ; ) {
    if (reader.at === bytes.length) return ending("open");
    try {
      const { message, closes } = reader.message(options.methods?.[finals]);
      if (message === undefined) continue;
      messages.push(message);
      used = reader.at;
      // RFC 9110 §15.2: an interim answer is followed by the one that counts, whatever it says of its connection.
      if (options.kind === "response" && Number(message.start[1]) < 200) continue;
      if (closes) return ending("closed");
      finals++;
    } catch (error) {
      if (error === needMore) return ending("incomplete");
      if (error instanceof Broken) return ending("malformed", error.message);
      throw error;
    }
  }
}

/** All values of a field, any case. */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

const needMore = new Error("more bytes are needed");

class Broken extends Error {}

function must(holds: boolean, clause: string): asserts holds {
  if (!holds) throw new Broken(clause);
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5: visible characters, obs-text, and blanks between them. */
const fieldText = /^[\t\x20-\x7e\x80-\xff]*$/;

type Framing = { readonly kind: "length"; readonly bytes: number } | { readonly kind: "chunked" | "close" };

class Reader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #kind: ReadOptions["kind"];
  readonly #canonical: boolean;
  readonly #ended: boolean;
  readonly #asNode: boolean;

  constructor(bytes: Buffer, { kind, form, ended = false, as }: ReadOptions) {
    this.#bytes = bytes;
    this.#kind = kind;
    this.#canonical = form === "canonical";
    this.#ended = ended;
    this.#asNode = as === "node";
  }

  /** The next message; none for an empty line before one (RFC 9112 §2.2). */
  message(method: string | undefined): { message: Message | undefined; closes: boolean } {
    while (this.#asNode && /[\r\n]/.test(String.fromCharCode(this.#bytes[this.at] ?? 0))) this.at++;
    const line = this.#line();
    if (line === "") {
      must(!this.#canonical && this.#kind === "request", "§2.2: an empty line before a message");
      return { message: undefined, closes: false };
    }
    const start = this.#kind === "request" ? this.#requestLine(line) : this.#statusLine(line);
    const fields = this.#fields();
    const framing =
      this.#kind === "request"
        ? this.#requestFraming(start, fields)
        : this.#responseFraming(start, fields, method);
    const { body, trailers } = this.#body(framing);
    const version = start[this.#kind === "request" ? 2 : 0];
    return {
      message: { start, fields, body, trailers },
      closes: framing.kind === "close" || closes(version, fields),
    };
  }

  #requestLine(line: string): [string, string, string] {
    const parts = line.split(this.#asNode ? / +/ : " ");
    must(parts.length === 3, "§3: a request line is three words with one space between");
    const [method = "", target = "", version = ""] = parts;
    must(token.test(method), "§3.1: a method is a token");
    must(/^[\x21-\x7e]+$/.test(target), "§3.2: a target has visible characters only");
    must(method !== "CONNECT", "a tunnel was asked for");
    must(/^HTTP\/1\.\d$/.test(version), "§2.3: the version is HTTP/1.x");
    if (this.#canonical) must(version === "HTTP/1.1", "§2.3: a sender writes its own version");
    return [method, target, version];
  }

  #statusLine(line: string): [string, string, string] {
    // Every sender that has nothing to say of a status leaves out the space as well; nothing hides in it.
    const whole = !this.#canonical && /^HTTP\/1\.\d \d{3}$/.test(line) ? `${line} ` : line;
    const read = this.#asNode ? whole.replace(/^[A-Z]+\/\d\.\d/, "HTTP/1.1") : whole;
    const match = /^(HTTP\/1\.\d) (\d{3}) ([\t\x20-\x7e\x80-\xff]*)$/.exec(read);
    must(match !== null, "§4: a status line is version, three digits, and a phrase");
    const [, version = "", status = "", phrase = ""] = match;
    must(Number(status) >= 100, "RFC 9110 §15: a status is at least 100");
    return [version, status, phrase];
  }

  #fields(): Field[] {
    const fields: Field[] = [];
    for (;;) {
      const line = this.#line();
      if (line === "") return fields;
      must(!/^[ \t]/.test(line), "§5.2: a folded line");
      const colon = line.indexOf(":");
      must(colon > 0, "§5: a field has a name and a colon");
      const name = line.slice(0, colon);
      must(token.test(name), "§5.1: a field name is a token, and its colon follows at once");
      const value = line.slice(colon + 1);
      must(fieldText.test(value), "RFC 9110 §5.5: a control character in a value");
      const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, "");
      if (this.#canonical)
        must(
          value === ` ${trimmed}` || (trimmed === "" && value.trim() === ""),
          "one space before a value, none behind",
        );
      fields.push([name, trimmed]);
    }
  }

  #requestFraming(start: readonly string[], fields: readonly Field[]): Framing {
    const hosts = valuesOf(fields, "host");
    must(hosts.length === 1 || (hosts.length === 0 && start[2] === "HTTP/1.0"), "§3.2: exactly one Host");
    const framing = this.#declared(fields, start[2] ?? "");
    return framing ?? { kind: "length", bytes: 0 };
  }

  #responseFraming(start: readonly string[], fields: readonly Field[], method: string | undefined): Framing {
    const status = Number(start[1]);
    const declared = this.#declared(fields, start[0] ?? "");
    if (method === "HEAD" || status < 200 || status === 204 || status === 304)
      return { kind: "length", bytes: 0 };
    return declared ?? { kind: "close" };
  }

  /** RFC 9112 §6.3, items 3 to 6: what the fields say, if they say one thing. */
  #declared(fields: readonly Field[], version: string): Framing | undefined {
    const codings = valuesOf(fields, "transfer-encoding");
    const lengths = valuesOf(fields, "content-length");
    if (codings.length > 0) {
      must(lengths.length === 0, "§6.3 item 3: Content-Length and Transfer-Encoding");
      must(
        codings.length === 1 && codings[0]?.toLowerCase() === "chunked",
        "§6.1: a coding that is not chunked, once",
      );
      must(version !== "HTTP/1.0", "§6.1: HTTP/1.0 knows no Transfer-Encoding");
      if (this.#canonical) must(codings[0] === "chunked", "chunked is written in small letters");
      return { kind: "chunked" };
    }
    if (lengths.length === 0) return undefined;
    must(lengths.length === 1, "§6.3 item 5: more than one Content-Length");
    const [text = ""] = lengths;
    must(/^\d+$/.test(text) && Number.isSafeInteger(Number(text)), "RFC 9110 §8.6: a length is digits");
    if (this.#canonical) must(/^(0|[1-9]\d*)$/.test(text), "a length without leading zeros");
    return { kind: "length", bytes: Number(text) };
  }

  #body(framing: Framing): { body: Buffer; trailers: readonly Field[] } {
    if (framing.kind === "length") return { body: this.#take(framing.bytes), trailers: [] };
    if (framing.kind === "close") {
      if (!this.#ended) throw needMore;
      return { body: this.#take(this.#bytes.length - this.at), trailers: [] };
    }
    const chunks: Buffer[] = [];
    for (;;) {
      const line = this.#line();
      const match = /^([0-9A-Fa-f]+)([ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/.exec(line);
      must(match !== null, "§7.1: a chunk begins with its size in hexadecimal");
      const [, digits = "", extension] = match;
      const size = Number.parseInt(digits, 16);
      must(Number.isSafeInteger(size), "§7.1: a size nobody can hold");
      if (this.#canonical)
        must(
          extension === undefined && size.toString(16) === digits.toLowerCase(),
          "§7.1.1: no extension, no leading zero",
        );
      if (size === 0) return { body: Buffer.concat(chunks), trailers: this.#fields() };
      chunks.push(this.#take(size));
      must(this.#line() === "", "§7.1: a chunk ends with CRLF");
    }
  }

  /** RFC 9112 §2.2: lines end with CRLF; a CR or LF anywhere else is none. */
  #line(): string {
    const end = this.#bytes.indexOf("\n", this.at);
    const text = this.#bytes.toString("latin1", this.at, end < 0 ? this.#bytes.length : end + 1);
    const whole = end < 0 ? text.replace(/\r$/, "") : text.slice(0, -2);
    must(end < 0 || text.endsWith("\r\n"), "§2.2: a line ends with CRLF");
    must(!whole.includes("\r"), "§2.2: a bare CR");
    must(!whole.includes("\0"), "RFC 9110 §5.5: a NUL");
    if (end < 0) throw needMore;
    this.at = end + 1;
    return whole;
  }

  #take(count: number): Buffer {
    if (this.at + count > this.#bytes.length) throw needMore;
    this.at += count;
    return this.#bytes.subarray(this.at - count, this.at);
  }
}

/** RFC 9112 §9.3. */
function closes(version: string | undefined, fields: readonly Field[]): boolean {
  const options = valuesOf(fields, "connection").flatMap((value) =>
    value.split(",").map((one) => one.trim().toLowerCase()),
  );
  if (options.includes("close")) return true;
  return version === "HTTP/1.0" && !options.includes("keep-alive");
}
