import { strict as assert } from "node:assert";
import { test } from "node:test";
import { z } from "zod";
import { TuskerError } from "../kernel/index.ts";
import { type CallSpec, contract, infoOf, type MethodInput, type MethodOutput } from "./contract.ts";
import { Fault, fail, isFault, isRemote, markRemote } from "./fault.ts";

const User = z.object({ id: z.string(), name: z.string(), age: z.int().optional() });
const Users = contract("user-service", {
  getUser: {
    http: "GET /users/{id}",
    in: z.object({ id: z.string() }),
    out: User,
    errors: { NOT_FOUND: 404, GONE: 410 },
  },
  createUser: { http: "POST /users", in: z.object({ name: z.string(), age: z.int().default(7) }), out: User },
});

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof TuskerError ? error.code : "other";
  }
  return "fine";
};
const define = (spec: CallSpec, name = "get"): (() => unknown) => {
  return () => contract("a-service", { [name]: spec });
};
const ok = { in: z.object({ id: z.string() }), out: z.object({}) };

test("a contract holds its methods by name and its facts aside", () => {
  assert.equal(Users.getUser.verb, "GET");
  assert.deepEqual(Users.getUser.path.params, ["id"]);
  assert.equal(infoOf(Users).name, "user-service");
  assert.equal(infoOf(Users).protocol, "rest");
  assert.deepEqual(Object.keys(Users), ["getUser", "createUser"]);
  assert.equal(Object.isFrozen(Users), true);
});

test("types are inferred: the caller may leave out a default, the answer is the schema's output", () => {
  const input: MethodInput<typeof Users.createUser.spec> = { name: "Ada" };
  const output: MethodOutput<typeof Users.createUser.spec> = { id: "1", name: "Ada", age: 7 };
  // @ts-expect-error name is required
  const wrong: MethodInput<typeof Users.createUser.spec> = {};
  assert.deepEqual([input.name, output.age, wrong], ["Ada", 7, {}]);
});

test("reads and whole replacements are idempotent, POST and PATCH are not unless said", () => {
  const of = (http: CallSpec["http"], more: Partial<CallSpec> = {}): boolean =>
    contract("a", { call: { http, ...ok, ...more } }).call.idempotent;
  assert.deepEqual(
    [of("GET /a"), of("PUT /a"), of("DELETE /a"), of("POST /a"), of("PATCH /a")],
    [true, true, true, false, false],
  );
  assert.equal(of("POST /a", { idempotent: true }), true);
});

test("a mistake in a contract is found when it is defined", () => {
  const mistakes: Record<string, () => unknown> = {
    "service name": () => contract("User Service", {}),
    "method name": define({ http: "GET /a", ...ok }, "Get-it"),
    "no verb": define({ http: "/a" as "GET /a", ...ok }),
    "unknown verb": define({ http: "FETCH /a" as "GET /a", ...ok }),
    "half a parameter": define({ http: "GET /a/x{id}", ...ok }),
    "parameter twice": define({ http: "GET /{id}/{id}", ...ok }),
    "dot segment": define({ http: "GET /a/../b", ...ok }),
    "trailing slash": define({ http: "GET /a/", ...ok }),
    "parameter that is no field": define({ http: "GET /a/{nope}", ...ok }),
    "parameter that is an object": define({
      http: "POST /a/{id}",
      in: z.object({ id: z.object({}) }),
      out: z.object({}),
    }),
    "input that is no object": define({ http: "POST /a", in: z.string(), out: z.object({}) }),
    "object in a query": define({ http: "GET /a", in: z.object({ q: z.object({}) }), out: z.object({}) }),
    "output with a transform": define({
      http: "GET /a",
      in: z.object({}),
      out: z.object({ at: z.string().transform((text) => new Date(text)) }),
    }),
    "error in lower case": define({ http: "GET /a", ...ok, errors: { notFound: 404 } }),
    "error with a good status": define({ http: "GET /a", ...ok, errors: { FINE: 200 } }),
    "error with a gRPC status nobody knows": define({
      http: "GET /a",
      ...ok,
      errors: { LOST: { http: 500, grpc: "NOPE" as never } },
    }),
    "error that is OK": define({
      http: "GET /a",
      ...ok,
      errors: { LOST: { http: 500, grpc: "OK" as never } },
    }),
    "error named like ours": define({ http: "GET /a", ...ok, errors: { NET_RESET: 503 } }),
    "two methods on one path": () =>
      contract("a", {
        one: { http: "GET /a/{id}", ...ok },
        two: { http: "GET /a/{key}", in: z.object({ key: z.string() }), out: z.object({}) },
      }),
    "no schema": define({ http: "GET /a", in: {} as typeof ok.in, out: ok.out }),
  };
  for (const [name, run] of Object.entries(mistakes)) assert.equal(codeOf(run), "RPC_CONTRACT", name);
});

test("lists of text fit into a query", () => {
  const list = contract("a", {
    list: {
      http: "GET /a",
      in: z.object({ tag: z.array(z.string()).optional(), n: z.int() }),
      out: z.object({}),
    },
  });
  assert.equal(list.list.verb, "GET");
});

test("a fault is made only for a declared code and carries the declared status", () => {
  const fault = fail(Users.getUser, "NOT_FOUND", "no user 9", { id: "9" });
  assert.equal(fault.fault, "NOT_FOUND");
  assert.deepEqual(fault.row, { http: 404, grpc: 5, retryable: false });
  assert.deepEqual(fault.details, { id: "9" });
  // @ts-expect-error not declared
  const undeclared = (): unknown => fail(Users.getUser, "NOPE", "x");
  assert.equal(codeOf(undeclared), "RPC_CONTRACT");
});

test("isFault tells methods and codes apart, and a Fault from any other error", () => {
  const fault: unknown = fail(Users.getUser, "NOT_FOUND", "no user 9");
  assert.equal(isFault(fault, Users.getUser), true);
  assert.equal(isFault(fault, Users.getUser, "NOT_FOUND"), true);
  assert.equal(isFault(fault, Users.getUser, "GONE"), false);
  assert.equal(isFault(fault, Users.createUser), false);
  assert.equal(isFault(new TuskerError("RPC_REMOTE", "x"), Users.getUser), false);
  assert.equal(new TuskerError("RPC_REMOTE", "x") instanceof Fault, false);
  assert.equal(fault instanceof TuskerError, true);
  if (isFault(fault, Users.getUser, "NOT_FOUND")) {
    const code: "NOT_FOUND" = fault.fault;
    assert.equal(code, "NOT_FOUND");
  }
});

test("an error told by another service is remembered as such", () => {
  const error = new TuskerError("RPC_INVALID_INPUT", "x");
  assert.equal(isRemote(error), false);
  assert.equal(isRemote(markRemote(error)), true);
});
