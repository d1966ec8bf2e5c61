import { z } from "zod";
import { durationMs, httpUrl, ratio } from "../kernel/section.ts";

/** `[tracing]`: which spans are made, kept and sent on. */
export const tracingSection = z
  .object({
    enabled: z.boolean("must be true or false").default(true).describe("False means no spans at all."),
    sampling_rate: ratio().default(1).describe("Share of traces kept, 0 to 1."),
    max_trace_duration: durationMs()
      .prefault("5m")
      .describe("After this the collector calls a trace complete and takes no late spans for it."),
    export_traces: z
      .boolean("must be true or false")
      .default(true)
      .describe("False keeps spans in the local collector; nothing is sent to the endpoints below."),
    jaeger_endpoint: httpUrl().optional().describe("A Jaeger that gets the spans too, as Thrift."),
    zipkin_endpoint: httpUrl().optional().describe("A Zipkin that gets the spans too, as JSON."),
    otlp_endpoint: httpUrl().optional().describe("An OTLP receiver that gets the spans too."),
  })
  .strict();

/** Validated `[tracing]`: durations in milliseconds. */
export type TracingSettings = Readonly<z.output<typeof tracingSection>>;
