import { randomFlag, type SpanContext, sampledFlag } from "../context.ts";
import { DrawnContext } from "../drawn-context.ts";

/** W3C Trace Context Level 2 §3.2.2: version, trace id, parent id, flags; later versions may append fields. */
const shape = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Reads `traceparent` with the `tracestate` that came beside it. undefined restarts the trace, and then the
 * tracestate is dropped with it (§3.3: it belongs to a traceparent that could be read).
 */
export function readW3c(
  traceparent: string | undefined,
  tracestate: string | undefined,
): SpanContext | undefined {
  if (traceparent === undefined) return undefined;
  const match = shape.exec(traceparent.trim());
  if (match === null) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = match;
  // §3.2.2.1: ff is forbidden. Version 00 has exactly these four fields.
  if (version === "ff" || (version === "00" && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  const known = Number.parseInt(flags, 16) & (sampledFlag | randomFlag);
  const state = tracestate === undefined ? undefined : readTraceState(tracestate);
  return state === undefined
    ? { traceId, spanId, flags: known }
    : { traceId, spanId, flags: known, traceState: state };
}

/** §3.2: always version 00, whatever came in. */
export function writeTraceparent(context: SpanContext): string {
  if (context instanceof DrawnContext) return context.traceparent;
  return `00-${context.traceId}-${context.spanId}-0${context.flags & (sampledFlag | randomFlag)}`;
}

/** §3.3.1.3.1: lowercase letter or digit first, then also _ - * / @ (the grammar of June 2026). */
const memberKey = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
/** §3.3.1.3.2: printable ASCII without comma and equals sign, not ending in a space. */
const memberValue = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const maxMembers = 32;

/**
 * The list in its shortest form; undefined when it is empty or any member is malformed, for then nothing in it can be
 * trusted (§3.3.1.4). Repeated header fields arrive here joined by commas.
 */
export function readTraceState(text: string): string | undefined {
  const members = new Map<string, string>();
  let count = 0;
  for (const part of text.split(",")) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(0, equals));
    const value = member.slice(equals + 1);
    if (equals < 1 || !memberKey.test(key) || !memberValue.test(value)) return undefined;
    if (++count > maxMembers) return undefined;
    // Of a repeated key the leftmost, newest one counts.
    if (!members.has(key)) members.set(key, value);
  }
  return members.size === 0 ? undefined : [...members].map(([key, value]) => `${key}=${value}`).join(",");
}
