import type { Clock, Random, Timer } from "../../kernel/index.ts";
import type { SpanSink } from "../span-data.ts";
import { type DeliveryEvent, type DeliveryStats, deliver } from "./delivery.ts";
import type { Exporter, Send } from "./exporter.ts";

/** Collects finished spans and sends them in batches to every endpoint. */
export interface SpanBatcher extends SpanSink, AsyncDisposable {
  /** Sends what was accepted so far; resolves when each endpoint took it or did not answer. */
  flush(): Promise<void>;
  /** Flushes for at most `graceMs` (default 500), then drops the rest and stops. Later spans are dropped. */
  shutdown(graceMs?: number): Promise<void>;
  stats(): BatcherStats;
}

export interface BatcherStats {
  readonly accepted: number;
  /** Spans that arrived after shutdown. */
  readonly late: number;
  readonly endpoints: readonly DeliveryStats[];
}

export interface BatcherOptions {
  readonly exporters: readonly Exporter[];
  readonly send: Send;
  readonly clock: Clock;
  readonly random: Random;
  /**
   * A full batch leaves at once. Default 2048 spans, and 512 when a protocol among the exporters wants to see all of them first.
   * One of a mebibyte is full too.
   */
  readonly maxBatch?: number;
  /** The first span of a batch waits this long at most; default 200. */
  readonly intervalMs?: number;
  /** Spans that may wait for one endpoint before the oldest are dropped; default 8192. */
  readonly maxWaiting?: number;
  /** Hears when an endpoint goes away, comes back or refuses spans: once each, not per request. */
  readonly onEvent?: (event: DeliveryEvent) => void;
}

/**
 * A sink that batches. Endpoints do not hold each other up: each has its own bounded queue.
 *
 * @example const sink = batchSpans({ exporters: [exporterFor(url)], send, clock: systemClock, random: systemRandom });
 */
export function batchSpans(options: BatcherOptions): SpanBatcher {
  const { clock, random, send, intervalMs = 200, maxWaiting = 8192 } = options;
  const { maxBatch = options.exporters.every(writesAtOnce) ? 2048 : 512 } = options;
  const report = options.onEvent ?? (() => {});
  const deliveries = options.exporters.map((exporter) =>
    deliver({ exporter, send, clock, random, maxWaiting, report }),
  );
  let size = 0;
  let full = false;
  let due: Timer | undefined;
  let accepted = 0;
  let late = 0;
  let ending: Promise<void> | undefined;

  const release = (): void => {
    due?.cancel();
    due = undefined;
    size = 0;
    full = false;
    for (const delivery of deliveries) delivery.release();
  };
  const flush = async (): Promise<void> => {
    release();
    await Promise.all(deliveries.map((delivery) => delivery.flush()));
  };
  const shutdown = async (graceMs: number): Promise<void> => {
    const gave = Promise.withResolvers<void>();
    const limit = clock.after(graceMs, gave.resolve);
    await Promise.race([flush(), gave.promise]);
    limit.cancel();
    for (const delivery of deliveries) delivery.close();
  };
  const batcher: SpanBatcher = {
    accept(span) {
      if (ending !== undefined) {
        late++;
        return;
      }
      accepted++;
      if (deliveries.length === 0) return;
      size++;
      let bytes = 0;
      for (const delivery of deliveries) bytes = Math.max(bytes, delivery.add(span));
      // Sending waits for its own turn: `end()` of the request that filled the batch must not pay for it.
      if (!full && (size >= maxBatch || bytes >= maxBatchBytes)) {
        full = true;
        due?.cancel();
        due = clock.after(0, release);
      } else due ??= clock.after(intervalMs, release, { background: true });
    },
    flush,
    shutdown: (graceMs = 500) => (ending ??= shutdown(graceMs)),
    stats: () => ({ accepted, late, endpoints: deliveries.map((delivery) => delivery.stats()) }),
    [Symbol.asyncDispose]: () => batcher.shutdown(),
  };
  return batcher;
}

/** Then a batch is bytes in one piece, and a few large ones cost less to send than many small ones. */
function writesAtOnce({ begin }: Exporter): boolean {
  return begin !== undefined;
}

/** What receivers take without a word, several times over. */
const maxBatchBytes = 1_048_576;

/** An event in a sentence an operator can act on. */
export function deliveryMessage(event: DeliveryEvent): string {
  switch (event.kind) {
    case "unreachable":
      return `nothing takes spans at ${event.url} (${event.reason}); trying again in the background`;
    case "reachable":
      return `spans are taken at ${event.url} again`;
    case "refused":
      return `${event.url} refuses spans with status ${event.status}; check that the address and its protocol fit`;
    default:
      return event satisfies never;
  }
}
