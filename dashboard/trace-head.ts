import type { TraceView } from "../src/control/api.ts";
import { button, el } from "./dom.ts";
import { counted, durationText, timeText } from "./format.ts";
import { formatRoute } from "./route.ts";

/** What a trace is, in two lines, and where else to look. */
export function traceHead(trace: TraceView): readonly Node[] {
  const root = trace.roots[0]?.span;
  const copy = button("Copy id", () => void navigator.clipboard?.writeText(trace.traceId), {
    class: "quiet",
  });
  const logs = el(
    "a",
    { class: "quiet", href: formatRoute({ view: "logs", query: { q: trace.traceId.slice(0, 8) } }) },
    "Logs",
  );
  const facts = [
    durationText(trace.durationUs),
    counted(trace.spanCount, "span"),
    counted(trace.services.length, "service"),
  ];
  if (trace.errorCount > 0) facts.push(counted(trace.errorCount, "error"));
  return [
    el("h2", {}, root?.name ?? "Trace", " ", el("code", {}, trace.traceId.slice(0, 8))),
    el("p", { class: "soft" }, `${timeText(trace.startUs / 1_000)} · ${facts.join(" · ")}`),
    el("div", { class: "actions" }, logs, copy),
  ];
}
