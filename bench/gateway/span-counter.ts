/**
 * `node span-counter.ts <port>`: takes OTLP/HTTP like any collector and keeps nothing but counts, so that it costs the
 * machine, which it shares with what is measured, little. `GET /` tells them.
 */
import { createServer, type IncomingMessage } from "node:http";
import { spanKinds } from "../../src/telemetry/index.ts";

const counts: Record<string, number> = { requests: 0, bytes: 0 };
const ofKind = new Array<number>(spanKinds.length + 1).fill(0);

const server = createServer(async (request, response) => {
  if (request.method === "GET") {
    const kinds = spanKinds.map((kind, at) => [kind, ofKind[at + 1]] as const);
    response.end(JSON.stringify({ ...counts, ...Object.fromEntries(kinds) }));
    return;
  }
  const body = await bytesOf(request);
  counts.requests = (counts.requests ?? 0) + 1;
  counts.bytes = (counts.bytes ?? 0) + body.length;
  new Reader(body).request();
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
});
server.listen(Number(process.argv[2]), "127.0.0.1");

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Goes through a message once, without making anything of it. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans. */
  request(): void {
    this.#inside(this.#bytes.length, 1, (end) =>
      this.#inside(end, 2, (inner) => this.#inside(inner, 2, (last) => this.#span(last))),
    );
  }

  /** Span.kind. */
  #span(end: number): void {
    let kind = 0;
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag === 6 << 3) kind = this.#varint();
      else this.#skip(tag & 7);
    }
    ofKind[kind] = (ofKind[kind] ?? 0) + 1;
  }

  /** Looks into each length-delimited field of that number. */
  #inside(end: number, field: number, look: (end: number) => void): void {
    while (this.#at < end) {
      const tag = this.#varint();
      if (tag !== ((field << 3) | 2)) {
        this.#skip(tag & 7);
        continue;
      }
      const size = this.#varint();
      if (this.#at + size > end) throw new Error("a field was cut off");
      look(this.#at + size);
    }
  }

  /** Of the wire types that OTLP uses. */
  #skip(wire: number): void {
    // What stands before it moves too: the length is read first.
    const size = wire === 2 ? this.#varint() : wire === 1 ? 8 : 4;
    if (wire === 0) this.#varint();
    else this.#at += size;
    if (this.#at > this.#bytes.length) throw new Error("a field was cut off");
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new Error("a field was cut off");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
