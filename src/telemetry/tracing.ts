import type { Clock, Random } from "../kernel/index.ts";
import { batchSpans, deliveryMessage, type SpanBatcher } from "./exporters/batch.ts";
import { exporterFor } from "./exporters/endpoint.ts";
import type { Send } from "./exporters/exporter.ts";
import type { Logger } from "./logger.ts";
import { ratioSampler } from "./sampler.ts";
import type { Attributes } from "./span-data.ts";
import { createTracer, type Tracer } from "./tracer.ts";

/** A tracer with everything behind it. */
export interface Tracing extends AsyncDisposable {
  readonly tracer: Tracer;
  readonly batcher: SpanBatcher;
}

export interface TracingOptions {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly attributes?: Attributes;
  /** As in `[tracing]`. */
  readonly settings: { readonly enabled: boolean; readonly sampling_rate: number };
  /** Addresses as people write them; the protocol follows the address. Two that mean the same count once. */
  readonly endpoints: readonly string[];
  readonly send: Send;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Logger;
}

/**
 * What every process that makes spans does: a tracer, sampled as the file says, whose spans go to `endpoints`.
 * Disposing it sends what is left.
 *
 * @throws TuskerError TELEMETRY_ENDPOINT
 */
export function startTracing(options: TracingOptions): Tracing {
  const { settings, clock, random, send, log } = options;
  const exporters = new Map(
    options.endpoints.map((one) => exporterFor(one)).map((exporter) => [exporter.url, exporter]),
  );
  const batcher = batchSpans({
    exporters: settings.enabled ? [...exporters.values()] : [],
    send,
    clock,
    random,
    onEvent: (event) => {
      if (event.kind === "reachable") log?.info(deliveryMessage(event));
      else log?.warn(deliveryMessage(event));
    },
  });
  const tracer = createTracer({
    service: options.service,
    instance: options.instance,
    ...(options.attributes === undefined ? {} : { attributes: options.attributes }),
    enabled: settings.enabled,
    sampler: ratioSampler(settings.sampling_rate),
    sink: batcher,
    clock,
  });
  return { tracer, batcher, [Symbol.asyncDispose]: () => batcher.shutdown() };
}
