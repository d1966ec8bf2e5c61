import { z } from "zod";
import { durationMs, httpUrl, ratio } from "../kernel/index.ts";

/**
 * `[tracing]` of a fleet file.
 *
 * - `enabled`: false means no spans at all.
 * - `sampling_rate`: share of traces kept, 0 to 1.
 * - `max_trace_duration`: after this the collector calls a trace complete and takes no late spans for it.
 * - `export_traces`: false keeps spans in the local collector; nothing is sent to the endpoints below.
 * - `jaeger_endpoint`, `zipkin_endpoint`, `otlp_endpoint`: where spans go besides; the protocol follows the address.
 */
export const tracingSection = z
  .object({
    enabled: z.boolean("must be true or false").default(true),
    sampling_rate: ratio().default(1),
    max_trace_duration: durationMs().default(300_000),
    export_traces: z.boolean("must be true or false").default(true),
    jaeger_endpoint: httpUrl().optional(),
    zipkin_endpoint: httpUrl().optional(),
    otlp_endpoint: httpUrl().optional(),
  })
  .strict();

/** Validated `[tracing]`: durations in milliseconds. */
export type TracingSettings = Readonly<z.output<typeof tracingSection>>;
