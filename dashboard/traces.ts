import type { TraceSummaryView } from "../src/control/api.ts";
import { el, keyed, type Row, setAttribute, setText } from "./dom.ts";
import { ageText, counted, durationText } from "./format.ts";
import { ask, type Live } from "./live.ts";
import { paced } from "./pace.ts";
import { emptyNote, serviceTag, stateMark } from "./parts.ts";
import { formatRoute, type Query, type Route, withQuery } from "./route.ts";
import { gatewayName } from "./system-map.ts";
import { checkBox, note, pauseButton, searchField, serviceSelect, showSearch, toolbar } from "./toolbar.ts";
import { isOf, traceDetail } from "./trace-detail.ts";
import type { Shell, View } from "./view.ts";

const limit = 200;

/** Traces as they come in, newest first, and the chosen one as a waterfall beside them. */
export function tracesView(live: Live, shell: Shell): View {
  let route: Route = { view: "traces", query: {} };
  const go = (changes: Query): void => shell.go(withQuery(route, changes), "replace");
  const search = searchField("Search name, service or id", (q) => go({ q }));
  const services = serviceSelect((service) => go({ service }));
  const errors = checkBox("Errors only", (only) => go({ errors: only ? "1" : "" }));
  const found = note();
  const pause = pauseButton((paused) => paused || refresh());
  const list = traceList();
  const detail = traceDetail(shell);
  const split = el("div", { class: "split" }, list.node, detail.node);
  const bar = toolbar(search, services.node, errors.node, undefined, found.node, pause.node);
  const node = el("div", { class: "view" }, bar, split);

  const draw = (): void => found.show(list.draw(route));
  // A connection that breaks is told by the page around; here there is nothing to add.
  const refresh = paced(500, async () => {
    const { service, errors: only } = route.query;
    if (document.hidden) return;
    const answer = await askTraces(route.query).catch(() => undefined);
    if (answer === undefined || service !== route.query.service || only !== route.query.errors) return;
    list.take(answer);
    draw();
  });
  live.on("spans", () => {
    if (!node.isConnected || pause.paused) return;
    refresh();
    detail.refresh();
  });
  live.on("tick", () => node.isConnected && draw());
  live.on("fleet", () => {
    const { fleet } = live;
    if (fleet !== undefined) services.offer([gatewayName, ...fleet.services.map((one) => one.name)]);
  });
  return {
    node,
    title: "Traces",
    show(next) {
      const { service, errors: only } = route.query;
      route = next;
      showSearch(search, next.query.q);
      services.choose(next.query.service);
      errors.show(next.query.errors === "1");
      split.classList.toggle("open", next.id !== undefined);
      detail.show(next);
      draw();
      if (list.isEmpty || service !== next.query.service || only !== next.query.errors) refresh();
    },
    hide() {
      list.take([]);
    },
    key({ key }) {
      if (key === "/") search.focus();
      else if (key === "p") pause.toggle();
      else if (key === "ArrowDown" || key === "j") list.walk(1);
      else if (key === "ArrowUp" || key === "k") list.walk(-1);
      else if (route.id === undefined) return false;
      else if (key === "Escape") shell.go({ ...withQuery(route, { span: "" }), id: undefined });
      else if (key === "Enter" || key === "ArrowRight") detail.focus();
      else return false;
      return true;
    },
  };
}

function askTraces({ service = "", errors = "" }: Query): Promise<readonly TraceSummaryView[]> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (service !== "") query.set("service", service);
  if (errors !== "") query.set("errors", errors);
  return ask(`/control/traces?${query}`);
}

interface TraceList {
  readonly node: HTMLElement;
  readonly isEmpty: boolean;
  take(traces: readonly TraceSummaryView[]): void;
  /** Shows those that fit. @returns how many, in words */
  draw(route: Route): string;
  /** Opens the next trace or the one before. */
  walk(by: 1 | -1): void;
}

function traceList(): TraceList {
  let all: readonly TraceSummaryView[] = [];
  let route: Route = { view: "traces", query: {} };
  const list = el("ol", { class: "traces", "aria-label": "Traces" });
  const none = emptyNote("No traces", "Send a request through the gateway and it appears here.");
  const rows = keyed<TraceSummaryView>(
    list,
    (one) => one.traceId,
    () => traceRow(() => route),
  );
  return {
    node: el("div", { class: "pane" }, list, none),
    get isEmpty() {
      return all.length === 0;
    },
    take(traces) {
      all = traces;
    },
    draw(at) {
      route = at;
      const words = (route.query.q ?? "").toLowerCase().split(/\s+/);
      const shown = all.filter((one) => words.every((word) => searchText(one).includes(word)));
      rows(shown);
      none.hidden = shown.length > 0;
      return all.length === limit ? `${shown.length} of the last ${limit}` : counted(shown.length, "trace");
    },
    walk(by) {
      const links = [...list.querySelectorAll<HTMLAnchorElement>("a")];
      const at = links.findIndex((link) => link.hasAttribute("aria-current"));
      const to = links[Math.min(Math.max(at + by, 0), links.length - 1)];
      to?.focus();
      to?.click();
    },
  };
}

function searchText({ name, services, traceId }: TraceSummaryView): string {
  return [name, ...services.map((one) => one.service), traceId].join(" ").toLowerCase();
}

function traceRow(route: () => Route): Row<TraceSummaryView> {
  const link = el("a");
  const age = el("span", { class: "age" });
  let drawn = -1;
  return {
    node: el("li", {}, link),
    update(trace) {
      const { id, query } = route();
      const href = formatRoute({ view: "traces", id: trace.traceId, query: { ...query, span: "" } });
      setAttribute(link, "href", href);
      setAttribute(link, "aria-current", isOf(trace, id) ? "true" : undefined);
      setText(age, ageText(Date.now() - trace.startUs / 1_000));
      if (drawn === trace.spanCount) return;
      drawn = trace.spanCount;
      setAttribute(link, "class", trace.errorCount > 0 ? "failed" : undefined);
      link.replaceChildren(...rowParts(trace), age);
    },
  };
}

function rowParts({ name, durationUs, services, spanCount, errorCount }: TraceSummaryView): readonly Node[] {
  const spans = counted(spanCount, "span");
  return [
    stateMark(errorCount > 0 ? "unreachable" : "ready"),
    el("span", { class: "what" }, name === "" ? "(root not here yet)" : name),
    el("span", { class: "took" }, durationText(durationUs)),
    el("span", { class: "who" }, ...services.map((one) => serviceTag(one.service))),
    el("span", { class: "spans" }, errorCount > 0 ? `${counted(errorCount, "error")} · ${spans}` : spans),
  ];
}
