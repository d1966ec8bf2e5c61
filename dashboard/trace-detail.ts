import type { TraceView } from "../src/control/api.ts";
import { el } from "./dom.ts";
import { ask, Refused } from "./live.ts";
import { paced } from "./pace.ts";
import { emptyNote } from "./parts.ts";
import { formatRoute, type Route, withQuery } from "./route.ts";
import type { Shell } from "./view.ts";
import { waterfall } from "./waterfall.ts";

/** The chosen trace beside the list, read again while its spans still come in. */
export function traceDetail(shell: Shell): {
  readonly node: HTMLElement;
  show(route: Route): void;
  refresh(): void;
  focus(): void;
} {
  let route: Route = { view: "traces", query: {} };
  let trace: TraceView | undefined;
  const fall = waterfall();
  const problem = el("div", { hidden: true });
  const back = el("a", { class: "quiet back" }, "← All traces");
  const choose = (span: string): void => shell.go(withQuery(route, { span }), "replace");
  const draw = (): void => {
    if (trace !== undefined && isOf(trace, route.id)) fall.show(trace, route.query.span, choose);
  };
  const read = async (): Promise<void> => {
    const { id } = route;
    if (id === undefined || document.hidden) return;
    try {
      trace = await ask<TraceView>(`/control/traces/${encodeURIComponent(id)}`);
    } catch (error) {
      // A connection that breaks is told by the page around.
      if (!(error instanceof Refused) || route.id !== id) return;
      problem.replaceChildren(emptyNote("This trace cannot be shown", error.message));
    }
    problem.hidden = trace !== undefined && isOf(trace, id);
    fall.node.hidden = !problem.hidden;
    draw();
  };
  const refresh = paced(400, read);
  return {
    node: el("div", { class: "detail" }, back, problem, fall.node),
    show(next) {
      const other = next.id !== route.id;
      route = next;
      back.href = formatRoute({ ...withQuery(route, { span: "" }), id: undefined });
      draw();
      if (other) refresh();
    },
    refresh,
    focus: () => fall.focus(),
  };
}

/** The beginning of an id is enough, as in logs and on the command line. */
export function isOf(trace: { readonly traceId: string }, id: string | undefined): boolean {
  return id !== undefined && trace.traceId.startsWith(id);
}
