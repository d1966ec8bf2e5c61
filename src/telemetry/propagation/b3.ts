import { isSpanId, isTraceId, randomFlag, type SpanContext, sampledFlag } from "../context.ts";
import { DrawnContext, DrawnTrace } from "../drawn-context.ts";
import { randomIds } from "../ids.ts";

/**
 * Reads Zipkin's B3 headers (openzipkin/b3-propagation): single `b3` first, then the `X-B3-*` set.
 * A bare refusal (`b3: 0`) becomes an unsampled trace of its own; a bare consent carries no ids and is ignored.
 */
export function readB3(get: (name: string) => string | undefined): SpanContext | undefined {
  const single = get("b3")?.trim();
  return single === undefined ? readMulti(get) : readSingle(single);
}

function readSingle(text: string): SpanContext | undefined {
  if (text === "0") return refused();
  const parts = text.split("-");
  if (parts.length < 2 || parts.length > 4) return undefined;
  const [traceId = "", spanId = "", state, parent] = parts;
  if (parent !== undefined && !/^[0-9a-f]{16}$/i.test(parent)) return undefined;
  return contextOf(traceId, spanId, state);
}

function readMulti(get: (name: string) => string | undefined): SpanContext | undefined {
  const traceId = get("x-b3-traceid")?.trim();
  const spanId = get("x-b3-spanid")?.trim();
  const sampled = get("x-b3-sampled")?.trim();
  if (traceId === undefined && spanId === undefined) return sampled === "0" ? refused() : undefined;
  // Debug implies consent and comes without X-B3-Sampled.
  const state = get("x-b3-flags")?.trim() === "1" ? "d" : sampled;
  return contextOf(traceId ?? "", spanId ?? "", state);
}

function contextOf(trace: string, span: string, state: string | undefined): SpanContext | undefined {
  const traceId = wide(trace);
  const spanId = span.toLowerCase();
  if (traceId === undefined || !isSpanId(spanId)) return undefined;
  switch (state) {
    case undefined:
    case "":
      return { traceId, spanId, flags: 0, deferred: true };
    case "1":
    case "d":
    case "true":
      return { traceId, spanId, flags: sampledFlag };
    case "0":
    case "false":
      return { traceId, spanId, flags: 0 };
    default:
      return undefined;
  }
}

function wide(trace: string): string | undefined {
  if (trace.length !== 16 && trace.length !== 32) return undefined;
  const id = trace.toLowerCase().padStart(32, "0");
  return isTraceId(id) ? id : undefined;
}

function refused(): SpanContext {
  const ids = randomIds();
  return new DrawnContext(ids, new DrawnTrace(ids), randomFlag);
}
