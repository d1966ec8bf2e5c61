import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { manualClock, TuskerError } from "../kernel/index.ts";
import { serveHttp1 } from "../net/index.ts";
import { bench } from "./fixture.test.ts";
import { probeRegistry } from "./probe.ts";

const user = { ID: "u1", Name: "user", Address: "10.0.0.1", Port: 8081, Tags: ["a"], Meta: { v: "1" } };
const ttlUser = { ...user, Check: { TTL: "10s", Status: "passing" } };

test("an instance is registered, seen with its checks, and deregistered", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", ttlUser);
  const [row] = (await t.get("/v1/health/service/user")) as [
    Record<string, Record<string, unknown>> & { Checks: Record<string, unknown>[] },
  ];
  assert.deepEqual(
    [row.Service?.ID, row.Service?.Address, row.Service?.Port, row.Service?.Tags, row.Service?.Meta],
    ["u1", "10.0.0.1", 8081, ["a"], { v: "1" }],
  );
  assert.deepEqual(
    row.Checks.map(({ CheckID, Status, ServiceID }) => [CheckID, Status, ServiceID]),
    [
      ["serfHealth", "passing", ""],
      ["service:u1", "passing", "u1"],
    ],
  );
  await t.put("/v1/agent/service/deregister/u1");
  assert.deepEqual(await t.get("/v1/health/service/user"), []);
  assert.deepEqual(await t.get("/v1/catalog/services"), {});
});

test("passing leaves out who warns or fails, its own or its node's check", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", ttlUser);
  await t.put("/v1/agent/service/register", { ...user, ID: "u2" });
  const passing = async () =>
    ((await t.get("/v1/health/service/user?passing")) as { Service: { ID: string } }[]).map(
      ({ Service }) => Service.ID,
    );
  assert.deepEqual(await passing(), ["u1", "u2"]);
  await t.put("/v1/agent/check/warn/service:u1");
  assert.deepEqual(await passing(), ["u2"]);
  await t.put("/v1/agent/maintenance?enable=true&reason=disk");
  assert.deepEqual(await passing(), []);
  await t.put("/v1/agent/maintenance?enable=false");
  await t.put("/v1/agent/check/pass/service:u1");
  await t.put("/v1/agent/service/maintenance/u2?enable=true");
  assert.deepEqual(await passing(), ["u1"]);
});

test("a blocking query returns when its service changes and not when another does", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", user);
  const index = await t.index("/v1/health/service/user");
  const asking = t.ask("GET", `/v1/health/service/user?index=${index}&wait=60s`);
  await t.until(() => t.registry.stats.waiting === 1);
  await t.put("/v1/agent/service/register", { Name: "other" });
  await t.put("/v1/agent/service/register", user);
  assert.equal(t.registry.stats.waiting, 1);
  await t.put("/v1/agent/service/register", { ...user, ID: "u2" });
  const answer = await asking;
  assert.ok(Number(answer.header("x-consul-index")) > index);
  assert.equal((answer.json as unknown[]).length, 2);
});

test("a question about a service nobody knows waits until it appears", async () => {
  await using t = await bench();
  const index = await t.index("/v1/health/service/later");
  assert.ok(index >= 1);
  const asking = t.ask("GET", `/v1/health/service/later?index=${index}`);
  await t.until(() => t.registry.stats.waiting === 1);
  await t.put("/v1/agent/service/register", user);
  assert.equal(t.registry.stats.waiting, 1);
  await t.put("/v1/agent/service/register", { Name: "later" });
  assert.equal(((await asking).json as unknown[]).length, 1);
});

test("a blocking query ends with its wait and the same index", async () => {
  await using t = await bench();
  const index = await t.index("/v1/catalog/services");
  const asking = t.ask("GET", `/v1/catalog/services?index=${index}&wait=8s`);
  await t.until(() => t.registry.stats.waiting === 1);
  t.clock.advance(8_500);
  assert.equal((await asking).header("x-consul-index"), String(index));
});

test("an index from the future waits, then gets the real one", async () => {
  await using t = await bench();
  const index = await t.index("/v1/catalog/nodes");
  const asking = t.ask("GET", "/v1/catalog/nodes?index=18446744073709551615&wait=8s");
  await t.until(() => t.registry.stats.waiting === 1);
  t.clock.advance(8_500);
  assert.equal((await asking).header("x-consul-index"), String(index));
});

