/**
 * The wire beside the program it comes from: the same requests to both, answers compared. Left out of the comparison
 * is what can have no equal (indexes, ids, the other's own service) and what docs/reference/registry.md lists as a
 * difference we chose.
 */
import { after, before, test } from "node:test";
import { seededRandom } from "../../src/kernel/index.ts";
import { skipWithoutPeer } from "../support/consul-peer.ts";
import { catalogReads, catalogWriteOf, compareCatalog } from "../support/oracle/catalog.ts";
import { catalogEdges, filterEdges, parameterEdges } from "../support/oracle/edges.ts";
import { type Exchange, type Sides, startSides } from "../support/oracle/sides.ts";

const skip = skipWithoutPeer;
let sides: Sides;

before(async () => {
  if (skip === false) sides = await startSides();
});

after(async () => {
  if (skip === false) await sides[Symbol.asyncDispose]();
});

const compare = (exchange: Exchange): Promise<void> => compareCatalog(sides, exchange);

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

test("what is at the edge of being understood is understood alike, and refused alike", { skip }, async () => {
  for (const exchange of [...catalogEdges, ...parameterEdges, ...filterEdges]) await compare(exchange);
  await compare({ method: "PUT", path: "/v1/agent/service/deregister/w1" });
});

const seeds = (process.env.TUSKER_ORACLE_SEEDS ?? "1,2,3").split(",").map(Number);

for (const seed of seeds) {
  test(`40 random writes of seed ${seed} leave both with the same answers to every read`, {
    skip,
  }, async () => {
    const random = seededRandom(seed);
    for (let i = 1; i <= 40; i++) {
      await compare(catalogWriteOf(random));
      if (i % 10 === 0) for (const path of catalogReads) await compare({ method: "GET", path });
    }
  });
}
