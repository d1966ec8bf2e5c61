/**
 * `node span-counter.ts <port>`: takes OTLP/HTTP like any collector and keeps nothing but counts, so that it costs the
 * machine little. `GET /` tells them.
 */
import { createServer, type IncomingMessage } from "node:http";
import { spanKinds } from "../../src/telemetry/index.ts";

const counts: Record<string, number> = { requests: 0, bytes: 0 };

const server = createServer(async (request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify(counts));
    return;
  }
  const body = await bytesOf(request);
  counts.requests = (counts.requests ?? 0) + 1;
  counts.bytes = (counts.bytes ?? 0) + body.length;
  // ExportTraceServiceRequest.resource_spans, ResourceSpans.scope_spans, ScopeSpans.spans, Span.kind.
  for (const resource of parts(body, 1))
    for (const scope of parts(resource, 2))
      for (const span of parts(scope, 2)) {
        const kind = spanKinds[kindOf(span) - 1] ?? "unspecified";
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
  response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
});
server.listen(Number(process.argv[2]), "127.0.0.1");

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** The length-delimited fields of that number. */
function* parts(message: Buffer, field: number): Generator<Buffer> {
  for (const { number, bytes } of fields(message)) if (number === field && bytes !== undefined) yield bytes;
}

function kindOf(span: Buffer): number {
  for (const { number, value } of fields(span)) if (number === 6) return value;
  return 0;
}

interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Buffer | undefined;
}

/** Fields of a protobuf message, in order; of the wire types that OTLP uses. */
function* fields(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("a field was cut off");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    const value = wire === 0 || wire === 2 ? varint() : 0;
    const size = wire === 2 ? value : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    if (at + size > message.length) throw new Error("a field was cut off");
    const bytes = wire === 2 ? message.subarray(at, at + size) : undefined;
    at += size;
    yield { number, value, bytes };
  }
}