test("an index of a registry that ran before gets its answer at once", async () => {
  await using before = await bench();
  const index = await before.index("/v1/health/service/user");
  before.clock.advance(1_000);
  await using after = await bench({ clock: manualClock(before.clock.wall()) });
  const answer = await after.ask("GET", `/v1/health/service/user?index=${index}&wait=60s`);
  assert.ok(Number(answer.header("x-consul-index")) > index);
});

test("a wrong parameter is refused at once, not after the wait", async () => {
  await using t = await bench();
  const answer = await t.ask("GET", "/v1/health/service/user?passing=maybe&index=99999999999999&wait=5m");
  assert.deepEqual([answer.status, answer.text], [400, "Invalid value for ?passing"]);
});

test("a client that goes away frees its place", async () => {
  await using t = await bench();
  const socket = connect(t.registry.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write("GET /v1/catalog/nodes?index=99999999999999&wait=60s HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await t.until(() => t.registry.stats.waiting === 1);
  socket.destroy();
  await t.until(() => t.registry.stats.waiting === 0);
});

test("more blocking queries than allowed are answered 429", async () => {
  await using t = await bench({ maxWaiting: 1 });
  const first = t.ask("GET", "/v1/catalog/nodes?index=99999999999999&wait=8s");
  await t.until(() => t.registry.stats.waiting === 1);
  const second = await t.ask("GET", "/v1/catalog/nodes?index=99999999999999&wait=8s");
  assert.equal(second.status, 429);
  assert.equal(t.registry.stats.refused, 1);
  t.clock.advance(9_000);
  assert.equal((await first).status, 200);
});

test("every read carries the headers that clients insist on", async () => {
  await using t = await bench();
  for (const [query, consistency] of [
    ["", "leader"],
    ["?stale", "stale"],
    ["?consistent", "consistent"],
  ]) {
    const answer = await t.ask("GET", `/v1/catalog/services${query}`);
    assert.equal(answer.header("x-consul-knownleader"), "true");
    assert.equal(answer.header("x-consul-lastcontact"), "0");
    assert.equal(answer.header("x-consul-effective-consistency"), consistency);
    assert.match(answer.header("x-consul-index") ?? "", /^[1-9]\d*$/);
    assert.equal(answer.header("content-type"), "application/json");
  }
});

test("JSON is compact, and indented when asked for", async () => {
  await using t = await bench();
  assert.equal((await t.ask("GET", "/v1/catalog/datacenters")).text, '["dc1"]');
  assert.equal((await t.ask("GET", "/v1/catalog/datacenters?pretty")).text, '[\n    "dc1"\n]\n');
});

for (const [method, path, body, status, words] of [
  ["POST", "/v1/health/service/x", undefined, 405, "method POST not allowed"],
  ["GET", "/v1/agent/service/register", undefined, 405, "method GET not allowed"],
  ["GET", "/v1/nope", undefined, 404, ""],
  ["GET", "/v1/kv/x", undefined, 404, ""],
  ["GET", "/v1/health/service/%zz", undefined, 400, "400 Bad Request"],
  ["GET", "/v1/health/service/", undefined, 400, "Missing service name"],
  ["GET", "/v1/health/state/", undefined, 400, "Missing check state"],
  ["GET", "/v1/health/node/", undefined, 400, "Missing node name"],
  ["GET", "/v1/catalog/node/", undefined, 400, "Missing node name"],
  ["GET", "/v1/agent/service/nope", undefined, 404, "unknown service ID: nope"],
  ["GET", "/v1/catalog/services?dc=zz", undefined, 500, "No path to datacenter"],
  ["PUT", "/v1/agent/service/register", {}, 400, "Missing service name"],
  ["PUT", "/v1/agent/service/register", { Name: "x", Address: "0.0.0.0" }, 400, "Invalid service address"],
  ["PUT", "/v1/agent/service/register", { Name: "x", Port: 65_536 }, 400, "Invalid service port 65536"],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Check: { HTTP: "http://a" } },
    400,
    "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks",
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Check: { HTTP: "http://a", Interval: "1s", TTL: "1s" } },
    400,
    "Invalid check: Interval and TTL cannot both be specified",
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Checks: [{}] },
    400,
    "Invalid check: TTL must be > 0 for TTL checks",
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Check: { TTL: "1s", Status: "fine" } },
    400,
    "Status for checks must 'passing', 'warning', 'critical'",
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Weights: { Passing: 0, Warning: 1 } },
    400,
    "Invalid Weights: Passing must be greater than 0",
  ],
  [
    "PUT",
    "/v1/agent/service/register",
    { Name: "x", Meta: { "a b": "c" } },
    400,
    "Invalid Service Meta: Couldn't load metadata pair ('a b', 'c'): Key contains invalid characters",
  ],
  ["PUT", "/v1/agent/check/register", { ID: "c" }, 400, "Missing check name"],
  ["PUT", "/v1/agent/check/register", { Name: "c", TTL: "1s", Status: "odd" }, 400, "Bad check status"],
  [
    "PUT",
    "/v1/agent/check/register",
    { Name: "c", TTL: "1s", ServiceID: "x" },
    500,
    'ServiceID "x" does not exist',
  ],
  ["PUT", "/v1/agent/check/pass/nope", undefined, 500, 'CheckID "nope" does not have associated TTL'],
  ["PUT", "/v1/agent/check/update/nope", { Status: "odd" }, 400, "Invalid check status: 'odd'"],
  ["PUT", "/v1/agent/check/deregister/", undefined, 500, "CheckID missing"],
  ["PUT", "/v1/agent/service/deregister/", undefined, 500, "ServiceID missing"],
  ["PUT", "/v1/agent/maintenance", undefined, 400, "Missing value for enable"],
  ["PUT", "/v1/agent/maintenance?enable=2", undefined, 400, 'Invalid value for enable: "2"'],
  ["PUT", "/v1/agent/service/maintenance/x?enable=true", undefined, 404, 'No service registered with ID "x"'],
  ["PUT", "/v1/catalog/register", { Address: "1.1.1.1" }, 500, "Must provide node"],
  ["PUT", "/v1/catalog/register", { Node: "n2" }, 500, "Must provide address if SkipNodeUpdate is not set"],
  [
    "PUT",
    "/v1/catalog/register",
    { Node: "n2", Address: "x", Service: { ID: "x" } },
    500,
    "Must provide service name with ID",
  ],
  ["PUT", "/v1/catalog/deregister", {}, 500, "Must provide node"],
] as const) {
  test(`${method} ${path} ${JSON.stringify(body) ?? ""} is answered ${status}`, async () => {
    await using t = await bench();
    const answer = await t.ask(method, path, body);
    assert.deepEqual([answer.status, answer.text], [status, words]);
    if (words !== "") assert.equal(answer.header("content-type"), "text/plain; charset=utf-8");
  });
}

