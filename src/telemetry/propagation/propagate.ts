import type { SpanContext } from "../context.ts";
import { readB3 } from "./b3.ts";
import { readUber } from "./uber.ts";
import { readW3c, writeTraceparent } from "./w3c.ts";

/** Incoming fields: a lookup by lowercase name (repeated fields joined by commas), or flat pairs in wire order. */
export type Carrier = ((name: string) => string | undefined) | readonly string[];

/**
 * The caller's span, read from the headers of a request: W3C `traceparent` first, then B3 (single, then `X-B3-*`),
 * then Jaeger's `uber-trace-id`. undefined when there is none that can be trusted: a new trace begins. Never throws.
 *
 * Prefer flat pairs where they are at hand: a lookup that hides repeated fields hides a forged second `traceparent`.
 *
 * @example const parent = extract(exchange.headers);
 */
export function extract(carrier: Carrier): SpanContext | undefined {
  const get = typeof carrier === "function" ? carrier : lookup(carrier);
  const w3c = readW3c(get("traceparent"), get("tracestate"));
  return w3c ?? readB3(get) ?? readUber(get("uber-trace-id"));
}

/**
 * Flat header pairs that carry `context` to the next process, W3C always. Remove fields of these names before adding.
 *
 * @example await pool.request({ method: "GET", path, headers: [...headers, ...inject(span.context)] });
 */
export function inject(context: SpanContext): readonly string[] {
  const traceparent = writeTraceparent(context);
  return context.traceState === undefined
    ? ["traceparent", traceparent]
    : ["traceparent", traceparent, "tracestate", context.traceState];
}

/** Every field name that extract reads and that must not travel on beside an injected context. */
export const propagationFields: readonly string[] = [
  "traceparent",
  "tracestate",
  "b3",
  "x-b3-traceid",
  "x-b3-spanid",
  "x-b3-parentspanid",
  "x-b3-sampled",
  "x-b3-flags",
  "uber-trace-id",
];

/** RFC 9110 §5.3: repeated fields mean one list. A repeated `traceparent` thereby becomes unreadable, as it should. */
function lookup(pairs: readonly string[]): (name: string) => string | undefined {
  return (name) => {
    let found: string | undefined;
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      const field = pairs[i] ?? "";
      // Most names differ in length already; lowercasing all of them on every request would cost more than parsing.
      if (field.length !== name.length || field.toLowerCase() !== name) continue;
      found = found === undefined ? pairs[i + 1] : `${found},${pairs[i + 1]}`;
    }
    return found;
  };
}
