import type { TraceSummary } from "../store/store.ts";
import { cut, durationText, fit, inkOf, type RenderOptions, safe } from "./ink.ts";

/**
 * Traces as a table, one line each: time (UTC), trace id, duration, spans, and the root's service and name; traces
 * with failed spans are marked with ✗ and their number.
 *
 * @example process.stdout.write(renderTraceList(store.traces(), { width: 100, color: false }));
 */
export function renderTraceList(traces: readonly TraceSummary[], options: RenderOptions): string {
  const ink = inkOf(options.color);
  if (traces.length === 0) return "no traces yet\n";
  const head = `${fit("time", 12)} ${fit("trace", 32)} ${"took".padStart(7)} ${"spans".padStart(5)}  root`;
  const lines = traces.map((trace) => {
    const time = new Date(trace.startUs / 1000).toISOString().slice(11, 23);
    const failed = trace.errorCount > 0 ? `  ✗ ${trace.errorCount}` : "";
    const fixed = `${time} ${trace.traceId} ${durationText(trace.durationUs).padStart(7)} ${String(trace.spanCount).padStart(5)}  `;
    const room = Math.max(12, options.width - fixed.length - failed.length);
    const root = cut(`${safe(trace.service)} ${safe(trace.name)}`, room);
    return `${fixed}${ink.service(trace.service, root)}${failed === "" ? "" : ink.red(failed)}`;
  });
  return `${[ink.dim(head), ...lines].join("\n")}\n`;
}