test("a wrong verb says which are right, and OPTIONS too", async () => {
  await using t = await bench();
  assert.equal((await t.ask("POST", "/v1/catalog/nodes")).header("allow"), "OPTIONS,GET");
  const options = await t.ask("OPTIONS", "/v1/catalog/register");
  assert.deepEqual([options.status, options.header("allow")], [200, "OPTIONS,PUT"]);
});

test("checks that would run programs or need what is not here are refused, each in a sentence", async () => {
  await using t = await bench();
  const refused = async (check: object) => {
    const { status, text } = await t.ask("PUT", "/v1/agent/service/register", { Name: "x", Check: check });
    return [status, text.split(";")[0]];
  };
  assert.deepEqual(await refused({ Args: ["rm"], Interval: "1s" }), [
    500,
    "Scripts are disabled on this agent from remote calls",
  ]);
  for (const kind of ["H2PING", "UDP", "DockerContainerID"]) {
    const [status, words] = await refused({ [kind]: "x", Interval: "1s" });
    assert.equal(status, 400);
    assert.match(String(words), /^Invalid check: \w+ checks are not supported here$/);
  }
  assert.deepEqual(await t.get("/v1/agent/services"), {});
});

test("script checks run where they are turned on, and only on loopback", async () => {
  await using t = await bench({ scriptChecks: true });
  const check = { Args: [process.execPath, "-e", "console.log('tight'); process.exit(1)"], Interval: "1s" };
  await t.put("/v1/agent/service/register", { Name: "x", Check: check });
  t.clock.advance(1_000);
  await t.until(() => t.registry.instances()[0]?.status === "warning");
  const rows = await t.get("/v1/agent/checks");
  assert.match(JSON.stringify(rows), /"Output":"tight/);
  await assert.rejects(bench({ scriptChecks: true, host: "0.0.0.0" }), { code: "REGISTRY_INVALID" });
});

test("an alias is as well as what it stands for", async () => {
  await using t = await bench();
  const status = async (): Promise<string[]> => {
    const [check] = (await t.get("/v1/health/checks/front")) as { Status: string; Output: string }[];
    return [check?.Status ?? "", check?.Output ?? ""];
  };
  await t.put("/v1/agent/service/register", { Name: "front", Check: { AliasService: "db1" } });
  assert.deepEqual(await status(), ["critical", "Service db1 could not be found on node "]);
  await t.put("/v1/agent/service/register", { ID: "db1", Name: "db" });
  assert.deepEqual(await status(), ["passing", "No checks found."]);
  await t.put("/v1/agent/check/register", { ID: "c", Name: "disk", ServiceID: "db1", TTL: "10s" });
  assert.deepEqual(await status(), ["critical", 'Aliased check "disk" failing: ']);
  await t.put("/v1/agent/check/warn/c?note=full");
  assert.deepEqual(await status(), ["warning", 'Aliased check "disk" failing: full']);
  await t.put("/v1/agent/check/pass/c");
  assert.deepEqual(await status(), ["passing", "All checks passing."]);
  await t.put("/v1/agent/service/deregister/db1");
  assert.equal((await status())[0], "critical");
});

test("an alias of another node follows its checks", async () => {
  await using t = await bench();
  const far = (status: string) =>
    t.put("/v1/catalog/register", {
      Node: "far",
      Address: "10.0.0.9",
      Check: { CheckID: "up", Name: "up", Status: status },
    });
  await far("passing");
  await t.put("/v1/agent/service/register", { Name: "front", Check: { AliasNode: "far" } });
  const status = async () => ((await t.get("/v1/health/checks/front")) as { Status: string }[])[0]?.Status;
  assert.equal(await status(), "passing");
  await far("critical");
  assert.equal(await status(), "critical");
  await t.put("/v1/catalog/deregister", { Node: "far" });
  assert.equal(await status(), "critical");
});

test("a body above 512 KiB is refused and its connection closed", async () => {
  await using t = await bench();
  const answer = await t.ask("PUT", "/v1/agent/service/register", `"${"x".repeat(600_000)}"`);
  assert.equal(answer.status, 413);
  assert.equal(answer.header("connection"), "close");
  assert.equal((await t.ask("GET", "/v1/status/leader")).status, 200);
});

test("a body of text that is no UTF-8 is refused, not guessed", async () => {
  await using t = await bench();
  const answer = await t.http.request({
    method: "PUT",
    url: `${t.registry.url}/v1/agent/service/register`,
    body: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
  });
  assert.equal(answer.status, 400);
  answer.discard();
});

test("registering again keeps what is known of the instance's health", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", ttlUser);
  await t.put("/v1/agent/check/fail/service:u1?note=bad");
  await t.put("/v1/agent/service/register", ttlUser);
  const checks = (await t.get("/v1/agent/checks")) as Record<string, { Status: string; Output: string }>;
  assert.deepEqual([checks["service:u1"]?.Status, checks["service:u1"]?.Output], ["critical", "bad"]);
});

