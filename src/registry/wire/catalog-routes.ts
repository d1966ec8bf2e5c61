import { aliveCheckId } from "../agent.ts";
import { shapes } from "../filter/shapes.ts";
import { type Topic, topics } from "../state/topics.ts";
import {
  type DeregisterBody,
  readCatalogBody,
  readDeregisterBody,
  toChanges,
  toRemoval,
} from "./catalog-body.ts";
import { decodeBody } from "./decode.ts";
import { demand, missingFor } from "./guard.ts";
import { named } from "./health-routes.ts";
import { consistencyOf, filterOf, nodeMetaFilterOf, refuseForeign, tagFilterOf } from "./parameters.ts";
import { refusal } from "./refusal.ts";
import { json, type Read, type Route, type Wire, type WireRequest, watched } from "./route.ts";
import { catalogJson, nodeJson, serviceJson } from "./rows.ts";

/** `/v1/catalog/…`: what is registered, whatever its health. */
export function catalogRoutes(wire: Wire): readonly Route[] {
  return [...reads(wire), ...writes(wire)];
}

function reads(wire: Wire): readonly Route[] {
  const list: [path: string, prepare: (request: WireRequest) => Read][] = [
    ["/v1/catalog/services", (request) => services(wire, request)],
    ["/v1/catalog/service/", (request) => service(wire, request)],
    ["/v1/catalog/nodes", (request) => nodes(wire, request)],
    ["/v1/catalog/node/", (request) => node(wire, request)],
    ["/v1/catalog/node-services/", (request) => nodeServices(wire, request)],
  ];
  return [
    ...list.map(
      ([path, prepare]): Route => ({
        verb: "GET",
        path,
        filters: true,
        guard: "inside",
        run: watched(wire, prepare),
      }),
    ),
    {
      verb: "GET",
      path: "/v1/catalog/datacenters",
      guard: "anybody",
      run({ query }) {
        consistencyOf(query);
        return json([wire.identity.datacenter]);
      },
    },
  ];
}

/** The catalogue shows nothing of checks. */
const nothingSaid = (): number => 0;

function services({ store: { tables }, identity }: Wire, { query, access }: WireRequest): Read {
  const wanted = filterOf(query, shapes.catalog);
  const filtered = (query.get("filter") ?? "") !== "";
  if (!query.has("node-meta") && !filtered) {
    return {
      topic: topics.services,
      said: nothingSaid,
      render: () =>
        Object.fromEntries(tables.listing().filter(([name]) => access.can("service", name, "read"))),
    };
  }
  const hasMeta = nodeMetaFilterOf(query);
  return {
    // The listing of some nodes changes with the nodes as well, and with every instance on them.
    topic: topics.catalog,
    render: () => {
      const found = new Map<string, Set<string>>();
      for (const { row, services: own } of tables.nodes()) {
        if (!hasMeta(row.meta) || !access.can("node", row.name, "read")) continue;
        for (const service of own.values()) {
          const { name, tags } = service;
          if (!access.can("service", name, "read")) continue;
          if (filtered && !wanted(catalogJson(row, service, identity.datacenter))) continue;
          found.set(name, new Set([...(found.get(name) ?? []), ...tags]));
        }
      }
      return Object.fromEntries([...found].sort().map(([name, tags]) => [name, [...tags].sort()]));
    },
  };
}

function service({ store: { tables }, identity }: Wire, request: WireRequest): Read {
  const name = named(request, "Missing service name");
  const hasTags = tagFilterOf(request.query);
  const hasMeta = nodeMetaFilterOf(request.query);
  const wanted = filterOf(request.query, shapes.catalog);
  return {
    topic: topics.service(name),
    said: nothingSaid,
    render: () =>
      tables.instances(name).flatMap((row) => {
        const entry = tables.node(row.node);
        if (entry === undefined || !hasTags(row.tags) || !hasMeta(entry.row.meta)) return [];
        const { access } = request;
        if (!access.can("service", name, "read") || !access.can("node", row.node, "read")) return [];
        return [catalogJson(entry.row, row, identity.datacenter)].filter(wanted);
      }),
  };
}

function nodes({ store: { tables }, identity }: Wire, { query, access }: WireRequest): Read {
  const hasMeta = nodeMetaFilterOf(query);
  const wanted = filterOf(query, shapes.node);
  return {
    topic: topics.nodes,
    render: () =>
      tables
        .nodes()
        .filter(({ row }) => hasMeta(row.meta) && access.can("node", row.name, "read"))
        .map(({ row }) => nodeJson(row, identity.datacenter))
        .filter(wanted),
  };
}

/** As `node`, with the instances in a list: their ids are theirs alone only as long as nobody looks at two nodes. */
function nodeServices(wire: Wire, request: WireRequest): Read {
  const { topic, render } = node(wire, request);
  return {
    topic,
    render() {
      const found = render();
      if (found === null) return { Node: null, Services: null };
      return { Node: found.Node, Services: Object.values(found.Services) };
    },
  };
}

interface NodeRead {
  readonly topic: Topic;
  readonly render: () => { readonly Node: object; readonly Services: Record<string, object> } | null;
}

function node({ store: { tables }, identity }: Wire, request: WireRequest): NodeRead {
  const name = named(request, "Missing node name");
  const wanted = filterOf(request.query, shapes.service);
  return {
    topic: topics.node(name),
    render: () => {
      const entry = tables.node(name);
      const { access } = request;
      if (entry === undefined || !access.can("node", name, "read")) return null;
      const seen = [...entry.services.values()].filter((row) => access.can("service", row.name, "read"));
      const rows = seen.sort((a, b) => (a.id < b.id ? -1 : 1));
      return {
        Node: nodeJson(entry.row, identity.datacenter),
        Services: Object.fromEntries(
          rows.map((row) => [row.id, serviceJson(row)] as const).filter(([, row]) => wanted(row)),
        ),
      };
    },
  };
}

function writes(wire: Wire): readonly Route[] {
  const { store, identity } = wire;
  return [
    {
      verb: "PUT",
      path: "/v1/catalog/register",
      guard: "inside",
      async run(request) {
        const body = decodeBody(await request.body(), readCatalogBody);
        refuseForeign(body.Datacenter, identity.datacenter);
        const changes = toChanges(body, store.tables.node(body.Node ?? "") !== undefined);
        demand(missingFor(request.access, store.tables, changes) === undefined);
        await store.commit(changes);
        return json(true);
      },
    },
    {
      verb: "PUT",
      path: "/v1/catalog/deregister",
      guard: "inside",
      async run(request) {
        const body = decodeBody(await request.body(), readDeregisterBody);
        refuseForeign(body.Datacenter, identity.datacenter);
        refuseOwnNode(body, identity.node);
        const changes = toRemoval(body);
        demand(missingFor(request.access, store.tables, changes) === undefined);
        await store.commit(changes);
        return json(true);
      },
    },
  ];
}

/** Everything registered here hangs on the registry's own node and on the check that says it answers. */
function refuseOwnNode({ Node, ServiceID = "", CheckID = "" }: Partial<DeregisterBody>, own: string): void {
  if (Node !== own || ServiceID !== "") return;
  if (CheckID === "" || CheckID === aliveCheckId) {
    throw refusal(500, `"${own}" is this registry's own node; it goes when the registry goes`);
  }
}
