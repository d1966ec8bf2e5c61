import type { EventView } from "../src/control/api.ts";
import { el, keyed, setText } from "./dom.ts";
import { durationText, timeText } from "./format.ts";
import { stateMark } from "./parts.ts";
import type { State } from "./state.ts";

/** What happened in the fleet, newest first. */
export function activityList(): { readonly node: HTMLElement; update(events: readonly EventView[]): void } {
  const list = el("ol", { tabindex: 0, "aria-label": "Activity" });
  const none = el("p", { class: "soft" }, "Nothing happened yet.");
  const node = el("aside", { class: "activity" }, el("h2", {}, "Activity"), list, none);
  let numbers = new WeakMap<EventView, number>();
  let next = 0;
  const keyOf = (event: EventView): string => {
    const number = numbers.get(event) ?? next++;
    numbers.set(event, number);
    return String(number);
  };
  const rows = keyed<EventView>(list, keyOf, (event) => {
    const { state, text } = eventWords(event);
    const words = el("span", {}, event.service !== undefined && el("b", {}, event.service), " ", text);
    const time = el("time", {}, "");
    setText(time, timeText(event.at).slice(0, 8));
    return { node: el("li", {}, stateMark(state), time, words), update: () => {} };
  });
  return {
    node,
    update(events) {
      const told = events.filter(isNews);
      if (told.length === 0) numbers = new WeakMap();
      rows(told);
      none.hidden = told.length > 0;
    },
  };
}

/** That a process entered a state is news only where no event says more about it. */
function isNews({ type, state }: EventView): boolean {
  return type !== "state" || state === "stopping" || state === "stopped";
}

function eventWords(event: EventView): { readonly state: State; readonly text: string } {
  switch (event.type) {
    case "ready":
      return { state: "ready", text: `ready in ${durationText((event.tookMs ?? 0) * 1_000)}` };
    case "exited":
      return {
        state: "restarting",
        text: `ended with ${event.reason ?? "no reason"}, again in ${durationText((event.retryMs ?? 0) * 1_000)}`,
      };
    case "crash-loop":
      return { state: "unreachable", text: `ends again and again: ${event.exits ?? 0} times so far` };
    case "slow-start":
      return { state: "starting", text: `not ready after ${durationText((event.afterMs ?? 0) * 1_000)}` };
    case "assumed":
      return { state: "assumed", text: `${event.external ?? ""} has no address and is assumed to be there` };
    case "external":
      return event.reachable === true
        ? { state: "reachable", text: `${event.external ?? ""} answers at ${event.address ?? ""}` }
        : { state: "unreachable", text: `${event.external ?? ""} does not answer at ${event.address ?? ""}` };
    case "state":
      return { state: event.state ?? "waiting", text: event.state ?? "" };
    case "notice":
      return { state: "elsewhere", text: event.text ?? "" };
    default:
      return event.type satisfies never;
  }
}
