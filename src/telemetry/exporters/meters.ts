import type { Metrics } from "../metrics/metrics.ts";
import type { SpanBatcher } from "./batch.ts";
import type { DeliveryStats } from "./delivery.ts";

/** Shows in `metrics` what becomes of the spans of a process; docs/reference/telemetry.md lists them. */
export function observeSpans(metrics: Metrics, batcher: SpanBatcher): void {
  const sum = (count: (endpoint: DeliveryStats) => number) => (): number =>
    batcher.stats().endpoints.reduce((all, endpoint) => all + count(endpoint), 0);
  const shown: readonly [string, string, () => number][] = [
    ["tusker_spans_recorded", "Spans recorded since the start.", () => batcher.stats().accepted],
    ["tusker_spans_sent", "Spans an endpoint took, since the start.", sum(({ sent }) => sent)],
    [
      "tusker_spans_dropped",
      "Spans given up for an endpoint, since the start.",
      sum(({ dropped }) => dropped),
    ],
    [
      "tusker_spans_waiting",
      "Spans in full batches that wait for an endpoint.",
      sum(({ waiting }) => waiting),
    ],
  ];
  for (const [name, help, read] of shown) metrics.observe(name, { help }, read);
}
