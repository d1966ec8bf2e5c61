// for users

// for other rooms
export { isSampled, isSpanId, isTraceId, type SpanContext } from "./context.ts";
export { currentSpan, withSpan } from "./current.ts";
export {
  type BatcherOptions,
  type BatcherStats,
  batchSpans,
  deliveryMessage,
  type SpanBatcher,
} from "./exporters/batch.ts";
export type { DeliveryEvent, DeliveryStats } from "./exporters/delivery.ts";
export { type ExportEndpoint, exportEndpoint, exporterFor } from "./exporters/endpoint.ts";
export {
  type ExportAnswer,
  type Exporter,
  type ExportProtocol,
  type ExportRequest,
  exportProtocols,
  type Send,
} from "./exporters/exporter.ts";
export { encodeJaeger } from "./exporters/jaeger/encode.ts";
export { observeSpans } from "./exporters/meters.ts";
export { encodeOtlp } from "./exporters/otlp/encode.ts";
export { encodeZipkin, type ZipkinSpan } from "./exporters/zipkin/encode.ts";
export { type IdSource, idsFrom } from "./ids.ts";
export {
  createLogger,
  humanLines,
  jsonLines,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type LogRecord,
  logLevels,
} from "./logger.ts";
export {
  type Counter,
  createMetrics,
  type Gauge,
  type Histogram,
  type Metric,
  type MetricOptions,
  type Metrics,
  metricsMediaType,
  secondsBuckets,
} from "./metrics/metrics.ts";
export type { LogFields } from "./printable.ts";
export { type Carrier, extract, inject, propagationFields } from "./propagation/propagate.ts";
export { ratioSampler, type Sampler } from "./sampler.ts";
export type { TracingSettings } from "./section.ts";
export type { Span } from "./span.ts";
export type {
  AttributeInput,
  Attributes,
  AttributeValue,
  Resource,
  SpanData,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanSink,
  SpanStatus,
} from "./span-data.ts";
export { nothingDropped, spanKinds } from "./span-data.ts";
export { SpanForm } from "./span-form.ts";
export { createTracer, type SpanOptions, type Tracer, type TracerOptions } from "./tracer.ts";
export { startTracing, type Tracing, type TracingOptions } from "./tracing.ts";
