/** The identity of a span as it travels between processes (W3C Trace Context Level 2). Immutable. */
export interface SpanContext {
  /** 32 lowercase hex digits, not all zero. */
  readonly traceId: string;
  /** 16 lowercase hex digits, not all zero. */
  readonly spanId: string;
  /** Bit 0 sampled, bit 1 random trace id; no other bit is ever set. */
  readonly flags: number;
  /** Other vendors' list members, valid, leftmost newest; undefined when there are none. */
  readonly traceState?: string | undefined;
  /** True when the caller left the sampling decision to us (B3 without a state). */
  readonly deferred?: boolean | undefined;
}

/** W3C Trace Context Level 2 §3.2.2.5. */
export const sampledFlag = 1;
export const randomFlag = 2;

/** Whether the spans of this trace are recorded. */
export function isSampled(context: SpanContext): boolean {
  return (context.flags & sampledFlag) !== 0;
}

/** 32 lowercase hex digits and not all zero. */
export function isTraceId(text: string): boolean {
  return traceIdShape.test(text) && text !== zeroTrace;
}

/** 16 lowercase hex digits and not all zero. */
export function isSpanId(text: string): boolean {
  return spanIdShape.test(text) && text !== zeroSpan;
}

const traceIdShape = /^[0-9a-f]{32}$/;
const spanIdShape = /^[0-9a-f]{16}$/;
const zeroTrace = "0".repeat(32);
const zeroSpan = "0".repeat(16);
