/** The npm client `consul`, unchanged, over everything of the wire that this registry serves. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import Consul from "consul";
import { systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type Server, serveHttp1 } from "../../src/net/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";

let registry: Registry;
let consul: Consul;

before(async () => {
  registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    node: "box",
    log: { info: () => undefined, error: (message, fields) => assert.fail(`${message} ${fields?.reason}`) },
  });
  consul = new Consul({ host: "127.0.0.1", port: registry.port });
});

after(async () => {
  consul.destroy();
  await registry[Symbol.asyncDispose]();
});

/** What the client throws for an answer that is no 2xx. */
const answered = (status: number, words: string | RegExp) => (error: unknown) => {
  assert.ok(typeof error === "object" && error !== null && "statusCode" in error && "message" in error);
  assert.equal(error.statusCode, status);
  assert.match(String(error.message), typeof words === "string" ? new RegExp(`^${words}$`) : words);
  return true;
};

/** A watch with everything it said so far. */
interface Watched<T> {
  readonly seen: T[];
  readonly errors: unknown[];
  /** Resolves when the last thing it said is as wanted. */
  until(wanted: (data: T) => boolean): Promise<void>;
  end(): void;
}

function watched<T>(options: Parameters<Consul["watch"]>[0]): Watched<T> {
  const watch = consul.watch(options);
  const seen: T[] = [];
  const errors: unknown[] = [];
  watch.on("change", (data: T) => seen.push(data));
  watch.on("error", (error: unknown) => errors.push(error));
  return {
    seen,
    errors,
    async until(wanted) {
      for (;;) {
        const last = seen.at(-1);
        if (last !== undefined && wanted(last)) return;
        await once(watch, "change");
      }
    },
    end: () => watch.end(),
  };
}

test("status.leader and status.peers name this registry", async () => {
  const here = `127.0.0.1:${registry.port}`;
  assert.equal(await consul.status.leader(), here);
  assert.deepEqual(await consul.status.peers(), [here]);
});

