import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { TuskerError } from "../kernel/index.ts";
import { parseHealthAnswer } from "./answer.ts";

const row = (service: object, node: object = {}): object => ({
  Node: { Node: "n1", Address: "10.0.0.1", ...node },
  Service: { ID: "u1", Service: "user", Port: 8081, Address: "", ...service },
  Checks: [],
});
const parse = (...rows: object[]) => parseHealthAnswer("user", JSON.stringify(rows));

test("an instance without an address of its own lives at its node's", () => {
  assert.equal(parse(row({}))[0]?.host, "10.0.0.1");
  assert.equal(parse(row({ Address: "10.0.0.7" }))[0]?.host, "10.0.0.7");
});

test("an IPv6 address loses the brackets of URLs", () => {
  assert.equal(parse(row({ Address: "[fe80::1]" }))[0]?.host, "fe80::1");
});

test("meta, tags and weight come along; what is missing has its default", () => {
  const [full] = parse(
    row({ Meta: { grpc_port: "9090" }, Tags: ["a", "b"], Weights: { Passing: 5, Warning: 1 } }),
  );
  assert.deepEqual(full?.meta, { grpc_port: "9090" });
  assert.deepEqual(full?.tags, ["a", "b"]);
  assert.equal(full?.weight, 5);
  const [bare] = parse(row({ Meta: null, Tags: null, Weights: null }));
  assert.deepEqual([bare?.meta, bare?.tags, bare?.weight], [{}, [], 1]);
});

test("the same id on two nodes is two endpoints", () => {
  const ids = parse(row({}), row({}, { Node: "n2" }), row({ ID: "u2" })).map(({ id }) => id);
  assert.deepEqual(ids, ["n1/u1", "n2/u1", "u2"]);
});

test("fields of newer registries are ignored", () => {
  assert.equal(parse({ ...row({ Locality: { Region: "x" } }), PeerName: "p" }).length, 1);
});

for (const text of ["", "{", "null", "{}", '"x"', "[1]", "[{}]", '[{"Node":{},"Service":{}}]']) {
  test(`${JSON.stringify(text)} is refused as no answer of a registry`, () => {
    assert.throws(
      () => parseHealthAnswer("user", text),
      (error) => error instanceof TuskerError && error.code === "DISCOVERY_PROTOCOL",
    );
  });
}

test("whatever a registry sends, it is read or refused with our code", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      try {
        assert.ok(Array.isArray(parseHealthAnswer("user", text)));
      } catch (error) {
        assert.ok(error instanceof TuskerError);
        assert.equal(error.code, "DISCOVERY_PROTOCOL");
      }
    }),
    { numRuns: 300 },
  );
});

test("every field of a row may be of any type without harm", () => {
  const field = fc.constantFrom("ID", "Port", "Address", "Meta", "Tags", "Weights");
  fc.assert(
    fc.property(field, fc.jsonValue({ maxDepth: 2 }), (name, value) => {
      try {
        for (const endpoint of parse(row({ [name]: value }))) {
          assert.ok(endpoint.weight >= 1);
          assert.ok(endpoint.tags.every((tag) => typeof tag === "string"));
          assert.ok(Object.values(endpoint.meta).every((word) => typeof word === "string"));
        }
      } catch (error) {
        assert.ok(error instanceof TuskerError && error.code === "DISCOVERY_PROTOCOL");
      }
    }),
    { numRuns: 300 },
  );
});