test("checks that are no longer listed stay, unless they are to be replaced", async () => {
  await using t = await bench();
  const other = { ...user, Check: { TTL: "10s", CheckID: "other" } };
  const ids = async () => Object.keys((await t.get("/v1/agent/checks")) as object);
  await t.put("/v1/agent/service/register", ttlUser);
  await t.put("/v1/agent/service/register", other);
  assert.deepEqual(await ids(), ["other", "service:u1"]);
  await t.put("/v1/agent/service/maintenance/u1?enable=true");
  await t.put("/v1/agent/service/register?replace-existing-checks", other);
  assert.deepEqual(await ids(), ["_service_maintenance:u1", "other"]);
});

test("the health of one instance is a plain status for plain monitors", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", ttlUser);
  const of = async (path: string) => {
    const answer = await t.ask("GET", `/v1/agent/health/service/${path}?format=text`);
    return [answer.status, answer.text, answer.header("x-consul-reason")];
  };
  assert.deepEqual(await of("id/u1"), [200, "passing", "passing"]);
  await t.put("/v1/agent/check/warn/service:u1");
  assert.deepEqual(await of("name/user"), [429, "warning", "warning"]);
  await t.put("/v1/agent/check/fail/service:u1");
  assert.deepEqual(await of("id/u1"), [503, "critical", "critical"]);
  await t.put("/v1/agent/service/maintenance/u1?enable=true");
  assert.deepEqual(await of("id/u1"), [503, "maintenance", "maintenance"]);
  assert.deepEqual(await of("id/x%C3%A9y"), [404, '"ServiceId xéy not found"', "ServiceId x?y not found"]);
  assert.deepEqual(await of("id/x%0d%0ay"), [400, "", undefined]);
  assert.deepEqual(await of("id/"), [500, "Bad request: Missing serviceID", undefined]);
});

