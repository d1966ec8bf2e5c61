import { z } from "zod";
import { count, durationMs, port, sizeBytes } from "../kernel/index.ts";

/** `[grpc]`: how services serve gRPC. */
export const grpcSection = z.strictObject({
  /** False serves REST only. */
  enabled: z.boolean().default(true),
  /** The first service's gRPC port; the supervisor gives each instance its own. 0 lets the system choose. */
  port: port().default(9090),
  /** Calls at once on one connection (SETTINGS_MAX_CONCURRENT_STREAMS). */
  max_concurrent_streams: count({ min: 1 }).default(100),
  /** A connection without calls is closed after this. */
  max_connection_idle: durationMs().prefault("30s"),
  /** A connection is retired after this, ±10 %, so that clients spread again (gRFC A9). */
  max_connection_age: durationMs().prefault("5m"),
  /** How long calls on a retired connection may still run. */
  max_connection_age_grace: durationMs().prefault("10s"),
  /** Deadline of a call that came without one. */
  timeout: durationMs().prefault("30s"),
  /** Largest message, decompressed. */
  max_message_size: sizeBytes().prefault("4MiB"),
});

/** `[api_communication]`: how services call each other. */
export const apiCommunicationSection = z.strictObject({
  /** Overall deadline of a call, all tries included. */
  timeout: durationMs().prefault("30s"),
  /** Tries after the first. */
  retry_attempts: count().default(3),
  /** Upper end of the wait before the first repeat; it doubles with each and is drawn at random below it. */
  retry_delay: durationMs().prefault("1s"),
  circuit_breaker_enabled: z.boolean().default(true),
  /** Failures in a row that open an endpoint's breaker. */
  circuit_breaker_threshold: count({ min: 1 }).default(5),
  /** The longest an endpoint's breaker stays open between probes. */
  circuit_breaker_timeout: durationMs().prefault("60s"),
});

/** `[grpc]`, validated; times in milliseconds. */
export type GrpcSettings = Readonly<z.output<typeof grpcSection>>;
/** `[api_communication]`, validated; times in milliseconds. */
export type ApiCommunicationSettings = Readonly<z.output<typeof apiCommunicationSection>>;
