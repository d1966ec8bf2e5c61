import type { LogView } from "../src/control/api.ts";
import { button, el } from "./dom.ts";
import { timeText } from "./format.ts";
import { readLogText } from "./lines.ts";
import { emptyNote, toneOf } from "./parts.ts";
import { formatRoute } from "./route.ts";

/** Lines kept in the page; older ones leave. */
const kept = 2_000;

/** Lines as they come. At its end it follows them; held, it lets them wait. */
export interface LogList {
  readonly node: HTMLElement;
  add(line: LogView): void;
  clear(): void;
  /** Shows only lines that contain the text, in any case. */
  filter(text: string): void;
  hold(held: boolean): void;
  toEnd(): void;
}

/** @param onWaiting hears how many lines wait while the list is held */
export function logList(onWaiting: (count: number) => void): LogList {
  let lines: LogView[] = [];
  let fresh: LogView[] = [];
  let wanted = "";
  let held = false;
  let scheduled = false;
  const list = el("ol", { class: "log", tabindex: 0, role: "log", "aria-live": "off", "aria-label": "Log" });
  const none = emptyNote("No lines", "Nothing was written yet that fits.");
  const toEnd = (): void => {
    list.scrollTop = list.scrollHeight;
  };
  const jump = button("↓ Latest", toEnd, { class: "jump", hidden: true });
  const atEnd = (): boolean => list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const fits = ({ instance, text }: LogView): boolean =>
    wanted === "" || `${instance} ${text}`.toLowerCase().includes(wanted);
  list.addEventListener("scroll", () => (jump.hidden = atEnd()), { passive: true });

  const redraw = (): void => {
    list.replaceChildren(...lines.filter(fits).map(lineNode));
    none.hidden = list.childElementCount > 0;
    toEnd();
  };
  const flush = (): void => {
    scheduled = false;
    onWaiting(held ? fresh.length : 0);
    if (held || fresh.length === 0) return;
    const stick = atEnd();
    lines = [...lines, ...fresh].slice(-kept);
    list.append(...fresh.filter(fits).map(lineNode));
    fresh = [];
    while (list.childElementCount > kept) list.firstElementChild?.remove();
    none.hidden = list.childElementCount > 0;
    if (stick) toEnd();
    else jump.hidden = false;
  };
  return {
    node: el("div", { class: "pane log-pane" }, list, none, jump),
    add(line) {
      fresh.push(line);
      if (fresh.length > 2 * kept) fresh = fresh.slice(-kept);
      if (!scheduled) requestAnimationFrame(flush);
      scheduled = true;
    },
    clear() {
      lines = [];
      fresh = [];
      redraw();
    },
    filter(text) {
      if (wanted === text.toLowerCase()) return;
      wanted = text.toLowerCase();
      redraw();
    },
    hold(next) {
      held = next;
      flush();
    },
    toEnd,
  };
}

function lineNode(line: LogView): HTMLElement {
  const { text, level, traceId } = readLogText(line.text);
  const weight = level ?? (line.stream === "stderr" ? "stderr" : "");
  return el(
    "li",
    { class: weight === "" ? undefined : `level-${weight}` },
    el("time", {}, timeText(line.at)),
    el("span", { class: `tag ${toneOf(line.service)}` }, line.instance),
    el("span", { class: "level" }, weight),
    el("span", { class: "text" }, text),
    traceId !== undefined &&
      el("a", { class: "quiet", href: formatRoute({ view: "traces", id: traceId }) }, "trace"),
  );
}
