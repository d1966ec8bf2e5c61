import type { TraceView } from "../src/control/api.ts";
import { el, setAttribute } from "./dom.ts";
import { hint, spanDetail } from "./span-detail.ts";
import { axisMarks, spanLine, tickShare } from "./span-line.ts";
import { parentRow, type SpanRow, spanRows } from "./span-rows.ts";
import { traceHead } from "./trace-head.ts";
import { windowed } from "./windowed.ts";

const rowPx = 28;

/** One trace as a waterfall: a tree beside a time axis. Arrows walk and fold it, the chosen span is shown below. */
export interface Waterfall {
  readonly node: HTMLElement;
  /** @param onChoose hears which span was chosen */
  show(trace: TraceView, spanId: string | undefined, onChoose: (spanId: string) => void): void;
  focus(): void;
}

export function waterfall(): Waterfall {
  const head = el("header", { class: "trace-head" });
  const axis = el("div", { class: "axis", "aria-hidden": "true" });
  const grid = el("div", { class: "grid", role: "treegrid", tabindex: 0, "aria-label": "Spans" });
  const detail = el("section", { class: "span-detail", tabindex: 0, "aria-label": "Chosen span" });
  const node = el("div", { class: "waterfall" }, head, axis, grid, detail);
  const folded = new Set<string>();
  let trace: TraceView | undefined;
  let rows: readonly SpanRow[] = [];
  let chosen: string | undefined;
  let tell: (spanId: string) => void = () => {};

  const list = windowed(rowPx, (at) => row(at), grid);
  const row = (at: number): HTMLElement => {
    const one = rows[at];
    if (one === undefined || trace === undefined) return el("div");
    const made = spanLine(one, at, trace, one.node.span.spanId === chosen);
    made.addEventListener("click", (event) => {
      const onFold = event.target instanceof Element && event.target.closest(".fold") !== null;
      if (onFold) fold(one);
      pick(one.node.span.spanId);
    });
    return made;
  };
  const draw = (): void => {
    if (trace === undefined) return;
    rows = spanRows(trace, folded);
    setAttribute(grid, "aria-rowcount", String(rows.length));
    // A deep tree takes smaller steps: names stay in their column.
    const deepest = rows.reduce((most, one) => Math.max(most, one.depth), 1);
    grid.style.setProperty("--step", `${Math.min(16, 120 / deepest)}px`);
    list.reset(rows.length);
  };
  /** As many marks as have room for their words. */
  const drawAxis = (next: TraceView): void => {
    const most = Math.min(5, Math.max(2, Math.floor(axis.clientWidth / 80)));
    axis.replaceChildren(...axisMarks(next, most));
    grid.style.setProperty("--tick", `${tickShare(next, most) * 100}%`);
  };
  const fold = ({ node: { span, children } }: SpanRow): void => {
    if (children.length === 0) return;
    if (!folded.delete(span.spanId)) folded.add(span.spanId);
    draw();
  };
  const choose = (spanId: string | undefined): void => {
    chosen = spanId;
    const at = rows.findIndex((one) => one.node.span.spanId === spanId);
    const one = rows[at];
    for (const line of grid.querySelectorAll<HTMLElement>(".span"))
      setAttribute(line, "aria-selected", String(line.getAttribute("data-span") === spanId));
    setAttribute(grid, "aria-activedescendant", one === undefined ? undefined : `span-${spanId}`);
    detail.replaceChildren(
      ...(one === undefined || trace === undefined ? [hint()] : spanDetail(one.node, trace)),
    );
    if (one !== undefined) list.reveal(at);
  };
  /** The reader chose: the address is told, which a trace that merely grew must not do. */
  const pick = (spanId: string | undefined): void => {
    choose(spanId);
    if (spanId !== undefined) tell(spanId);
  };
  grid.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = rows.findIndex((one) => one.node.span.spanId === chosen);
    const to = step(event.key, rows, at, fold);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    pick(rows[Math.min(Math.max(to, 0), rows.length - 1)]?.node.span.spanId);
  });
  grid.addEventListener("focus", () => chosen === undefined && pick(rows[0]?.node.span.spanId));
  return {
    node,
    show(next, spanId, onChoose) {
      tell = onChoose;
      if (trace?.traceId !== next.traceId) {
        folded.clear();
        grid.scrollTop = 0;
      }
      const same = trace?.traceId === next.traceId && trace.spanCount === next.spanCount;
      trace = next;
      if (!same) {
        head.replaceChildren(...traceHead(next));
        drawAxis(next);
        draw();
      }
      if (!same || spanId !== chosen) choose(spanId);
    },
    focus: () => grid.focus(),
  };
}

/** Where a key leads from a line; folding keys fold and stay (WAI-ARIA treegrid pattern). */
function step(
  key: string,
  rows: readonly SpanRow[],
  at: number,
  fold: (row: SpanRow) => void,
): number | undefined {
  const row = rows[at];
  switch (key) {
    case "ArrowDown":
    case "j":
      return at + 1;
    case "ArrowUp":
    case "k":
      return at < 0 ? 0 : at - 1;
    case "Home":
      return 0;
    case "End":
      return rows.length - 1;
    case "PageDown":
      return at + 10;
    case "PageUp":
      return at - 10;
    case "ArrowRight":
    case "l":
      if (row?.folded !== true) return row?.node.children.length === 0 ? at : at + 1;
      fold(row);
      return at;
    case "ArrowLeft":
    case "h":
      if (row === undefined || row.folded || row.node.children.length === 0) return parentRow(rows, at) ?? at;
      fold(row);
      return at;
    default:
      return undefined;
  }
}
