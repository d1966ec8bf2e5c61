import type { TraceView } from "../src/control/api.ts";
import { el, svg } from "./dom.ts";
import { durationText } from "./format.ts";
import { serviceTag, stateMark, toneOf } from "./parts.ts";
import { type SpanRow, ticks } from "./span-rows.ts";

/** The moments above a waterfall, at most so many. */
export function axisMarks(trace: TraceView, most: number): readonly Node[] {
  return ticks(trace.durationUs, most).map((us) => {
    const mark = el("span", {}, us === 0 ? "0" : shortened(durationText(us)));
    mark.style.left = `${(us / Math.max(trace.durationUs, 1)) * 100}%`;
    return mark;
  });
}

/** How much of the whole lies between two moments. */
export function tickShare(trace: TraceView, most: number): number {
  return (ticks(trace.durationUs, most)[1] ?? trace.durationUs) / Math.max(trace.durationUs, 1);
}

/** One span as a line: its place in the tree, who did what, and when. */
export function spanLine(
  { node, depth, place, siblings, folded }: SpanRow,
  at: number,
  trace: TraceView,
  chosen: boolean,
): HTMLElement {
  const { span, children, orphan, failed } = node;
  const total = Math.max(trace.durationUs, 1);
  const [left, share] = [(span.startUs - trace.startUs) / total, span.durationUs / total];
  const bar = el("span", { class: "fill" });
  bar.style.left = `${left * 100}%`;
  bar.style.width = `${share * 100}%`;
  const fold = svg(
    "svg",
    { class: "fold", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: "M6 4l4 4-4 4" }),
  );
  const name = el(
    "div",
    { class: "name", role: "gridcell" },
    children.length > 0 ? fold : el("span", { class: "fold" }),
    failed && stateMark("unreachable"),
    serviceTag(span.resource.service),
    el("span", { class: "what" }, orphan ? `${span.name} (parent missing)` : span.name),
  );
  name.style.setProperty("--depth", String(depth));
  return el(
    "div",
    {
      id: `span-${span.spanId}`,
      class: `span ${toneOf(span.resource.service)}${failed ? " failed" : ""}`,
      role: "row",
      "data-span": span.spanId,
      "aria-selected": String(chosen),
      "aria-level": depth + 1,
      "aria-posinset": place,
      "aria-setsize": siblings,
      "aria-rowindex": at + 1,
      "aria-expanded": children.length > 0 ? String(!folded) : undefined,
    },
    name,
    el("div", { class: "lane", role: "presentation" }, bar),
    el("div", { class: "took", role: "gridcell" }, durationText(span.durationUs)),
  );
}

/** "5 ms" in place of "5.00 ms": on an axis only round numbers stand. */
function shortened(text: string): string {
  return text.replace(/\.0+(?= )|(?<=\.\d*[1-9])0+(?= )/, "");
}
