import type { Transform } from "node:stream";
import { constants, createBrotliCompress, createGzip, createZstdCompress } from "node:zlib";
import { type ByteStream, type HeaderList, headerOf } from "../../net/index.ts";

export type Coding = "zstd" | "br" | "gzip";

/** How one answer is compressed: the fields it goes out with, and its body. */
export interface Compression {
  readonly coding: Coding;
  readonly fields: readonly string[];
  through(body: ByteStream): ByteStream;
}

/** Below this a compressed answer is rarely shorter. */
const leastBytes = 1_024;

/** Text and its relatives. Event streams are left alone: each event must go out as it comes. */
const compressible =
  /^(?:text\/(?!event-stream)|application\/(?:json|javascript|xml|wasm|manifest\+json|problem\+json|x-ndjson|[\w.+-]+\+(?:json|xml))|image\/svg\+xml)/i;

/**
 * Decides whether an answer is compressed for a client, by what both say (RFC 9110 §12.5.3). An answer that may differ
 * says `Vary: Accept-Encoding` either way.
 */
export function compression(
  accepted: string | undefined,
  status: number,
  fields: HeaderList,
): Compression | readonly string[] {
  if (!isCompressible(status, fields)) return fields;
  const varied = withVary(fields);
  const coding = bestCoding(accepted);
  if (coding === undefined) return varied;
  return { coding, fields: encoded(varied, coding), through: (body) => compressed(body, coding) };
}

/** The coding a client likes best; among equals the one that costs us least for its size. */
export function bestCoding(accepted: string | undefined): Coding | undefined {
  if (accepted === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of accepted.split(",")) {
    const [name = "", ...parameters] = part.split(";");
    const q = parameters.map((one) => /^\s*q=([\d.]+)\s*$/i.exec(one)?.[1]).find((one) => one !== undefined);
    weights.set(name.trim().toLowerCase(), q === undefined ? 1 : Number(q));
  }
  // RFC 9110 §8.4.1.3: x-gzip is gzip by its old name.
  const named = (coding: string): number | undefined =>
    weights.get(coding) ?? (coding === "gzip" ? weights.get("x-gzip") : undefined);
  const weightOf = (coding: string): number => named(coding) ?? weights.get("*") ?? 0;
  // §12.5.3: whoever says that it likes the answer as it is better than compressed gets it so.
  const least = weights.get("identity") ?? 0;
  const order = (["zstd", "br", "gzip"] as const).filter(
    (coding) => weightOf(coding) > 0 && weightOf(coding) >= least,
  );
  return order.sort((a, b) => weightOf(b) - weightOf(a))[0];
}

function isCompressible(status: number, fields: HeaderList): boolean {
  // 206 is a range of the bytes as they are; the others have no body.
  if (status < 200 || status === 204 || status === 205 || status === 206 || status === 304) return false;
  if (headerOf(fields, "content-encoding") !== undefined) return false;
  if (fields.some((name, i) => i % 2 === 0 && /^cache-control$/i.test(name) && forbids(fields[i + 1] ?? "")))
    return false;
  const length = headerOf(fields, "content-length");
  if (length !== undefined && Number(length) < leastBytes) return false;
  return compressible.test(headerOf(fields, "content-type") ?? "");
}

/** RFC 9111 §5.2.2.6, in whichever of several fields it stands. */
function forbids(cacheControl: string): boolean {
  return /(?:^|,)\s*no-transform\s*(?:,|$)/i.test(cacheControl);
}

/** RFC 9110 §8.8.3: another coding is another representation, so a strong validator becomes a weak one. */
function encoded(fields: HeaderList, coding: Coding): string[] {
  const out: string[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    const lower = name.toLowerCase();
    if (ofTheBytes.has(lower)) continue;
    out.push(name, lower === "etag" && value.startsWith('"') ? `W/${value}` : value);
  }
  out.push("Content-Encoding", coding);
  return out;
}

/** Fields that speak of the bytes as they were (RFC 9110 §8.6, §14.3; RFC 9530 §2, §3; RFC 3230). */
const ofTheBytes: ReadonlySet<string> = new Set([
  "content-length",
  "accept-ranges",
  "content-md5",
  "content-digest",
  "repr-digest",
  "digest",
]);

function withVary(fields: HeaderList): string[] {
  const vary = headerOf(fields, "vary") ?? "";
  if (/(?:^|,)\s*(?:\*|accept-encoding)\s*(?:,|$)/i.test(vary)) return [...fields];
  return [...fields, "Vary", "Accept-Encoding"];
}

/**
 * Streams through the coder, at the pace of who reads. What breaks before it breaks after it. When the source pauses,
 * what came so far goes out: the reader of an answer that is made bit by bit must not wait for the coder to be full.
 */
async function* compressed(body: ByteStream, coding: Coding): AsyncGenerator<Uint8Array> {
  const coder = coderOf(coding);
  const feed = async (): Promise<void> => {
    try {
      for await (const chunk of inBursts(body)) {
        if (chunk === "pause") coder.flush(flushOf(coding));
        else if (!coder.write(chunk)) await roomIn(coder);
        // The reader left: leaving the loop tells the source.
        if (coder.destroyed) return;
      }
      coder.end();
    } catch (error) {
      coder.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  };
  void feed();
  try {
    for await (const chunk of coder) yield chunk;
  } finally {
    // Not waited for: a source that hangs ends with its own exchange, which its owner closes.
    coder.destroy();
  }
}

/** The chunks of a body, and "pause" behind those after which the next one is not there yet. */
async function* inBursts(body: ByteStream): AsyncGenerator<Uint8Array | "pause"> {
  const source = body[Symbol.asyncIterator]();
  try {
    for (let pending = source.next(); ; ) {
      const next = await pending;
      if (next.done === true) return;
      yield next.value;
      pending = source.next();
      if ((await Promise.race([pending, nextTurn()])) === "late") yield "pause";
    }
  } finally {
    await source.return?.();
  }
}

/** A turn of the event loop: what has arrived is there by then. */
function nextTurn(): Promise<"late"> {
  return new Promise((resolve) => setImmediate(resolve, "late"));
}

/** Resolves when the coder takes more, or takes nothing any more. */
function roomIn(coder: Transform): Promise<void> {
  if (coder.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      coder.off("drain", done);
      coder.off("close", done);
      resolve();
    };
    coder.once("drain", done);
    coder.once("close", done);
  });
}

/** Everything so far can be read by who has it; the coder remembers what it knows. */
function flushOf(coding: Coding): number {
  switch (coding) {
    case "zstd":
      return constants.ZSTD_e_flush;
    case "br":
      return constants.BROTLI_OPERATION_FLUSH;
    case "gzip":
      return constants.Z_SYNC_FLUSH;
    default:
      return coding satisfies never;
  }
}

function coderOf(coding: Coding) {
  switch (coding) {
    case "zstd":
      return createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    case "br":
      return createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
    case "gzip":
      return createGzip({ level: 6 });
    default:
      return coding satisfies never;
  }
}
