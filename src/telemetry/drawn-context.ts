import type { SpanContext } from "./context.ts";
import type { IdSource } from "./ids.ts";

/**
 * The id of a trace that begins here, as numbers: most ids are written as bytes or stand in one `traceparent`, and nobody
 * reads them by themselves.
 */
export class DrawnTrace {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  #text: string | undefined;

  constructor(ids: IdSource) {
    let [a, b, c, d] = [ids.word(), ids.word(), ids.word(), ids.word()];
    // All-zero ids are invalid (W3C Trace Context §3.2.2.3); they are drawn again.
    while ((a | b | c | d) === 0) [a, b, c, d] = [ids.word(), ids.word(), ids.word(), ids.word()];
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }

  /** 32 lowercase hex digits. */
  get text(): string {
    if (this.#text === undefined) {
      putTrace(this);
      this.#text = written.toString("latin1", traceAt, traceAt + 32);
    }
    return this.#text;
  }
}

/** The identity of a span that began here. Its ids are numbers until somebody asks for their digits. */
export class DrawnContext implements SpanContext {
  /** Digits, when the trace began elsewhere. */
  readonly trace: DrawnTrace | string;
  /** The two halves of the span's id. */
  readonly high: number;
  readonly low: number;
  readonly flags: number;
  readonly traceState: string | undefined;
  #spanId: string | undefined;

  constructor(ids: IdSource, trace: DrawnTrace | string, flags: number, traceState?: string) {
    let [high, low] = [ids.word(), ids.word()];
    while ((high | low) === 0) [high, low] = [ids.word(), ids.word()];
    this.trace = trace;
    this.high = high;
    this.low = low;
    this.flags = flags;
    this.traceState = traceState;
  }

  get traceId(): string {
    return typeof this.trace === "string" ? this.trace : this.trace.text;
  }

  get spanId(): string {
    if (this.#spanId === undefined) {
      putSpan(this);
      this.#spanId = written.toString("latin1", spanAt, spanAt + 16);
    }
    return this.#spanId;
  }

  /** W3C Trace Context §3.2, version 00. */
  get traceparent(): string {
    const { trace, flags } = this;
    if (typeof trace === "string") written.write(trace, traceAt, "latin1");
    else putTrace(trace);
    putSpan(this);
    written[flagsAt] = 0x30 | (flags & 0x0f);
    return written.toString("latin1", 0, flagsAt + 1);
  }
}

/** A new span of the same trace. */
export function childOf(parent: SpanContext, ids: IdSource, flags: number): DrawnContext {
  return new DrawnContext(ids, traceOf(parent), flags, parent.traceState);
}

/** The trace of a span, as it is known. */
export function traceOf(context: SpanContext): DrawnTrace | string {
  return context instanceof DrawnContext ? context.trace : context.traceId;
}

/** Where every `traceparent` is written before it becomes text. */
const written = Buffer.from(`00-${"0".repeat(32)}-${"0".repeat(16)}-00`, "latin1");
const traceAt = 3;
const spanAt = 36;
const flagsAt = 54;

function putTrace({ a, b, c, d }: DrawnTrace): void {
  putWord(traceAt, a);
  putWord(traceAt + 8, b);
  putWord(traceAt + 16, c);
  putWord(traceAt + 24, d);
}

function putSpan({ high, low }: DrawnContext): void {
  putWord(spanAt, high);
  putWord(spanAt + 8, low);
}

/** Eight digits. A loop over bits beats the call into native code. */
function putWord(at: number, word: number): void {
  let to = at;
  for (let shift = 28; shift >= 0; shift -= 4) written[to++] = digits[(word >>> shift) & 0x0f] ?? 0;
}

const digits = Buffer.from("0123456789abcdef", "latin1");
