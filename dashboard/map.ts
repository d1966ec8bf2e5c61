import type { FleetView } from "../src/control/api.ts";
import { activityList } from "./activity.ts";
import { el, keyed, setAttribute, setText, svg } from "./dom.ts";
import { counted, countText } from "./format.ts";
import { curve, layoutOf, type Point } from "./layout.ts";
import type { Live } from "./live.ts";
import { emptyNote, stateBadge, stateMark, toneOf } from "./parts.ts";
import { formatRoute, type Route } from "./route.ts";
import { type State, serviceState } from "./state.ts";
import { type MapEdge, type MapNode, type SystemMap, systemMap } from "./system-map.ts";
import type { View } from "./view.ts";

const size = { width: 196, height: 64, gapX: 128, gapY: 44 };
const margin = 16;

/** The fleet as a picture: who calls whom, how often, how well. A table says the same in words. */
export function mapView(live: Live): View {
  const graph = el("div", { class: "graph" });
  const tables = el("div", { class: "tables", hidden: true });
  const toggle = el("a", { class: "quiet" });
  const sums = el("p", { class: "sums" });
  const activity = activityList();
  const node = el(
    "div",
    { class: "view map" },
    el("div", { class: "bar" }, sums, el("span", { class: "grow" }), toggle),
    el("div", { class: "split" }, el("div", { class: "pane" }, graph, tables), activity.node),
  );
  const table = edgeTable();
  tables.append(table.node);
  let asTable = false;
  let drawn: Drawing | undefined;

  const draw = (): void => {
    if (live.fleet === undefined) return;
    const map = systemMap(live.fleet, live.dependencies, live.events);
    setText(sums, summary(live.fleet, map));
    if (drawn?.shape !== map.shape) {
      drawn = drawing(map);
      graph.replaceChildren(map.nodes.length === 0 ? noServices() : drawn.node);
    }
    const rate = (edge: MapEdge): number => live.rates.rate(Date.now(), edge.from, edge.to);
    drawn.update(map, rate);
    table.update(map, rate);
  };
  for (const topic of ["fleet", "spans", "tick", "events"] as const)
    live.on(topic, () => node.isConnected && draw());
  live.on("events", () => activity.update(live.events));
  return {
    node,
    title: "Map",
    show({ query }: Route) {
      asTable = query.as === "table";
      graph.hidden = asTable;
      tables.hidden = !asTable;
      setText(toggle, asTable ? "Show as graph" : "Show as table");
      toggle.href = formatRoute({ view: "map", query: asTable ? {} : { as: "table" } });
      draw();
      activity.update(live.events);
    },
  };
}

function noServices(): HTMLElement {
  return emptyNote("No services yet", "Services of the fleet file appear here as soon as it names some.");
}

function summary(fleet: FleetView, { edges }: SystemMap): string {
  const states = fleet.services.map(serviceState);
  const ready = states.filter((state) => state === "ready" || state === "elsewhere").length;
  const calls = edges.reduce((sum, edge) => sum + edge.calls, 0);
  const errors = edges.reduce((sum, edge) => sum + edge.errors, 0);
  return `${ready} of ${counted(states.length, "service")} ready · ${counted(calls, "call")} · ${counted(errors, "error")}`;
}

interface Drawing {
  readonly shape: string;
  readonly node: SVGSVGElement;
  update(map: SystemMap, rate: (edge: MapEdge) => number): void;
}

/** Draws the shape once; numbers and states are written into it as they change, so nothing jumps. */
function drawing(map: SystemMap): Drawing {
  const placed = layoutOf(
    map.nodes.map((one) => one.name),
    map.edges,
    size,
  );
  const [width, height] = [placed.width + 2 * margin, placed.height + 2 * margin];
  const node = svg("svg", {
    viewBox: `${-margin} ${-margin} ${width} ${height}`,
    width,
    height,
    role: "group",
    "aria-label": "Services and the calls between them",
  });
  const edges = placed.edges.map((edge) => edgePart(edge.from, edge.to, edge.points));
  const nodes = map.nodes.map((one) => nodePart(one, placed.nodes.get(one.name) ?? { x: 0, y: 0 }));
  node.append(
    ...edges.map((edge) => edge.line),
    ...nodes.map((one) => one.node),
    ...edges.map((edge) => edge.label),
  );
  return {
    shape: map.shape,
    node,
    update(next, rate) {
      for (const part of edges) {
        const edge = next.edges.find((one) => one.from === part.from && one.to === part.to);
        if (edge !== undefined) part.update(edge, rate(edge));
      }
      for (const [at, one] of next.nodes.entries()) nodes[at]?.update(one);
    },
  };
}