test("the registry's own node and its own check cannot be taken away", async () => {
  await using t = await bench();
  for (const body of [{ Node: "n1" }, { Node: "n1", CheckID: "serfHealth" }]) {
    assert.equal((await t.ask("PUT", "/v1/catalog/deregister", body)).status, 500);
  }
  await t.put("/v1/agent/check/deregister/serfHealth");
  const taken = await t.ask("PUT", "/v1/agent/check/register", { ID: "serfHealth", Name: "x", TTL: "1s" });
  assert.equal(taken.status, 400);
  assert.equal(((await t.get("/v1/health/node/n1")) as unknown[]).length, 1);
});

test("instances of other nodes are registered through the catalog, with the checks of their monitor", async () => {
  await using t = await bench();
  await t.put("/v1/catalog/register", {
    Node: "n2",
    Address: "10.0.0.9",
    NodeMeta: { rack: "7" },
    Service: { Service: "db", Port: 5432 },
    Check: { CheckID: "c1", Name: "alive", Status: "passing", ServiceID: "db", Definition: { TCP: "x:1" } },
  });
  const [row] = (await t.get("/v1/health/service/db?passing")) as [
    { Node: { Address: string }; Checks: { Definition: object }[] },
  ];
  assert.equal(row.Node.Address, "10.0.0.9");
  assert.deepEqual(row.Checks[0]?.Definition, { TCP: "x:1" });
  assert.deepEqual(await t.get("/v1/catalog/services?node-meta=rack:7"), { db: [] });
  assert.deepEqual(await t.get("/v1/catalog/services?node-meta=rack:8"), {});
  const bad = await t.ask("PUT", "/v1/catalog/register", {
    Node: "n2",
    Address: "10.0.0.9",
    Service: { Service: "web" },
    Check: { Name: "c2", ServiceID: "nope" },
  });
  assert.equal(bad.status, 500);
  assert.equal(((await t.get("/v1/catalog/service/web")) as unknown[]).length, 0, "a whole or nothing");
  await t.put("/v1/catalog/deregister", { Node: "n2" });
  assert.equal(await t.get("/v1/catalog/node/n2"), null);
});

test("code in this process registers, sets the status and sees who is there", async () => {
  await using t = await bench();
  const instance = { id: "u1", service: "user", host: "127.0.0.1", port: 8081, meta: { grpc_port: "9090" } };
  await t.registry.register({ ...instance, check: { kind: "ttl", ttlMs: 10_000 }, status: "passing" });
  assert.deepEqual(t.registry.instances(), [{ ...instance, node: "n1", tags: [], status: "passing" }]);
  const index = await t.index("/v1/health/service/user");
  const asking = t.ask("GET", `/v1/health/service/user?passing&index=${index}`);
  await t.until(() => t.registry.stats.waiting === 1);
  await t.registry.setStatus("u1", "critical", "exited with 1");
  assert.deepEqual((await asking).json, []);
  await t.registry.register({ ...instance, check: { kind: "ttl", ttlMs: 10_000 }, status: "passing" });
  assert.equal(t.registry.instances()[0]?.status, "passing", "a status that is named counts");
  await t.registry.deregister("u1");
  assert.deepEqual(t.registry.instances(), []);
  await assert.rejects(
    t.registry.setStatus("u1", "passing"),
    (error) => error instanceof TuskerError && error.code === "REGISTRY_UNKNOWN",
  );
});

