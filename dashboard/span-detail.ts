import type { SpanNodeView, SpanView, TraceView } from "../src/control/api.ts";
import { el } from "./dom.ts";
import { durationText } from "./format.ts";
import { serviceTag, stateMark } from "./parts.ts";

/** What stands there while no span is chosen. */
export function hint(): HTMLElement {
  return el(
    "p",
    { class: "soft" },
    "Choose a span to see what it says: arrow keys or j and k walk, ← and → fold.",
  );
}

/** All that a span says. */
export function spanDetail({ span, children, failed }: SpanNodeView, trace: TraceView): readonly Node[] {
  const own = Math.max(0, span.durationUs - children.reduce((sum, child) => sum + child.span.durationUs, 0));
  const facts: [string, string][] = [
    ["Kind", span.kind],
    ["Began after", durationText(span.startUs - trace.startUs)],
    ["Took", durationText(span.durationUs)],
  ];
  if (children.length > 0) facts.push(["Without children", durationText(own)]);
  facts.push(["Span id", span.spanId]);
  return [
    el("h3", {}, serviceTag(span.resource.service), " ", span.name),
    failed &&
      el(
        "p",
        { class: "failure" },
        stateMark("unreachable"),
        span.status.message || "failed without a message",
      ),
    pairs(facts),
    ...eventList(span, trace),
    ...section("Attributes", span.attributes),
    ...section("Resource", span.resource.attributes),
  ].filter((part) => part !== false);
}

function section(title: string, values: SpanView["attributes"]): readonly Node[] {
  const list = Object.entries(values).map(([name, value]): [string, string] => [name, valueText(value)]);
  return list.length === 0 ? [] : [el("h4", {}, title), pairs(list)];
}

function eventList(span: SpanView, trace: TraceView): readonly Node[] {
  return span.events.flatMap((event) => [
    el("h4", {}, `${event.name} after ${durationText(event.timeUs - trace.startUs)}`),
    pairs(Object.entries(event.attributes).map(([name, value]) => [name, valueText(value)])),
  ]);
}

function pairs(list: readonly (readonly [string, string])[]): HTMLElement {
  return el("dl", {}, ...list.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