function nodePart(first: MapNode, at: Point): { readonly node: SVGElement; update(one: MapNode): void } {
  const state = svg("g", { transform: "translate(16 37)" });
  const word = svg("text", { class: "node-state", x: 38, y: 49 });
  const title = svg("title");
  const name = svg("text", { class: "node-name", x: 16, y: 26 }, fitted(first.name, 21));
  const box = svg("rect", { class: "box", width: size.width, height: size.height, rx: 10 });
  const stripe = svg("rect", { class: "stripe", x: 0, y: 14, width: 4, height: 36, rx: 2 });
  const attributes = {
    class: `node ${first.kind} ${toneOf(first.name)}`,
    transform: `translate(${at.x - size.width / 2} ${at.y - size.height / 2})`,
  };
  const children = [title, box, first.kind !== "external" && stripe, name, state, word];
  const link = first.kind === "external" ? undefined : linkOf(first);
  const node =
    link === undefined
      ? svg("g", attributes, ...children)
      : svg("a", { ...attributes, href: link }, ...children);
  let shown: State | undefined;
  return {
    node,
    update(one) {
      if (shown !== one.state) {
        shown = one.state;
        const mark = stateMark(one.state);
        for (const [key, value] of [
          ["width", "14"],
          ["height", "14"],
        ] as const)
          mark.setAttribute(key, value);
        state.replaceChildren(mark);
      }
      setText(word, fitted(one.says, 24));
      setText(title, `${one.name}: ${one.says}`);
    },
  };
}

function linkOf(node: MapNode): string {
  if (node.kind === "service") return formatRoute({ view: "services", query: { service: node.name } });
  return formatRoute({ view: "traces", query: { service: node.name } });
}

interface EdgePart {
  readonly from: string;
  readonly to: string;
  readonly line: SVGElement;
  readonly label: SVGElement;
  update(edge: MapEdge, perSecond: number): void;
}

function edgePart(from: string, to: string, points: readonly Point[]): EdgePart {
  const d = curve(points);
  const flow = svg("path", { class: "flow", d });
  const line = svg("g", { class: "edge" }, svg("path", { class: "wire", d }), flow);
  const box = svg("rect", { height: 22, rx: 11, y: -11 });
  const text = svg("text", { "text-anchor": "middle", y: 4 });
  const title = svg("title");
  const at = middle(points);
  const label = svg("a", { class: "label", transform: `translate(${at.x} ${at.y})` }, title, box, text);
  return {
    from,
    to,
    line,
    label,
    update(edge, perSecond) {
      const weight = edge.calls === 0 ? "idle" : edge.calls < 10 ? "w1" : edge.calls < 1_000 ? "w2" : "w3";
      setAttribute(
        line,
        "class",
        `edge ${weight}${edge.errors > 0 ? " bad" : ""}${perSecond > 0 ? " busy" : ""}`,
      );
      setAttribute(label, "class", `label${edge.calls === 0 ? " none" : ""}${edge.errors > 0 ? " bad" : ""}`);
      const query = { service: to, ...(edge.errors > 0 ? { errors: "1" } : {}) };
      setAttribute(label, "href", edge.calls === 0 ? undefined : formatRoute({ view: "traces", query }));
      const said = labelText(edge, perSecond);
      setText(text, said);
      // Digits of this face are 6.6 wide at its size; measuring would cost a layout for each number.
      const width = Math.max(28, said.length * 6.6 + 16);
      setAttribute(box, "width", String(width));
      setAttribute(box, "x", String(-width / 2));
      setText(title, `${from} to ${to}: ${counted(edge.calls, "call")}, ${counted(edge.errors, "error")}`);
    },
  };
}

function labelText(edge: MapEdge, perSecond: number): string {
  const rate = perSecond >= 0.1 ? ` · ${rateText(perSecond)}` : "";
  return `${countText(edge.calls)}${rate}${edge.errors > 0 ? ` · ▲ ${countText(edge.errors)}` : ""}`;
}

function rateText(perSecond: number): string {
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : countText(Math.round(perSecond))}/s`;
}

/** Half way between the sides of the first two layers, where lines that begin together have parted. */
function middle(points: readonly Point[]): Point {
  const [a, b] = points.length > 2 ? points.slice(-2) : points;
  if (a === undefined || b === undefined) return { x: 0, y: 0 };
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** Text no longer than the box takes; the title says it in full. */
function fitted(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** The picture in words: for screen readers, for copying, for many services. */
function edgeTable(): {
  readonly node: HTMLElement;
  update(map: SystemMap, rate: (edge: MapEdge) => number): void;
} {
  const body = el("tbody");
  const head = ["Caller", "Called", "State", "Calls", "Per second", "Errors"];
  const node = el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col" }, text)))),
    body,
  );
  interface Line {
    readonly edge: MapEdge;
    readonly state: State;
    readonly perSecond: number;
  }
  const rows = keyed<Line>(
    body,
    ({ edge }) => `${edge.from} ${edge.to}`,
    ({ edge }) => {
      const [state, calls, per, errors] = [stateBadge(), el("td"), el("td"), el("td")];
      const names = [el("td", {}, edge.from), el("td", {}, edge.to)];
      return {
        node: el("tr", {}, ...names, el("td", {}, state.node), calls, per, errors),
        update(line) {
          state.update(line.state);
          setText(calls, String(line.edge.calls));
          setText(per, line.perSecond.toFixed(1));
          setText(errors, String(line.edge.errors));
          setAttribute(errors, "class", line.edge.errors > 0 ? "bad" : undefined);
        },
      };
    },
  );
  return {
    node,
    update({ nodes, edges }, rate) {
      const stateOf = (name: string): State => nodes.find((one) => one.name === name)?.state ?? "elsewhere";
      rows(edges.map((edge) => ({ edge, state: stateOf(edge.to), perSecond: rate(edge) })));
    },
  };
}
