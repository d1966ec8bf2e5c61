/**
 * The wire beside the program it comes from: the same requests to both, answers compared. Left out of the comparison
 * is what can have no equal (indexes, ids, the other's own service) and what docs/reference/registry.md lists as a
 * difference we chose.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Random, seededRandom, systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { type ConsulPeer, eventually, skipWithoutPeer, startConsulPeer } from "../support/consul-peer.ts";

interface Exchange {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: string | object | undefined;
}

interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

const skip = skipWithoutPeer;
let peer: ConsulPeer | undefined;
let peerUrl = "";
let registry: Registry;
let http: HttpClient;

before(async () => {
  if (skip !== false) return;
  http = httpClient();
  registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    node: "box",
    log: { info: () => undefined, error: (message, fields) => assert.fail(`${message} ${fields?.reason}`) },
  });
  peer = await startConsulPeer();
  peerUrl = peer.url;
});

after(async () => {
  await peer?.[Symbol.asyncDispose]();
  if (skip !== false) return;
  await http[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

const always = ["content-type", "allow", "x-consul-reason"];
const onReads = ["x-consul-knownleader", "x-consul-lastcontact", "x-consul-effective-consistency"];

async function ask(base: string, { method, path, body }: Exchange): Promise<Said> {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await http.request({
    method,
    url: `${base}${path}`,
    ...(text === undefined ? {} : { body: text }),
  });
  const said = await answer.text(10_000_000);
  const json = answer.header("content-type") === "application/json";
  // What is refused never reached a leader there; here it says nothing of leaders either.
  const names = answer.status === 200 ? [...always, ...onReads] : always;
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

async function compare(exchange: Exchange): Promise<void> {
  const ours = await ask(registry.url, exchange);
  if (exchange.method !== "GET") {
    assert.deepEqual(ours, await ask(peerUrl, exchange), `${exchange.method} ${exchange.path}`);
    return;
  }
  await eventually(async () => {
    assert.deepEqual(ours, await ask(peerUrl, exchange), `${exchange.method} ${exchange.path}`);
  });
}

const service = "/v1/agent/service/register";
const check = "/v1/agent/check/register";

test("requests that are wrong are refused with the same status and words", { skip }, async () => {
  const bodies: [path: string, body: string | object][] = [
    [service, ""],
    [service, "null"],
    [service, '{"Name":"x"'],
    [service, {}],
    [service, { Name: 5 }],
    [service, { Name: "x", Bogus: 1 }],
    [service, { Name: "x", Port: "a" }],
    [service, { Name: "x", Tags: "a" }],
    [service, { Name: "x", Meta: { a: 1 } }],
    [service, { Name: "x", Meta: { "a b": "c" } }],
    [service, { Name: "x", Meta: { "consul-x": "1" } }],
    [service, { Name: "x", Address: "0.0.0.0" }],
    [service, { Name: "x", Address: "[::]" }],
    [service, { Name: "x", Check: { TTL: "abc" } }],
    [service, { Name: "x", Check: { TTL: -5 } }],
    [service, { Name: "x", Check: { TTL: "5s", Timeout: "x" } }],
    [service, { Name: "x", Check: { TTL: "1s", Status: "fine" } }],
    [service, { Name: "x", Check: { HTTP: "http://a" } }],
    [service, { Name: "x", Check: { HTTP: "http://a", Interval: "1s", TTL: "1s" } }],
    [service, { Name: "x", Checks: [{ TTL: "5s" }, {}] }],
    [service, { Name: "x", Weights: { Passing: 0, Warning: 1 } }],
    [service, { Name: "x", Weights: { Passing: 70_000, Warning: 1 } }],
    [check, { ID: "c" }],
    [check, { Name: "y" }],
    [check, { Name: "y", TTL: "1s", Status: "odd" }],
    [check, { Name: "y", TTL: "1s", Zip: 1 }],
    [check, { Name: "y", TTL: "1s", ServiceID: "nope" }],
    ["/v1/agent/check/update/nope", { Status: "passing" }],
    ["/v1/agent/check/update/nope", { Status: "odd" }],
    ["/v1/agent/check/update/nope", { Bogus: "odd" }],
    ["/v1/catalog/register", { Node: "n2" }],
    ["/v1/catalog/register", { Address: "1.1.1.1" }],
    ["/v1/catalog/register", { Node: "n2", Address: "1.1.1.1", Service: { ID: "x" } }],
    ["/v1/catalog/register", { Node: "n2", Address: "1.1.1.1", Bogus: 1 }],
    ["/v1/catalog/register", { Node: "n2", Address: "1.1.1.1", Datacenter: "zz" }],
    ["/v1/catalog/deregister", {}],
    ["/v1/catalog/deregister", { Node: "n2", Bogus: 1 }],
  ];
  for (const [path, body] of bodies) await compare({ method: "PUT", path, body });
  for (const path of [
    "/v1/agent/check/pass/nope",
    "/v1/agent/check/deregister/",
    "/v1/agent/check/deregister/nope",
    "/v1/agent/service/deregister/",
    "/v1/agent/service/deregister/nope",
    "/v1/agent/service/maintenance/?enable=true",
    "/v1/agent/service/maintenance/nope?enable=true",
    "/v1/agent/maintenance",
    "/v1/agent/maintenance?enable=2",
  ]) {
    await compare({ method: "PUT", path });
  }
  for (const path of [
    "/v1/health/service/",
    "/v1/health/checks/",
    "/v1/health/node/",
    "/v1/health/state/",
    "/v1/health/state/bogus",
    "/v1/health/service/x?passing=maybe",
    "/v1/health/service/x?index=abc",
    "/v1/health/service/x?index=-1",
    "/v1/health/service/x?index=99999999999999999999999",
    "/v1/health/service/x?wait=abc",
    "/v1/health/service/x?wait=5",
    "/v1/health/service/x?stale&consistent",
    "/v1/health/service/x?dc=zz",
    "/v1/health/service/%zz",
    "/v1/catalog/service/",
    "/v1/catalog/node/",
    "/v1/catalog/node/nope",
    "/v1/catalog/",
    "/v1/nope",
    "/v2/status/leader",
    "/v1/agent/service/nope",
    "/v1/agent/health/service/id/nope",
    "/v1/agent/health/service/name/nope",
    service,
  ]) {
    await compare({ method: "GET", path });
  }
  for (const method of ["POST", "DELETE"] as const) {
    for (const path of ["/v1/catalog/nodes", service]) await compare({ method, path });
  }
});

const ids = ["s1", "s2", "s3"];
const nameOf: Readonly<Record<string, string>> = { s1: "web", s2: "web", s3: "db" };
const statuses = ["passing", "warning", "critical"];

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)]!;
}

function someOf<T>(random: Random, values: readonly T[]): T[] {
  return values.filter(() => random.next() < 0.5);
}

/** One random write. Instances keep their names: a check's ServiceName goes stale there when they do not. */
function write(random: Random): Exchange {
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

const reads = [
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

const seeds = (process.env.TUSKER_ORACLE_SEEDS ?? "1,2,3").split(",").map(Number);

for (const seed of seeds) {
  test(`40 random writes of seed ${seed} leave both with the same answers to every read`, {
    skip,
  }, async () => {
    const random = seededRandom(seed);
    for (let i = 1; i <= 40; i++) {
      await compare(write(random));
      if (i % 10 === 0) for (const path of reads) await compare({ method: "GET", path });
    }
  });
}
