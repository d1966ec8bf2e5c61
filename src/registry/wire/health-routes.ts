import type { Access } from "../acl/access.ts";
import { shapes } from "../filter/shapes.ts";
import type { CheckRow } from "../state/model.ts";
import { topics } from "../state/topics.ts";
import { statusOf } from "./check-body.ts";
import { filterOf, nodeMetaFilterOf, passingOf, tagFilterOf } from "./parameters.ts";
import { refusal } from "./refusal.ts";
import { type Read, type Route, type Wire, type WireRequest, watched } from "./route.ts";
import { checkJson, healthJson } from "./rows.ts";

/** `/v1/health/…`: instances with what their checks say. */
export function healthRoutes(wire: Wire): readonly Route[] {
  const reads: [path: string, prepare: (request: WireRequest) => Read][] = [
    ["/v1/health/service/", (request) => service(wire, request)],
    ["/v1/health/checks/", (request) => checks(wire, request)],
    ["/v1/health/node/", (request) => node(wire, request)],
    ["/v1/health/state/", (request) => state(wire, request)],
  ];
  return reads.map(([path, prepare]) => ({
    verb: "GET",
    path,
    filters: true,
    guard: "inside",
    run: watched(wire, prepare),
  }));
}

function service({ store: { tables }, identity }: Wire, request: WireRequest): Read {
  const name = named(request, "Missing service name");
  const passing = passingOf(request.query);
  const { access } = request;
  const wanted = filterOf(request.query, shapes.health);
  const hasTags = tagFilterOf(request.query);
  const hasMeta = nodeMetaFilterOf(request.query);
  return {
    topic: topics.health(name),
    said: () => tables.said(name),
    render: () =>
      tables
        .instances(name)
        .filter((row) => hasTags(row.tags) && hasMeta(tables.node(row.node)?.row.meta))
        .filter((row) => access.can("service", name, "read") && access.can("node", row.node, "read"))
        .filter((row) => !passing || tables.checksOver(row).every(({ status }) => status === "passing"))
        .map((row) => healthJson(tables, row, identity.datacenter))
        .filter(wanted),
  };
}

function checks({ store: { tables } }: Wire, request: WireRequest): Read {
  const name = named(request, "Missing service name");
  const hasMeta = nodeMetaFilterOf(request.query);
  const wanted = filterOf(request.query, shapes.check);
  return {
    topic: topics.checks(name),
    said: () => tables.said(name),
    render: () =>
      tables
        .instances(name)
        .filter((row) => hasMeta(tables.node(row.node)?.row.meta))
        .flatMap((row) => tables.checksOf(row.node, row.id))
        .filter((row) => maySee(request.access, row))
        // By node and id, whatever instance they belong to.
        .sort((a, b) => compare(a.node, b.node) || compare(a.id, b.id))
        .map(checkJson)
        .filter(wanted),
  };
}

function node({ store: { tables } }: Wire, request: WireRequest): Read {
  const name = named(request, "Missing node name");
  const wanted = filterOf(request.query, shapes.check);
  return {
    topic: topics.nodeChecks(name),
    render: () =>
      [...(tables.node(name)?.checks.values() ?? [])]
        .filter((row) => maySee(request.access, row))
        .sort((a, b) => (a.id < b.id ? -1 : 1))
        .map(checkJson)
        .filter(wanted),
  };
}

function state({ store: { tables } }: Wire, request: WireRequest): Read {
  const written = named(request, "Missing check state");
  const status = written === "any" ? "any" : statusOf(written);
  const wanted = filterOf(request.query, shapes.check);
  const hasMeta = nodeMetaFilterOf(request.query);
  return {
    topic: topics.state(status ?? "any"),
    render: () =>
      (status === undefined ? [] : tables.checksIn(status))
        .filter((row) => hasMeta(tables.node(row.node)?.row.meta))
        .filter((row) => maySee(request.access, row))
        .map(checkJson)
        .filter(wanted),
  };
}

/** A check shows its node and what it belongs to. */
function maySee(access: Access, { node, serviceName }: CheckRow): boolean {
  return (
    access.can("node", node, "read") && (serviceName === "" || access.can("service", serviceName, "read"))
  );
}

/** The name a path ends in. @throws TuskerError REGISTRY_INVALID, 400 */
export function named({ rest }: WireRequest, missing: string): string {
  if (rest === "") throw refusal(400, missing);
  return rest;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