test("what happened can be read back in order", async () => {
  await using t = await bench();
  const { index } = t.registry.stats;
  await t.registry.register({ id: "u1", service: "user", host: "127.0.0.1", port: 1 });
  await t.registry.deregister("u1");
  const entries = t.registry.changesSince(index) ?? [];
  assert.deepEqual(
    entries.map((entry) => [entry.index, entry.changes.map(({ kind }) => kind)]),
    [
      [index + 1, ["service"]],
      [index + 2, ["service-gone"]],
    ],
  );
  assert.equal(t.registry.changesSince(index - 5), undefined);
});

test("draining answers who waits and closes the port", async () => {
  const t = await bench();
  const asking = t.ask("GET", "/v1/catalog/nodes?index=99999999999999&wait=5m");
  await t.until(() => t.registry.stats.waiting === 1);
  await Promise.all([t.registry.drain(5_000), asking]);
  assert.equal((await asking).status, 200);
  assert.equal(t.clock.pending, 0);
  await assert.rejects(t.ask("GET", "/v1/status/leader"));
  await t[Symbol.asyncDispose]();
});

test("a wait of nothing or less, with an index, is five minutes", async () => {
  await using t = await bench();
  const index = await t.index("/v1/catalog/services");
  for (const wait of ["-5s", "0s", "-0.5h"]) {
    let answered = false;
    const asking = t.ask("GET", `/v1/catalog/services?index=${index}&wait=${wait}`).finally(() => {
      answered = true;
    });
    await t.until(() => t.registry.stats.waiting === 1);
    t.clock.advance(299_000);
    assert.deepEqual([t.registry.stats.waiting, answered], [1, false], wait);
    t.clock.advance(20_000);
    assert.equal((await asking).status, 200);
  }
});

test("a body that stalls is the client's failure: 408, and nothing is reported", async () => {
  await using t = await bench();
  const socket = connect(t.registry.port, "127.0.0.1").setEncoding("latin1");
  socket.write("PUT /v1/kv/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\nabc");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  await t.until(() => {
    t.clock.advance(1_000);
    return text !== "";
  });
  assert.match(text, /^HTTP\/1\.1 408 [\s\S]*\r\nConnection: close\r\n/i);
  socket.destroy();
  assert.deepEqual(t.logged, []);
});

test("a taken port is an error that names it", async () => {
  await using t = await bench();
  await assert.rejects(
    bench({ port: t.registry.port }),
    (error) => error instanceof TuskerError && error.code === "NET_PORT_TAKEN",
  );
});

test("listening for everybody is said aloud, and clients are told an address they can use", async () => {
  await using t = await bench({ host: "0.0.0.0" });
  assert.match(t.logged[0] ?? "", /listens on 0\.0\.0\.0/);
  assert.match(t.registry.url, /^http:\/\/127\.0\.0\.1:/);
  const [node] = (await t.get("/v1/catalog/nodes")) as { Address: string }[];
  assert.equal(node?.Address, "127.0.0.1");
});

test("listening on one address that others reach is said aloud as well, and on loopback nothing is", async (t) => {
  await using quiet = await bench();
  assert.deepEqual(quiet.logged, []);
  const own = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.internal === false && one.family === "IPv4");
  if (own === undefined) return t.skip("this machine has no address that others reach");
  await using b = await bench({ host: own.address });
  assert.match(b.logged[0] ?? "", new RegExp(`listens on ${own.address}: everybody who reaches port`));
});

