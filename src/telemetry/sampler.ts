/** Decides for a trace that begins here. A trace that began elsewhere keeps its caller's decision. */
export interface Sampler {
  readonly name: string;
  /** The share of traces kept, 0 to 1. */
  readonly rate: number;
  /** The same answer for the same id in every process of the same rate. */
  decide(traceId: string): boolean;
}

/**
 * Keeps `rate` of all traces, by the 56 random bits at the end of the trace id (W3C Trace Context Level 2 §3.2.2.5
 * promises them): every process draws the same line, so traces are kept or left whole, and a trace kept at a low rate
 * is also kept at any higher one.
 *
 * @param rate 0 to 1; `sampling_rate` of `[tracing]`
 */
export function ratioSampler(rate: number): Sampler {
  const share = Math.min(1, Math.max(0, rate));
  const threshold = (1 - share) * 2 ** 56;
  return {
    name: "ratio",
    rate: share,
    decide(traceId) {
      if (share === 1) return true;
      if (share === 0) return false;
      return Number.parseInt(traceId.slice(18), 16) >= threshold;
    },
  };
}
