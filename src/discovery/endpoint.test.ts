import assert from "node:assert/strict";
import { test } from "node:test";
import { type Endpoint, endpointSet, grpcPortOf } from "./endpoint.ts";

const endpoint = (id: string, meta: Record<string, string> = {}): Endpoint => ({
  id,
  service: "user-service",
  host: "127.0.0.1",
  port: 8081,
  meta,
  tags: [],
  weight: 1,
});

test("a set holds its endpoints in the order of their ids and cannot be changed", () => {
  const set = endpointSet("user-service", "7", [endpoint("b"), endpoint("a"), endpoint("c")]);
  assert.deepEqual(
    set.endpoints.map(({ id }) => id),
    ["a", "b", "c"],
  );
  assert.equal(set.version, "7");
  assert.ok(Object.isFrozen(set));
  assert.ok(Object.isFrozen(set.endpoints));
});

test("making a set leaves the list it was made of alone", () => {
  const list = [endpoint("b"), endpoint("a")];
  endpointSet("user-service", "1", list);
  assert.equal(list[0]?.id, "b");
});

test("the gRPC port of an endpoint is in its meta", () => {
  assert.equal(grpcPortOf(endpoint("a", { grpc_port: "9090" })), 9090);
  assert.equal(grpcPortOf(endpoint("a")), undefined);
});

for (const text of ["", "x", "-1", "0", "65536", "90.5", "9090x"]) {
  test(`"${text}" is no gRPC port`, () => {
    assert.equal(grpcPortOf(endpoint("a", { grpc_port: text })), undefined);
  });
}
