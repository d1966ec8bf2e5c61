/**
 * Requests about instances, checks and nodes, and how the two answers are compared. Left out is what can have no equal
 * (indexes, ids, the other's own service) and what docs/reference/registry.md lists as a difference we chose.
 */
import assert from "node:assert/strict";
import type { Random } from "../../../src/kernel/index.ts";
import type { HttpClient } from "../../../src/net/index.ts";
import { eventually } from "../consul-peer.ts";
import type { Exchange, Sides } from "./sides.ts";

/** Asks both. @throws AssertionError when they do not answer the same, an agent's catalogue after a moment */
export async function compareCatalog({ http, ours, theirs }: Sides, exchange: Exchange): Promise<void> {
  const own = await ask(http, ours, exchange);
  const what = `${exchange.method} ${exchange.path} ${JSON.stringify(exchange.body)}`;
  if (exchange.method !== "GET") {
    assert.deepEqual(own, await ask(http, theirs, exchange), what);
    return;
  }
  await eventually(async () => assert.deepEqual(own, await ask(http, theirs, exchange), what));
}

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

const always = ["content-type", "allow", "x-consul-reason", "location"];
const onReads = ["x-consul-knownleader", "x-consul-lastcontact", "x-consul-effective-consistency"];

async function ask(http: HttpClient, base: string, { method, path, body }: Exchange): Promise<Said> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await http.request({
    method,
    url: `${base}${path}`,
    ...(text === undefined ? {} : { body: text }),
  });
  const said = await answer.text(10_000_000);
  const json = answer.header("content-type") === "application/json";
  // Of what is refused it is said that no leader was asked.
  const names = [...always, ...onReads];
  return {
    status: answer.status,
    headers: Object.fromEntries(names.map((name) => [name, answer.header(name)])),
    body: json ? ordered(path, comparable(JSON.parse(said))) : said,
  };
}

const withoutEqual = new Set(["consul", "consul-network-segment", "ContentHash"]);

/** Puts in order what comes in any order there: rows when some were left out, and the tags of a listing. */
function ordered(path: string, body: unknown): unknown {
  if (path.includes("passing") && Array.isArray(body)) return body.map((row) => JSON.stringify(row)).sort();
  if (!path.startsWith("/v1/catalog/services") || typeof body !== "object" || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, tags]) => [name, Array.isArray(tags) ? tags.sort() : tags]),
  );
}

/** What stands for the value of a key in which the two differ by choice. */
function chosen(key: string): unknown {
  if (key.endsWith("Index")) return 0;
  // A check's tags follow its instance here, and stay as first registered there. What a check says is shown at once
  // here, and up to five minutes later there.
  return key === "ServiceTags" || key === "Output" ? "" : undefined;
}

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value === "string")
    return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value) ? "uuid" : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !withoutEqual.has(key))
      .map(([key, inner]) => [key, chosen(key) ?? comparable(inner)]),
  );
}

const service = "/v1/agent/service/register";
const check = "/v1/agent/check/register";

/** Ids of the instances that are written. */
export const ids = ["s1", "s2", "s3"];
const nameOf: Readonly<Record<string, string>> = { s1: "web", s2: "web", s3: "db" };
const statuses = ["passing", "warning", "critical"];

export function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)]!;
}

function someOf<T>(random: Random, values: readonly T[]): T[] {
  return values.filter(() => random.next() < 0.5);
}