test("an address of IPv6 is told as clients can use it", async (t) => {
  const own = Object.values(networkInterfaces()).flat();
  if (!own.some((one) => one?.address === "::1")) return t.skip("this machine has no ::1");
  await using b = await bench({ host: "::1" });
  assert.match(b.registry.url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal(await b.get("/v1/status/leader"), `[::1]:${b.registry.port}`);
});

test("a registry is told from nothing and from somebody else", async () => {
  await using t = await bench();
  assert.deepEqual(await probeRegistry(t.registry.url, t.http), {
    kind: "registry",
    leader: `127.0.0.1:${t.registry.port}`,
  });
  await using other = await serveHttp1((x) => x.respond({ status: 200, body: "<html>" }), { port: 0 });
  const found = await probeRegistry(`http://127.0.0.1:${other.port}`, t.http);
  assert.equal(found.kind, "other");
  await other.drain(0);
  assert.deepEqual(await probeRegistry(`http://127.0.0.1:${other.port}`, t.http), { kind: "nothing" });
});

test("one instance can be waited for by the hash of what is told of it", async () => {
  await using t = await bench();
  const path = "/v1/agent/service/a";
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web", Port: 1 });
  const hash = (await t.ask("GET", path)).header("x-consul-contenthash") ?? "";
  const waiting = t.ask("GET", `${path}?hash=${hash}&wait=10s`);
  await t.until(() => t.registry.stats.waiting === 1);
  await t.put("/v1/agent/service/register", { ID: "b", Name: "other" });
  await t.until(() => t.registry.stats.waiting === 1);
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web", Port: 2 });
  const answer = await waiting;
  assert.notEqual(answer.header("x-consul-contenthash"), hash);
  const over = t.ask("GET", `${path}?hash=${answer.header("x-consul-contenthash")}&wait=10s`);
  await t.until(() => t.registry.stats.waiting === 1);
  t.clock.advance(11_000);
  assert.equal((await over).header("x-consul-contenthash"), answer.header("x-consul-contenthash"));
  assert.equal((await t.ask("GET", `${path}?hash=other`)).status, 200);
});

test("a registry that ends lets go of who waits by a hash", async () => {
  const t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web" });
  const hash = (await t.ask("GET", "/v1/agent/service/a")).header("x-consul-contenthash");
  const waiting = t.ask("GET", `/v1/agent/service/a?hash=${hash}`);
  await t.until(() => t.registry.stats.waiting === 1);
  const drained = t.registry.drain(5_000);
  assert.equal((await waiting).status, 200);
  await drained;
  await t[Symbol.asyncDispose]();
});

test("counts, machine and release are told, and no distances", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { Name: "web" });
  const metrics = (await t.get("/v1/agent/metrics")) as { Gauges: { Name: string; Value: number }[] };
  assert.equal(metrics.Gauges.find(({ Name }) => Name === "tusker.registry.instances")?.Value, 1);
  const prometheus = await t.ask("GET", "/v1/agent/metrics?format=prometheus");
  assert.match(prometheus.text, /^tusker_registry_instances 1$/m);
  assert.equal((await t.ask("GET", `/v1/${"x".repeat(9_000)}`)).status, 414);
  const limits = (await t.ask("GET", "/v1/agent/metrics?format=prometheus")).text;
  assert.match(limits, /^tusker_registry_connection_limits_total\{limit="target_bytes"\} 1$/m);
  const { Counters } = (await t.get("/v1/agent/metrics")) as {
    Counters: { Name: string; Labels: object; Count: number }[];
  };
  const met = Counters.find(({ Name }) => Name === "tusker.registry.connection_limits");
  assert.deepEqual([met?.Labels, met?.Count], [{ limit: "target_bytes" }, 1]);
  assert.equal((await t.ask("GET", "/v1/agent/metrics?format=x")).status, 400);
  assert.ok(((await t.get("/v1/agent/host")) as { Memory: { total: number } }).Memory.total > 0);
  assert.equal(((await t.get("/v1/agent/version")) as { HumanVersion: string }).HumanVersion, "1.8.7");
  assert.deepEqual(await t.get("/v1/coordinate/nodes"), []);
});

test("services are listed as a filter says, and a node's instances as a list", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", { ID: "a", Name: "web", Tags: ["v1"] });
  await t.put("/v1/agent/service/register", { ID: "b", Name: "api" });
  const filter = encodeURIComponent('ServiceTags contains "v1"');
  assert.deepEqual(await t.get(`/v1/catalog/services?filter=${filter}`), { web: ["v1"] });
  assert.equal((await t.ask("GET", "/v1/catalog/services?filter=Bogus==1")).status, 500);
  const node = (await t.get("/v1/catalog/node-services/n1")) as {
    Node: { Node: string };
    Services: { ID: string }[];
  };
  assert.deepEqual([node.Node.Node, node.Services.map(({ ID }) => ID)], ["n1", ["a", "b"]]);
  assert.deepEqual(await t.get("/v1/catalog/node-services/x"), { Node: null, Services: null });
});

test("an answer that may come from a cache says that it did not", async () => {
  await using t = await bench();
  for (const path of ["/v1/health/service/web?cached", "/v1/catalog/services?cached", "/v1/kv/a?cached"])
    assert.equal((await t.ask("GET", path)).header("x-cache"), "MISS", path);
  assert.equal((await t.ask("GET", "/v1/health/service/web")).header("x-cache"), undefined);
  assert.equal((await t.ask("GET", "/v1/status/leader?dc=other")).status, 500);
});