test("agent.self and agent.members describe one living server", async () => {
  const self = (await consul.agent.self()) as { Config: Record<string, unknown>; Member: { Name: string } };
  assert.equal(self.Config.Datacenter, "dc1");
  assert.equal(self.Config.NodeName, "box");
  assert.match(
    String(self.Config.NodeID),
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assert.equal(self.Config.Server, true);
  assert.equal(self.Member.Name, "box");
  const members = (await consul.agent.members({})) as { Name: string; Status: number }[];
  assert.deepEqual(
    members.map(({ Name, Status }) => [Name, Status]),
    [["box", 1]],
  );
});

test("agent.service.register, list and deregister", async () => {
  await consul.agent.service.register({
    name: "alpha",
    id: "alpha-1",
    address: "10.0.0.1",
    port: 8081,
    tags: ["v1", "eu"],
    meta: { grpc_port: "9090" },
  });
  const services = await consul.agent.service.list();
  assert.deepEqual(services["alpha-1"], {
    ID: "alpha-1",
    Service: "alpha",
    Tags: ["v1", "eu"],
    Meta: { grpc_port: "9090" },
    Port: 8081,
    Address: "10.0.0.1",
    TaggedAddresses: {
      lan_ipv4: { Address: "10.0.0.1", Port: 8081 },
      wan_ipv4: { Address: "10.0.0.1", Port: 8081 },
    },
    Weights: { Passing: 1, Warning: 1 },
    EnableTagOverride: false,
  });
  await consul.agent.service.deregister("alpha-1");
  assert.equal((await consul.agent.services())["alpha-1"], undefined);
  await consul.agent.service.deregister("alpha-1");
});

test("a registration the wire refuses is an error with its status and words", async () => {
  await assert.rejects(
    consul.agent.service.register({ name: "alpha", address: "0.0.0.0" }),
    answered(400, "Invalid service address"),
  );
  await assert.rejects(
    consul.agent.service.register({
      name: "alpha",
      check: { name: "", args: ["true"], interval: "1s", timeout: "1s" },
    }),
    // The client shows what it was answered only up to 80 characters; the whole text is checked in the room's own tests.
    answered(500, "internal server error"),
  );
});

test("TTL checks of an instance: pass, warn, fail, each with a note", async () => {
  await consul.agent.service.register({
    name: "beta",
    check: { name: "", ttl: "60s", timeout: "1s", notes: "beats", deregistercriticalserviceafter: "5m" },
  });
  const check = async () => (await consul.agent.check.list())["service:beta"];
  assert.deepEqual(
    [(await check())?.Status, (await check())?.Notes, (await check())?.Type],
    ["critical", "beats", "ttl"],
  );
  await consul.agent.check.pass({ id: "service:beta", note: "fine" });
  assert.deepEqual([(await check())?.Status, (await check())?.Output], ["passing", "fine"]);
  await consul.agent.check.warn({ id: "service:beta", note: "slow" });
  assert.deepEqual([(await check())?.Status, (await check())?.Output], ["warning", "slow"]);
  await consul.agent.check.fail("service:beta");
  assert.deepEqual([(await check())?.Status, (await check())?.Output], ["critical", ""]);
  await assert.rejects(
    consul.agent.check.pass("nope"),
    answered(500, 'CheckID "nope" does not have associated TTL'),
  );
  await consul.agent.service.deregister("beta");
  assert.equal(await check(), undefined, "the check went with its instance");
});

test("checks of their own: registered for an instance and for the node, then deregistered", async () => {
  await consul.agent.service.register({ name: "gamma", id: "gamma-1" });
  await consul.agent.check.register({
    name: "gamma alive",
    checkid: "gamma-check",
    serviceid: "gamma-1",
    ttl: "60s",
    timeout: "1s",
    status: "passing",
  });
  await consul.agent.check.register({ name: "disk", ttl: "60s", timeout: "1s", status: "warning" });
  const ids = Object.keys(await consul.agent.checks());
  assert.ok(ids.includes("gamma-check") && ids.includes("disk"));
  assert.deepEqual(await consul.health.service({ service: "gamma", passing: true }), [], "the node warns");
  await consul.agent.check.deregister("disk");
  assert.equal((await consul.health.service({ service: "gamma", passing: true })).length, 1);
  await consul.agent.check.deregister("gamma-check");
  await consul.agent.service.deregister("gamma-1");
});

test("HTTP and TCP checks run, and decide over passing", async () => {
  let status = 200;
  const server: Server = await serveHttp1((x) => x.respond({ status }), { port: 0 });
  const interval = "1s";
  await consul.agent.service.register({
    name: "delta",
    port: server.port,
    checks: [
      { name: "http", http: `http://127.0.0.1:${server.port}/health`, interval, timeout: "20s" },
      { name: "tcp", tcp: `127.0.0.1:${server.port}`, interval, timeout: "20s" },
    ],
  });
  const watch = watched<unknown[]>({
    method: consul.health.service,
    options: { service: "delta", passing: "true" },
  });
  await watch.until((rows) => rows.length === 1);
  status = 503;
  await watch.until((rows) => rows.length === 0);
  const checks = await consul.health.checks("delta");
  assert.deepEqual(
    checks.map(({ Name, Status }) => [Name, Status]),
    [
      ["http", "critical"],
      ["tcp", "passing"],
    ],
  );
  assert.match(checks[0]?.Output ?? "", /503 Service Unavailable/);
  watch.end();
  await consul.agent.service.deregister("delta");
  await server.drain(0);
});

test("maintenance of an instance and of the node", async () => {
  await consul.agent.service.register({ name: "epsilon" });
  const passing = async () => (await consul.health.service({ service: "epsilon", passing: true })).length;
  assert.equal(await passing(), 1);
  await consul.agent.service.maintenance({ id: "epsilon", enable: true, reason: "upgrade" });
  assert.equal(await passing(), 0);
  assert.equal((await consul.agent.checks())["_service_maintenance:epsilon"]?.Notes, "upgrade");
  await consul.agent.service.maintenance({ id: "epsilon", enable: false });
  assert.equal(await passing(), 1);
  await consul.agent.maintenance(true);
  assert.equal(await passing(), 0);
  await consul.agent.maintenance({ enable: false });
  assert.equal(await passing(), 1);
  await assert.rejects(
    consul.agent.service.maintenance({ id: "nope", enable: true }),
    answered(404, 'No service registered with ID "nope"'),
  );
  await consul.agent.service.deregister("epsilon");
});

test("catalog: datacenters, nodes, services and their instances", async () => {
  await consul.agent.service.register({ name: "zeta", id: "z1", tags: ["a"], port: 1 });
  await consul.agent.service.register({ name: "zeta", id: "z2", tags: ["b"], port: 2 });
  assert.deepEqual(await consul.catalog.datacenters(), ["dc1"]);
  assert.deepEqual(
    (await consul.catalog.node.list()).map(({ Node }) => Node),
    ["box"],
  );
  assert.deepEqual((await consul.catalog.service.list()).zeta, ["a", "b"]);
  const rows = await consul.catalog.service.nodes("zeta");
  assert.deepEqual(
    rows.map(({ Node, ServiceID, ServicePort, ServiceMeta }) => [Node, ServiceID, ServicePort, ServiceMeta]),
    [
      ["box", "z1", 1, {}],
      ["box", "z2", 2, {}],
    ],
  );
  const tagged = await consul.catalog.service.nodes({ service: "zeta", tag: "b" });
  assert.deepEqual(
    tagged.map(({ ServiceID }) => ServiceID),
    ["z2"],
  );
  const node = await consul.catalog.node.services("box");
  assert.deepEqual(Object.keys(node.Services).sort(), ["z1", "z2"]);
  await consul.agent.service.deregister("z1");
  await consul.agent.service.deregister("z2");
});

test("catalog.register and deregister: somebody else's node, instance and check", async () => {
  const entry = { node: "elsewhere", address: "10.9.9.9" };
  await consul.catalog.register({
    ...entry,
    service: { service: "eta", id: "eta-1", port: 5432, tags: ["primary"] },
    check: {
      checkid: "eta-check",
      name: "eta",
      serviceid: "eta-1",
      status: "passing",
      definition: { tcp: "10.9.9.9:5432", intervalduration: "10s" },
    },
  });
  const [row] = await consul.health.service("eta");
  assert.equal(row?.Node.Address, "10.9.9.9");
  assert.equal(row?.Service.Port, 5432);
  assert.equal((await consul.health.node("elsewhere")).length, 1);
  await consul.catalog.deregister({ ...entry, checkid: "eta-check" });
  assert.equal((await consul.health.node("elsewhere")).length, 0);
  await consul.catalog.deregister({ ...entry, serviceid: "eta-1" });
  assert.deepEqual(await consul.health.service("eta"), []);
  await consul.catalog.deregister("elsewhere");
  assert.deepEqual(
    (await consul.catalog.node.list()).map(({ Node }) => Node),
    ["box"],
  );
});

test("health: by node, by state, by tag", async () => {
  await consul.agent.service.register({
    name: "theta",
    tags: ["Blue"],
    check: { name: "", ttl: "60s", timeout: "1s", status: "warning" },
  });
  const ids = (checks: { CheckID: string }[]) => checks.map(({ CheckID }) => CheckID);
  assert.deepEqual(ids(await consul.health.node("box")), ["serfHealth", "service:theta"]);
  assert.deepEqual(ids(await consul.health.state("warning")), ["service:theta"]);
  assert.deepEqual(ids(await consul.health.state("critical")), []);
  assert.deepEqual(ids(await consul.health.state("any")), ["serfHealth", "service:theta"]);
  assert.equal((await consul.health.service({ service: "theta", tag: "blue" })).length, 1);
  assert.equal((await consul.health.service({ service: "theta", tag: "red" })).length, 0);
  await consul.agent.service.deregister("theta");
});

test("watch: hears of appearance, change and disappearance, and nothing else", async () => {
  const watch = watched<unknown[]>({ method: consul.health.service, options: { service: "iota" } });
  await watch.until((rows) => rows.length === 0);
  await consul.agent.service.register({ name: "noise" });
  await consul.agent.service.register({ name: "iota", id: "i1" });
  await watch.until((rows) => rows.length === 1);
  await consul.agent.service.register({ name: "iota", id: "i1" });
  await consul.agent.service.deregister("noise");
  await consul.agent.service.register({ name: "iota", id: "i2" });
  await watch.until((rows) => rows.length === 2);
  await consul.agent.service.deregister("i1");
  await watch.until((rows) => rows.length === 1);
  await consul.agent.service.deregister("i2");
  await watch.until((rows) => rows.length === 0);
  watch.end();
  assert.deepEqual(watch.errors, []);
  assert.deepEqual(
    watch.seen.map((rows) => rows.length),
    [0, 1, 2, 1, 0],
  );
});

test("watch: catalog.service.list hears of new services, not of further instances", async () => {
  const watch = watched<object>({ method: consul.catalog.service.list, options: {} });
  await watch.until((list) => !("kappa" in list));
  await consul.agent.service.register({ name: "kappa", id: "k1", tags: ["a"] });
  await watch.until((list) => "kappa" in list);
  await consul.agent.service.register({ name: "kappa", id: "k2", tags: ["a"] });
  await consul.agent.service.deregister("k1");
  await consul.agent.service.deregister("k2");
  await watch.until((list) => !("kappa" in list));
  watch.end();
  assert.equal(watch.seen.length, 3);
});

test("a watch whose wait ends without news asks again with the same index", async () => {
  const watch = consul.watch({
    method: consul.catalog.node.list,
    options: { wait: "100ms" },
  });
  const [, response] = (await once(watch, "change")) as [unknown, { headers: Record<string, string> }];
  const index = response.headers["x-consul-index"];
  let changes = 0;
  watch.on("change", () => changes++);
  const before = watch.updateTime();
  while (watch.updateTime() === before || registry.stats.waiting === 0)
    await new Promise((resolve) => setImmediate(resolve));
  watch.end();
  assert.equal(changes, 0);
  assert.ok(BigInt(index ?? 0) >= 1n);
});

test("the client's second names for the same things", async () => {
  assert.deepEqual(await consul.catalog.nodes({}), await consul.catalog.node.list());
  assert.deepEqual(await consul.catalog.services({}), await consul.catalog.service.list({}));
  const { ID } = await consul.session.create({ name: "second" });
  assert.deepEqual(await consul.session.info(ID), await consul.session.get(ID));
  await consul.session.destroy(ID);
});

test("what a registry of one has no use for is answered, and refused as what is not there", async () => {
  for (const beyond of [
    () => consul.agent.join("10.0.0.1"),
    () => consul.agent.forceLeave("box"),
    () => consul.agent.reload(),
    () => consul.query.list(),
    () => consul.catalog.connect.nodes("web"),
  ])
    await assert.rejects(beyond(), answered(404, /not found/i));
});
