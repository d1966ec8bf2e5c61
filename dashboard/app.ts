import { el, setAttribute, setText } from "./dom.ts";
import { type Connection, followFleet } from "./live.ts";
import { logsView } from "./logs.ts";
import { mapView } from "./map.ts";
import { isTyping, toneOf } from "./parts.ts";
import { formatRoute, parseRoute, viewNames } from "./route.ts";
import { servicesView } from "./services.ts";
import { gatewayName } from "./system-map.ts";
import { tracesView } from "./traces.ts";
import type { Shell, View } from "./view.ts";

const words: Readonly<Record<Connection, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Lost",
  locked: "Locked",
  hidden: "Asleep",
};

start();

/** Wires the page: the address says what is shown, the fleet says what is in it. */
function start(): void {
  const live = followFleet();
  const [main, status, banner, toast] = [byId("main"), byId("status"), byId("banner"), byId("toast")];
  const shell: Shell = {
    go(route, how = "push") {
      history[how === "push" ? "pushState" : "replaceState"](undefined, "", formatRoute(route));
      whenBegun();
    },
    say: (text) => say(toast, text),
  };
  const views: Readonly<Record<(typeof viewNames)[number], View>> = {
    map: mapView(live),
    services: servicesView(live, shell),
    traces: tracesView(live, shell),
    logs: logsView(live, shell),
  };
  let shown: View | undefined;
  let begun = false;
  const nameTab = (): void => {
    document.title = [shown?.title, live.fleet?.name, "Tusker"].filter(Boolean).join(" · ");
  };
  const navigate = (): void => {
    const route = parseRoute(location.hash);
    const view = views[route.view];
    if (view !== shown) {
      shown?.hide?.();
      shown = view;
      main.replaceChildren(el("h1", { class: "unseen" }, view.title), view.node);
      for (const name of viewNames)
        setAttribute(byId(`to-${name}`), "aria-current", name === route.view ? "page" : undefined);
    }
    view.show(route);
    nameTab();
  };
  const whenBegun = (): void => {
    // Nothing is shown before the fleet is known: names have their colours by its order.
    if (begun) navigate();
  };
  addEventListener("hashchange", whenBegun);
  addEventListener("popstate", whenBegun);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event)) {
      if (event.key === "Escape" && event.target instanceof HTMLElement) event.target.blur();
      return;
    }
    const view = viewNames[Number(event.key) - 1];
    if (view !== undefined) shell.go({ view, query: {} });
    else if (shown?.key?.(event) !== true) return;
    event.preventDefault();
  });
  live.on("fleet", () => {
    const { fleet } = live;
    if (fleet === undefined) return;
    for (const name of [gatewayName, ...fleet.services.map((one) => one.name)]) toneOf(name);
    setText(byId("fleet"), fleet.name);
    setText(byId("environment"), fleet.environment);
    if (!begun) navigate();
    begun = true;
    nameTab();
  });
  live.on("connection", () => {
    const { connection } = live;
    setAttribute(status, "class", connection);
    setText(status, words[connection]);
    showBanner(banner, connection);
    main.classList.toggle("stale", connection === "lost" || connection === "locked");
  });
  live.start();
}

function showBanner(banner: HTMLElement, connection: Connection): void {
  banner.hidden = connection !== "lost" && connection !== "locked";
  if (banner.hidden) {
    banner.replaceChildren();
    return;
  }
  const [title, text] =
    connection === "lost"
      ? [
          "The fleet does not answer.",
          "It may have stopped. This page comes back by itself as soon as it runs.",
        ]
      : [
          "This page needs the fleet's token.",
          "Open the dashboard by the link that `tusker up` printed; after a restart of the fleet the link is a new one.",
        ];
  banner.replaceChildren(el("strong", {}, title), " ", text);
}

let silence: ReturnType<typeof setTimeout> | undefined;

function say(toast: HTMLElement, text: string): void {
  setText(toast, text);
  toast.classList.add("shown");
  clearTimeout(silence);
  silence = setTimeout(() => toast.classList.remove("shown"), 5_000);
}

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}
