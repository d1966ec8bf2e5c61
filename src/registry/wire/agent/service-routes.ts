import type { Access } from "../../acl/access.ts";
import { aliveCheckId } from "../../agent.ts";
import { shapes } from "../../filter/shapes.ts";
import type { Change } from "../../state/model.ts";
import { booleanOf } from "../boolean.ts";
import { decodeBody } from "../decode.ts";
import { demand, demandService, missingFor, toNamed } from "../guard.ts";
import { filterOf } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { done, json, type Reply, type Route, settled, type Wire, type WireRequest } from "../route.ts";
import { agentCheckJson, agentServiceJson, worstOf } from "../rows.ts";
import { readServiceBody, toLocalService } from "../service-body.ts";
import { agentServiceRoute } from "./service-route.ts";

/** `/v1/agent/service…`, maintenance and health: the instances of this node. */
export function agentRoutes(wire: Wire): readonly Route[] {
  const safeReads = reads(wire).map((route) => ({ ...route, run: settled(wire.store, route.run) }));
  return [...safeReads, agentServiceRoute(wire), ...writes(wire)];
}

function reads(wire: Wire): readonly (Route & { run(request: WireRequest): Reply })[] {
  const { tables } = wire.store;
  const { node } = wire.identity;
  const health = (serviceId: string): { status: ReturnType<typeof worstOf>; json: object } | undefined => {
    const row = tables.service(node, serviceId);
    if (row === undefined) return undefined;
    const checks = tables.checksOver(row).filter(({ id }) => id !== aliveCheckId);
    const status = worstOf(checks);
    const Checks = checks.map(agentCheckJson);
    return { status, json: { AggregatedStatus: status, Service: agentServiceJson(row), Checks } };
  };
  return [
    {
      verb: "GET",
      path: "/v1/agent/services",
      guard: "inside",
      filters: true,
      run({ query, access }) {
        const wanted = filterOf(query, shapes.service);
        const all = [...(tables.node(node)?.services.values() ?? [])];
        const rows = all.filter(({ name }) => access.can("service", name, "read"));
        return json(
          byId(
            rows.filter((row) => wanted(agentServiceJson(row))),
            agentServiceJson,
          ),
        );
      },
    },
    {
      verb: "GET",
      path: "/v1/agent/health/service/id/",
      guard: "inside",
      run({ rest, query, access }) {
        if (rest === "") throw refusal(500, "Bad request: Missing serviceID");
        const row = tables.service(node, rest);
        demand(row === undefined || access.can("service", row.name, "read"));
        const found = health(rest);
        if (found !== undefined) return healthReply(found.status, found.status, found.json, query);
        const reason = `ServiceId ${rest} not found`;
        // The wire tells this as JSON even to who asks for text.
        const none = { AggregatedStatus: "critical", Service: null, Checks: null };
        const value = query.get("format") === "text" ? reason : none;
        return healthReply(undefined, reason, value, new URLSearchParams());
      },
    },
    {
      verb: "GET",
      path: "/v1/agent/health/service/name/",
      guard: toNamed("service", "read"),
      run({ rest, query }) {
        if (rest === "") throw refusal(500, "Bad request: Missing service Name");
        const rows = tables.instances(rest).filter((row) => row.node === node);
        if (rows.length === 0) return healthReply(undefined, `ServiceName ${rest} Not Found`, [], query);
        const checks = rows.flatMap((row) => tables.checksOver(row)).filter(({ id }) => id !== aliveCheckId);
        const status = worstOf(checks);
        return healthReply(
          status,
          status,
          rows.map((row) => health(row.id)?.json),
          query,
        );
      },
    },
  ];
}

function writes({ agent, checkRules, store }: Wire): readonly Route[] {
  const mayChange = (access: Access, id: string): void => {
    const row = store.tables.service(agent.node, id);
    if (row !== undefined) demandService(access, row.name);
  };
  return [
    {
      verb: "PUT",
      path: "/v1/agent/service/register",
      guard: "inside",
      async run(request) {
        const body = decodeBody(await request.body(), readServiceBody);
        const { service, checks } = toLocalService(body, checkRules);
        const replaceChecks = booleanOf(request.query.get("replace-existing-checks") ?? "0") ?? true;
        const vet = (changes: readonly Change[]): void => {
          const missing = missingFor(request.access, store.tables, changes);
          demand(missing === undefined, missing);
        };
        await agent.register(service, checks, { replaceChecks, vet });
        return done;
      },
    },
    {
      verb: "PUT",
      path: "/v1/agent/service/deregister/",
      guard: "inside",
      async run({ rest, access }) {
        if (rest === "") throw refusal(500, "ServiceID missing");
        mayChange(access, rest);
        await agent.deregister(rest);
        return done;
      },
    },
    {
      verb: "PUT",
      path: "/v1/agent/service/maintenance/",
      guard: "inside",
      async run({ rest, query, access }) {
        if (rest === "") throw refusal(400, "Missing service ID");
        mayChange(access, rest);
        await agent.serviceMaintenance(rest, enableOf(query), query.get("reason") ?? "");
        return done;
      },
    },
    {
      verb: "PUT",
      path: "/v1/agent/maintenance",
      guard: ({ access }) => access.can("node", agent.node, "write"),
      async run({ query }) {
        await agent.nodeMaintenance(enableOf(query), query.get("reason") ?? "");
        return done;
      },
    },
  ];
}

function enableOf(query: URLSearchParams): boolean {
  const written = query.get("enable") ?? "";
  if (written === "") throw refusal(400, "Missing value for enable");
  const enable = booleanOf(written);
  if (enable === undefined) throw refusal(400, `Invalid value for enable: "${written}"`);
  return enable;
}

/** The status of the answer is the status of the instance: a plain HTTP monitor needs to read no JSON. */
function healthReply(
  status: ReturnType<typeof worstOf> | undefined,
  reason: string,
  value: unknown,
  query: URLSearchParams,
): Reply {
  const number = status === undefined ? 404 : status === "passing" ? 200 : status === "warning" ? 429 : 503;
  const headers = ["X-Consul-Reason", headerText(reason)];
  if (query.get("format") !== "text") return { ...json(value), status: number, headers };
  const text = status ?? reason;
  return { status: number, headers, content: { kind: "text", text, type: "text/plain" } };
}

/** A name from a path may hold what a header cannot. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}

function byId<Row extends { readonly id: string }>(
  rows: Iterable<Row>,
  render: (row: Row) => object,
): Record<string, object> {
  const sorted = [...rows].sort((a, b) => (a.id < b.id ? -1 : 1));
  return Object.fromEntries(sorted.map((row) => [row.id, render(row)]));
}
