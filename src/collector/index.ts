// for users
export { type Collector, type CollectorOptions, type ReceiverPort, startCollector } from "./collector.ts";
// for other rooms
export { type TraceReader, traceReader } from "./query/reader.ts";
export type { RenderOptions } from "./render/ink.ts";
export { renderTraceList } from "./render/trace-list.ts";
export { renderWaterfall } from "./render/waterfall.ts";
export type { Dependency } from "./store/dependencies.ts";
export {
  type AddResult,
  type ServiceSummary,
  type SpanListener,
  type SpanStore,
  type StoreLimits,
  type StoreOptions,
  type StoreStats,
  spanStore,
  type TraceQuery,
  type TraceSummary,
} from "./store/store.ts";
export { buildTrace, type SpanNode, type Trace, walk } from "./store/trace.ts";
