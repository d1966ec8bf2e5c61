import type { LogView } from "../src/control/api.ts";
import { el } from "./dom.ts";
import { countText } from "./format.ts";
import { lineReader } from "./lines.ts";
import { type Live, refuse } from "./live.ts";
import { logList } from "./log-list.ts";
import { type Query, type Route, withQuery } from "./route.ts";
import { gatewayName } from "./system-map.ts";
import { note, pauseButton, searchField, serviceSelect, showSearch, toolbar } from "./toolbar.ts";
import type { Shell, View } from "./view.ts";

/** How long after its end a log is asked for anew. */
const againMs = 1_000;

/** What processes write, as they write it. */
export function logsView(live: Live, shell: Shell): View {
  let route: Route = { view: "logs", query: {} };
  let following: { readonly service: string | undefined; readonly end: AbortController } | undefined;
  const go = (changes: Query): void => shell.go(withQuery(route, changes), "replace");
  const search = searchField("Filter lines", (q) => go({ q }));
  const services = serviceSelect((service) => go({ service }));
  const waiting = note();
  const list = logList((count) => waiting.show(count === 0 ? "" : `${countText(count)} waiting`));
  const pause = pauseButton((paused) => list.hold(paused));
  const bar = toolbar(search, services.node, undefined, waiting.node, pause.node);
  const node = el("div", { class: "view" }, bar, list.node);
  const stop = (): void => {
    following?.end.abort();
    following = undefined;
  };
  const follow = (): void => {
    const { service } = route.query;
    if (live.connection !== "live" || !node.isConnected) {
      stop();
      return;
    }
    if (following !== undefined && following.service === service) return;
    stop();
    const end = new AbortController();
    following = { service, end };
    list.clear();
    // A lost connection is noticed and healed by the page around; who alone was cut off, for reading too slowly, comes
    // back by himself.
    void readLog(service, list.add, end.signal)
      .catch((error: unknown) => {
        if (!end.signal.aborted) shell.say(error instanceof Error ? error.message : String(error));
      })
      .then(() => new Promise((resolve) => setTimeout(resolve, againMs)))
      .then(() => {
        if (end.signal.aborted) return;
        stop();
        follow();
      });
  };
  live.on("connection", follow);
  live.on("fleet", () => {
    services.offer([gatewayName, ...(live.fleet?.services ?? []).map((one) => one.name), "tusker"]);
  });
  return {
    node,
    title: "Logs",
    show(next) {
      route = next;
      showSearch(search, next.query.q);
      services.choose(next.query.service);
      list.filter(next.query.q ?? "");
      follow();
    },
    hide: stop,
    key({ key }) {
      if (key === "/") search.focus();
      else if (key === "p") pause.toggle();
      else if (key === "End" || key === "G") list.toEnd();
      else return false;
      return true;
    },
  };
}

/** Reads the live log until the signal fires or the connection ends. */
async function readLog(
  service: string | undefined,
  onLine: (line: LogView) => void,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ follow: "1", lines: "1000" });
  if (service !== undefined) query.set("service", service);
  const response = await fetch(`/control/logs?${query}`, { signal });
  await refuse(response);
  const read = lineReader((line) => onLine(JSON.parse(line)));
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) read(decoder.decode(chunk, { stream: true }));
}
