import { z } from "zod";
import { count, durationMs, port, sizeBytes } from "../kernel/section.ts";

/** `[grpc]`: how services serve gRPC. */
export const grpcSection = z.strictObject({
  enabled: z.boolean().default(true).describe("False serves REST only."),
  port: port()
    .default(9090)
    .describe(
      "The first service's gRPC port; the supervisor gives each instance its own. 0 lets the system choose.",
    ),
  max_concurrent_streams: count({ min: 1 })
    .default(100)
    .describe("Calls at once on one connection (SETTINGS_MAX_CONCURRENT_STREAMS)."),
  max_connection_idle: durationMs()
    .prefault("30s")
    .describe("A connection without calls is closed after this."),
  max_connection_age: durationMs()
    .prefault("5m")
    .describe("A connection is retired after this, ±10 %, so that clients spread again (gRFC A9)."),
  max_connection_age_grace: durationMs()
    .prefault("10s")
    .describe("How long calls on a retired connection may still run."),
  timeout: durationMs().prefault("30s").describe("Deadline of a call that came without one."),
  max_message_size: sizeBytes().prefault("4MiB").describe("Largest message, decompressed."),
  compress_above: sizeBytes()
    .optional()
    .describe(
      "Messages larger than this are packed with gzip: answers for callers who take it, requests for services that said they do. Absent packs none.",
    ),
  web_origins: z
    .array(
      z
        .string()
        .regex(/^(?:\*|https?:\/\/[^/\s]+)$/, 'must be "*" or an origin such as "https://shop.example"'),
    )
    .default([])
    .describe('Origins whose pages may call over gRPC-Web; "*" for all. Empty: none.'),
  engine: z
    .enum(["tusker", "node"])
    .default("tusker")
    .describe("What speaks HTTP/2: our engine, or node:http2, slower, for whoever is in trouble with ours."),
});

/** `[api_communication]`: how services call each other. */
export const apiCommunicationSection = z.strictObject({
  timeout: durationMs().prefault("30s").describe("Overall deadline of a call, all tries included."),
  retry_attempts: count().default(3).describe("Tries after the first."),
  retry_delay: durationMs()
    .prefault("1s")
    .describe(
      "Upper end of the wait before the first repeat; it doubles with each and is drawn at random below it.",
    ),
  circuit_breaker_enabled: z
    .boolean()
    .default(true)
    .describe("False: endpoints that fail are asked again and again."),
  circuit_breaker_threshold: count({ min: 1 })
    .default(5)
    .describe("Failures in a row that open an endpoint's breaker."),
  circuit_breaker_timeout: durationMs()
    .prefault("60s")
    .describe("The longest an endpoint's breaker stays open between probes."),
});

/** `[grpc]`, validated; times in milliseconds. */
export type GrpcSettings = Readonly<z.output<typeof grpcSection>>;
/** `[api_communication]`, validated; times in milliseconds. */
export type ApiCommunicationSettings = Readonly<z.output<typeof apiCommunicationSection>>;
