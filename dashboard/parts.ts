import { el, setAttribute, svg } from "./dom.ts";
import type { State } from "./state.ts";

/** Every state has a shape, a colour (by class, in style.css) and a word: none of them alone carries the meaning. */
const shapes: Readonly<Record<State, string>> = {
  ready: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1M4.6 8.2l2.3 2.4 4.6-5",
  reachable: "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1M4.6 8.2l2.3 2.4 4.6-5",
  starting: "M8 2a6 6 0 1 0 6 6",
  waiting: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 5v3.3l2 1.5",
  restarting: "M8 1.5 15 14H1ZM8 6v4M8 11.8v.4",
  unreachable: "M8 1.5 15 14H1ZM8 6v4M8 11.8v.4",
  stopping: "M2.5 2.5h11v11h-11ZM5.5 8h5",
  stopped: "M2.5 2.5h11v11h-11Z",
  elsewhere: "M9 2h5v5M14 2 7 9M7 4H2v10h10V9",
  assumed: "M8 1.5 14.5 8 8 14.5 1.5 8Z",
};

/** The words of a state, as in "state-ready", shape drawn in the colour of the text around it. */
export function stateMark(state: State): SVGSVGElement {
  const path = svg("path", { d: shapes[state] });
  return svg("svg", { class: `mark ${state}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

/** A state with its word, that can be told a newer one. */
export function stateBadge(): { readonly node: HTMLElement; update(state: State, word?: string): void } {
  const node = el("span", { class: "state" });
  let shown = "";
  return {
    node,
    update(state, word = state) {
      if (shown === `${state} ${word}`) return;
      shown = `${state} ${word}`;
      setAttribute(node, "class", `state ${state}`);
      node.replaceChildren(stateMark(state), word);
    },
  };
}

/** One colour per service name, by order of first sight, so that a fleet always looks the same. */
export function toneOf(service: string): string {
  const known = tones.get(service) ?? new Set(tones.values()).size % 8;
  tones.set(service, known);
  return `tone-${known}`;
}

const tones = new Map<string, number>();

/** A service's name with its colour. */
export function serviceTag(service: string): HTMLElement {
  return el("span", { class: `tag ${toneOf(service)}` }, service);
}

/** What stands in a view when there is nothing to show. */
export function emptyNote(title: string, text: string): HTMLElement {
  return el("div", { class: "empty" }, el("strong", {}, title), el("p", {}, text));
}

/** True while the reader types: single keys belong to the field then. */
export function isTyping(event: KeyboardEvent): boolean {
  const at = event.target;
  return at instanceof Element && at.matches("input, select, textarea");
}
