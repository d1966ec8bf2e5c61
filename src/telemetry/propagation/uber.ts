import { isSpanId, isTraceId, type SpanContext, sampledFlag } from "../context.ts";

/** Flags of a Jaeger trace: bit 0 sampled, bit 1 debug, which implies sampled. */
const consent = 0b11;
const shape = /^([0-9a-f]{1,32}):([0-9a-f]{1,16}):([0-9a-f]{1,16}):([0-9a-f]{1,2})$/i;

/** Reads Jaeger's `uber-trace-id`, `{trace}:{span}:{parent}:{flags}`; ids may be unpadded, colons percent-encoded. */
export function readUber(text: string | undefined): SpanContext | undefined {
  if (text === undefined) return undefined;
  const match = shape.exec(text.trim().replace(/%3a/gi, ":"));
  if (match === null) return undefined;
  const [, trace = "", span = "", , flags = ""] = match;
  const traceId = trace.toLowerCase().padStart(32, "0");
  const spanId = span.toLowerCase().padStart(16, "0");
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  return { traceId, spanId, flags: (Number.parseInt(flags, 16) & consent) === 0 ? 0 : sampledFlag };
}
