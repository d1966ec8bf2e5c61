import type { FleetView, InstanceView, ServiceView } from "../src/control/api.ts";
import { button, el, keyed, type Row, setAttribute, setText } from "./dom.ts";
import { ask, type Live } from "./live.ts";
import { emptyNote, serviceTag, stateBadge } from "./parts.ts";
import { formatRoute } from "./route.ts";
import { serviceState, wordOf } from "./state.ts";
import type { Shell, View } from "./view.ts";

const columns = ["Service", "Instance", "State", "HTTP", "gRPC", "PID", "Restarts", "Actions"];

/** Every service with its processes, and the means to stop and start them. */
export function servicesView(live: Live, shell: Shell): View {
  const table = el(
    "table",
    { class: "services" },
    el("thead", {}, el("tr", {}, ...columns.map((text) => el("th", { scope: "col" }, text)))),
  );
  const none = emptyNote("No services", "The fleet file names no services yet.");
  const node = el("div", { class: "view" }, addressBar(live), el("div", { class: "pane fit" }, table, none));
  const groups = keyed<{ readonly service: ServiceView; readonly fleet: FleetView }>(
    table,
    ({ service }) => service.name,
    ({ service }) => serviceRows(service.name, shell),
  );
  let wanted: string | undefined;
  const draw = (): void => {
    const { fleet } = live;
    if (fleet === undefined || !node.isConnected) return;
    groups([gatewayOf(fleet), ...fleet.services].map((service) => ({ service, fleet })));
    none.hidden = fleet.services.length > 0;
    for (const body of table.tBodies)
      body.classList.toggle("chosen", body.getAttribute("data-service") === wanted);
  };
  live.on("fleet", draw);
  return {
    node,
    title: "Services",
    show({ query }) {
      wanted = query.service;
      draw();
      table.querySelector(".chosen")?.scrollIntoView({ block: "nearest" });
    },
  };
}

function addressBar(live: Live): HTMLElement {
  const bar = el("dl", { class: "bar addresses" });
  const rows = keyed<readonly [string, string]>(
    bar,
    ([name]) => name,
    ([name]) => {
      const value = el("dd");
      return { node: el("div", {}, el("dt", {}, name), value), update: ([, text]) => setText(value, text) };
    },
  );
  live.on("fleet", () => {
    const { gateway, registry, otlp } = live.fleet ?? {};
    rows([
      ["Gateway", gateway ?? "not ready"],
      ["Registry", registry ?? "off"],
      ["OTLP", otlp ?? "off"],
    ]);
  });
  return bar;
}

/** A service is a row group: its name and actions beside one row per process. */
function serviceRows(
  name: string,
  shell: Shell,
): Row<{ readonly service: ServiceView; readonly fleet: FleetView }> {
  const node = el("tbody", { "data-service": name });
  const about = el("p", { class: "soft" });
  const title = el("th", { scope: "rowgroup" }, serviceTag(name), about);
  const actions = actionCell(name, shell);
  const draw = keyed<InstanceView>(
    node,
    (instance) => instance.id,
    () => instanceRow(),
  );
  return {
    node,
    update({ service, fleet }) {
      setText(about, aboutText(service, fleet));
      const shown = service.instances.length > 0 ? service.instances : [nobody(service)];
      draw(shown);
      const span = String(shown.length);
      for (const cell of [title, actions.node]) setAttribute(cell, "rowspan", span);
      const first = node.rows[0];
      if (first !== undefined && first !== title.parentNode) {
        first.prepend(title);
        first.append(actions.node);
      }
      actions.update(service);
    },
  };
}

/** What stands in the table for a service that somebody else runs. */
function nobody(service: ServiceView): InstanceView {
  return { id: "", state: service.supervised ? "waiting" : "ready", restarts: 0, crashLoop: false };
}

/** The way in as a row among the others: its process is watched over, stopped and started as theirs are. */
function gatewayOf({ gatewayProcess }: Pick<FleetView, "gatewayProcess">): ServiceView {
  return { name: "gateway", version: "", dependencies: [], supervised: true, instances: [gatewayProcess] };
}

function aboutText(service: ServiceView, fleet: FleetView): string {
  if (service.instances[0] === fleet.gatewayProcess) return `the way in · ${countOf(fleet.routes.length)}`;
  const routes = fleet.routes.filter((route) => route.service === service.name);
  const paths = routes.map(({ methods, path }) => [methods.join(" "), path].filter(Boolean).join(" "));
  const needs = service.dependencies.length === 0 ? "" : `needs ${service.dependencies.join(", ")}`;
  return [`v${service.version}`, ...paths, needs].filter(Boolean).join(" · ");
}

function instanceRow(): Row<InstanceView> {
  const state = stateBadge();
  const cells = Array.from({ length: 5 }, () => el("td", { class: "number" }));
  const [id, http, grpc, pid, restarts] = cells;
  id?.setAttribute("class", "code");
  return {
    node: el("tr", {}, id, el("td", {}, state.node), http, grpc, pid, restarts),
    update(instance) {
      if (instance.id === "") state.update("elsewhere", "runs elsewhere");
      else state.update(instance.state, wordOf(instance.state, [instance]));
      const texts = [instance.id, instance.port, instance.grpcPort, instance.pid, instance.restarts];
      for (const [at, text] of texts.entries()) {
        const cell = cells[at];
        if (cell !== undefined) setText(cell, text === undefined || text === "" ? "–" : String(text));
      }
      restarts?.classList.toggle("bad", instance.restarts > 0);
    },
  };
}

function countOf(routes: number): string {
  return routes === 1 ? "1 route" : `${routes} routes`;
}

type Verb = "stop" | "start" | "restart";

function actionCell(
  name: string,
  shell: Shell,
): { readonly node: HTMLElement; update(service: ServiceView): void } {
  let busy = false;
  const act = async (verb: Verb): Promise<void> => {
    if (busy) return;
    busy = true;
    node.setAttribute("aria-busy", "true");
    shell.say(`${name}: ${verb} asked for`);
    try {
      const path = `/control/services/${encodeURIComponent(name)}/${verb}`;
      const told = await ask<ServiceView | InstanceView>(path, "POST");
      // Of the gateway its process is told, which is all there is of it.
      const after = "instances" in told ? told : gatewayOf({ gatewayProcess: told });
      shell.say(`${name} is ${wordOf(serviceState(after), after.instances)}`);
    } catch (error) {
      shell.say(`${name}: ${verb} failed. ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      busy = false;
      node.removeAttribute("aria-busy");
    }
  };
  const make = (verb: Verb, label: string): HTMLButtonElement =>
    button(label, () => void act(verb), { "aria-label": `${label} ${name}` });
  const [restart, stop, start] = [make("restart", "Restart"), make("stop", "Stop"), make("start", "Start")];
  const see = (view: "logs" | "traces", text: string): HTMLElement =>
    el(
      "a",
      {
        class: "quiet",
        href: formatRoute({ view, query: { service: name } }),
        "aria-label": `${text} of ${name}`,
      },
      text,
    );
  const node = el(
    "td",
    { class: "actions" },
    restart,
    stop,
    start,
    see("logs", "Logs"),
    see("traces", "Traces"),
  );
  return {
    node,
    update(service) {
      const stopped = service.instances.every((one) => one.state === "stopped" || one.state === "stopping");
      restart.hidden = stop.hidden = !service.supervised || stopped;
      start.hidden = !service.supervised || !stopped;
    },
  };
}
