import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventView, FleetView, InstanceView, ServiceView } from "../src/control/api.ts";
import { serviceState } from "./state.ts";
import { systemMap } from "./system-map.ts";

function instance(id: string, state: InstanceView["state"], port?: number): InstanceView {
  return { id, state, restarts: 0, crashLoop: false, ...(port === undefined ? {} : { port }) };
}

function service(
  name: string,
  dependencies: readonly string[],
  ...instances: readonly InstanceView[]
): ServiceView {
  return { name, version: "1.0.0", dependencies, supervised: true, instances };
}

const fleet: FleetView = {
  name: "shop",
  environment: "development",
  pid: 1,
  gateway: "http://localhost:8080",
  gatewayProcess: instance("gateway", "ready", 8080),
  services: [
    service("users", ["database"], instance("users-001", "ready", 8081), instance("users-002", "restarting")),
    service("orders", ["users"], instance("orders-001", "ready", 8082)),
    { name: "billing", version: "2.0.0", dependencies: [], supervised: false, instances: [] },
  ],
  externals: [{ name: "database" }],
  routes: [
    { path: "/api/users/*", methods: ["GET"], service: "users" },
    { path: "/api/orders/*", methods: [], service: "orders" },
  ],
};

const says = (map: ReturnType<typeof systemMap>, name: string): string | undefined =>
  map.nodes.find((node) => node.name === name)?.says;

test("what the file declares is on the map before the first call", () => {
  const map = systemMap(fleet, [], []);
  assert.deepEqual(
    map.nodes.map((node) => [node.name, node.kind, node.state]),
    [
      ["gateway", "gateway", "ready"],
      ["users", "service", "restarting"],
      ["orders", "service", "ready"],
      ["billing", "service", "elsewhere"],
      ["database", "external", "assumed"],
    ],
  );
  assert.deepEqual(
    map.edges.map((edge) => [edge.from, edge.to, edge.calls]),
    [
      ["gateway", "users", 0],
      ["gateway", "orders", 0],
      ["users", "database", 0],
      ["orders", "users", 0],
    ],
  );
});

test("states are said in words, with the port or with how many are ready", () => {
  const map = systemMap(fleet, [], []);
  assert.equal(says(map, "gateway"), "ready · :8080");
  assert.equal(says(map, "orders"), "ready · :8082");
  assert.equal(says(map, "users"), "restarting · 1 of 2");
  assert.equal(says(map, "billing"), "runs elsewhere");
});

test("counts of calls fill the declared edges; calls nobody declared get an edge and a node", () => {
  const calls = [
    { caller: "orders", callee: "users", calls: 7, errors: 2 },
    { caller: "cron", callee: "orders", calls: 1, errors: 0 },
  ];
  const map = systemMap(fleet, calls, []);
  assert.deepEqual(
    map.edges.find((edge) => edge.from === "orders"),
    { from: "orders", to: "users", calls: 7, errors: 2 },
  );
  assert.equal(map.nodes.find((node) => node.name === "cron")?.kind, "other");
  assert.equal(map.edges.at(-1)?.from, "cron");
});

test("new counts do not change the shape, a new edge does", () => {
  const calls = (count: number) => [{ caller: "orders", callee: "users", calls: count, errors: 0 }];
  assert.equal(systemMap(fleet, calls(1), []).shape, systemMap(fleet, calls(9), []).shape);
  const other = [{ caller: "users", callee: "billing", calls: 1, errors: 0 }];
  assert.notEqual(systemMap(fleet, other, []).shape, systemMap(fleet, [], []).shape);
});

test("a gateway that is not ready shows how its process stands", () => {
  const { gateway: _, ...without } = fleet;
  const down = { ...without, gatewayProcess: instance("gateway", "restarting") };
  assert.equal(says(systemMap(down, [], []), "gateway"), "restarting");
});

test("a process that ends again and again is in a crash loop, and so is its service", () => {
  const looping: InstanceView = { ...instance("users-002", "restarting"), crashLoop: true };
  const known = { ...fleet, services: [service("users", [], instance("users-001", "ready", 8081), looping)] };
  assert.equal(says(systemMap(known, [], []), "users"), "crash loop · 1 of 2");
});

test("an external with an address is what its last check said", () => {
  const known = { ...fleet, externals: [{ name: "database", address: "localhost:5432" }] };
  const check = (reachable: boolean): readonly EventView[] => [
    { at: 1, type: "external", external: "database", address: "localhost:5432", reachable },
  ];
  assert.equal(says(systemMap(known, [], check(true)), "database"), "localhost:5432");
  assert.equal(says(systemMap(known, [], check(false)), "database"), "unreachable · localhost:5432");
});

test("a service is as well as its worst process", () => {
  assert.equal(serviceState(service("a", [], instance("1", "ready"), instance("2", "stopped"))), "stopped");
  assert.equal(
    serviceState(service("a", [], instance("1", "starting"), instance("2", "restarting"))),
    "restarting",
  );
  assert.equal(serviceState(service("a", [], instance("1", "ready"))), "ready");
});
