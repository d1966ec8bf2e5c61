import assert from "node:assert/strict";
import { test } from "node:test";
import { effectsOf } from "./effects.ts";

const names = ["orders", "users"];

/** "restart users: services.users.port" */
function told(changed: readonly string[], before = names, after = names): readonly string[] {
  const paths = changed.map((one) => one.split("."));
  return effectsOf(paths, before, after).map(
    ({ action, of, name, paths: why }) =>
      `${action} ${name ?? of}: ${why.map((path) => path.join(".")).join(" ")}`,
  );
}

test("what a service is told restarts it, and it alone", () => {
  assert.deepEqual(told(["services.users.port", "services.users.config.a"]), [
    "restart users: services.users.port services.users.config.a",
  ]);
  assert.deepEqual(told(["services.users.dependencies"]), ["none users: services.users.dependencies"]);
});

test("a service that comes is started, one that goes is stopped", () => {
  assert.deepEqual(told(["services.stock.run", "services.users.run"], names, ["orders", "stock"]), [
    "start stock: services.stock.run",
    "stop users: services.users.run",
  ]);
});

test("the gateway takes over what does not belong to its socket; the greatest effect counts", () => {
  assert.deepEqual(told(["gateway.timeout", "routes./u.timeout"]), [
    "reload gateway: gateway.timeout routes./u.timeout",
  ]);
  assert.deepEqual(told(["gateway.timeout", "gateway.bind", "routes./u.timeout"]), [
    "restart gateway: gateway.timeout gateway.bind routes./u.timeout",
  ]);
});

test("what every service is told restarts every service that goes on; what the supervisor holds, the fleet", () => {
  assert.deepEqual(told(["api_communication.timeout"], names, [...names, "stock"]), [
    "restart gateway: api_communication.timeout",
    "restart orders: api_communication.timeout",
    "restart users: api_communication.timeout",
  ]);
  assert.deepEqual(told(["grpc.port"], ["users"], ["users"]), ["restart users: grpc.port"]);
  assert.deepEqual(told(["control.port", "externals.db.address"]), [
    "restart fleet: control.port externals.db.address",
  ]);
  assert.deepEqual(told(["fleet.try"]), ["none fleet: fleet.try"]);
});