/** One random write. Instances keep their names: a check's ServiceName goes stale there when they do not. */
export function catalogWriteOf(random: Random): Exchange {
  const id = oneOf(random, ids);
  const Name = nameOf[id] ?? "";
  const Status = oneOf(random, statuses);
  const ttl = { TTL: "1h", Status };
  const kinds: (() => Exchange)[] = [
    () => ({
      method: "PUT",
      // Replacing checks ends maintenance there; here it lasts until the operator ends it.
      path: `${service}${id === "s3" ? "?replace-existing-checks" : ""}`,
      body: {
        ID: id,
        Name,
        Tags: someOf(random, ["a", "B"]),
        Port: random.below(9),
        Address: oneOf(random, ["", "10.0.0.1", "fe80::1", "host.example"]),
        Meta: oneOf(random, [undefined, {}, { v: "1" }]),
        Weights: oneOf(random, [undefined, { Passing: 3, Warning: 2 }]),
        EnableTagOverride: random.next() < 0.2,
        ...(random.next() < 0.5
          ? { Check: ttl }
          : { Checks: someOf(random, [ttl, { ...ttl, CheckID: `own-${id}` }]) }),
      },
    }),
    () => ({ method: "PUT", path: `/v1/agent/service/deregister/${id}` }),
    () => ({
      method: "PUT",
      path: `/v1/agent/check/${oneOf(random, ["pass", "warn", "fail"])}/service:${id}?note=n${random.below(3)}`,
    }),
    () => ({ method: "PUT", path: `/v1/agent/check/update/own-${id}`, body: { Status, Output: "said" } }),
    () => ({ method: "PUT", path: check, body: { ID: `extra-${id}`, Name: "extra", ServiceID: id, ...ttl } }),
    () => ({ method: "PUT", path: check, body: { Name: "node check", ...ttl } }),
    () => ({
      method: "PUT",
      path: `/v1/agent/check/deregister/${oneOf(random, ["node check", `extra-${id}`])}`,
    }),
    () => ({
      method: "PUT",
      path: `/v1/agent/service/maintenance/${oneOf(random, ["s1", "s2"])}?enable=${random.next() < 0.5}&reason=${oneOf(random, ["", "why"])}`,
    }),
    () => ({ method: "PUT", path: `/v1/agent/maintenance?enable=${random.next() < 0.3}` }),
    () => catalogWrite(random),
  ];
  return oneOf(random, kinds)();
}

function catalogWrite(random: Random): Exchange {
  const Node = oneOf(random, ["n2", "n3"]);
  const Address = oneOf(random, ["10.1.1.1", "10.1.1.2"]);
  const Status = oneOf(random, statuses);
  const Check = { CheckID: "outside", Name: "outside", Status, ServiceID: "ext" };
  if (random.next() < 0.4) {
    const what = oneOf(random, [{}, { ServiceID: "ext" }, { CheckID: "outside" }]);
    return { method: "PUT", path: "/v1/catalog/deregister", body: { Node, ...what } };
  }
  const Service = { ID: "ext", Service: "web", Port: 1, Tags: someOf(random, ["a", "c"]) };
  return {
    method: "PUT",
    path: "/v1/catalog/register",
    body: {
      Node,
      Address,
      NodeMeta: oneOf(random, [undefined, { rack: "7" }]),
      ...(random.next() < 0.7 ? { Service } : {}),
      ...(random.next() < 0.5 ? { Check } : {}),
    },
  };
}

/** What shows everything that was written. */
export const catalogReads: readonly string[] = [
  "/v1/agent/services",
  "/v1/agent/checks",
  "/v1/agent/service/s1",
  "/v1/catalog/services",
  "/v1/catalog/services?node-meta=rack:7",
  "/v1/catalog/service/web",
  "/v1/catalog/service/web?tag=b",
  "/v1/catalog/nodes",
  "/v1/catalog/nodes?node-meta=rack:7",
  "/v1/catalog/node/box",
  "/v1/catalog/node/n2",
  "/v1/catalog/datacenters",
  ...[
    "health/service/web?filter=Service.Tags contains a",
    "health/service/web?filter=Service.Port != 1 and not Checks.Status == critical",
    "health/service/web?filter=Node.Meta.rack == 7 or Service.Meta.v != 1",
    "health/service/web?filter=Service.Meta is not empty or Service.Tags is empty",
    "health/service/web?filter=Service.Address is empty",
    "health/service/web?filter=Service.Bogus == 1",
    "health/service/web?filter=Service.Port in web",
    "health/service/web?filter=Service.ID matches `^s.*`",
    "health/checks/web?filter=`ing` in Status and Name not matches `^extra$`",
    "health/state/any?filter=ServiceName == web and Node != n2",
    "health/node/box?filter=CheckID contains service",
    "catalog/service/web?filter=a in ServiceTags",
    "catalog/service/web?filter=ServiceWeights.Passing == 3",
    "catalog/nodes?filter=Meta.rack == 7",
    "catalog/node/box?filter=Service == db",
    "agent/services?filter=Service != db",
    "agent/checks?filter=Status == critical",
  ].map((path) => `/v1/${encodeURI(path).replaceAll("==", "%3D%3D")}`),
  "/v1/health/service/web",
  "/v1/health/service/web?passing",
  "/v1/health/service/web?tag=a&tag=B",
  "/v1/health/service/db?passing&stale",
  "/v1/health/service/db?node-meta=rack:7",
  "/v1/health/checks/web",
  "/v1/health/node/box",
  "/v1/health/node/n2",
  "/v1/health/state/any",
  "/v1/health/state/passing",
  "/v1/health/state/critical",
  "/v1/agent/health/service/id/s1?format=text",
  "/v1/agent/health/service/name/web?format=text",
];
