import { strict as assert } from "node:assert";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { TuskerError } from "../../kernel/index.ts";
import { type CallSpec, type Contract, contract, infoOf, type Method } from "../contract.ts";
import { Fault, isRemote } from "../fault.ts";
import { fromAnswer, toAnswer, toErrorAnswer } from "./answer.ts";
import { readBody, readInput, splitInput } from "./input.ts";
import { buildPath, parsePath } from "./path.ts";
import { type Match, router } from "./router.ts";

const methodOf = (http: CallSpec["http"], input: CallSpec["in"], more: Partial<CallSpec> = {}): Method =>
  (
    contract("a-service", { call: { http, in: input, out: z.object({}), ...more } }) as Contract<{
      call: CallSpec;
    }>
  ).call;
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof TuskerError ? error.code : String(error);
  }
  return "fine";
};

// path

test("a parameter becomes one segment whatever it holds, and reads back", () => {
  const path = parsePath("/a/{id}/b", "test");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (id) => {
      fc.pre(id !== "." && id !== "..");
      const segments = buildPath(path, { id }).split("/");
      assert.equal(segments.length, 4);
      assert.equal(decodeURIComponent(segments[2] ?? ""), id);
    }),
  );
});

test("a parameter that is missing, empty or a dot segment is refused", () => {
  const path = parsePath("/a/{id}", "test");
  for (const id of [undefined, null, "", ".", "..", {}]) {
    assert.equal(
      codeOf(() => buildPath(path, { id })),
      "RPC_INVALID_INPUT",
      String(id),
    );
  }
  assert.equal(buildPath(path, { id: 7 }), "/a/7");
  assert.equal(buildPath(parsePath("/", "test"), {}), "/");
});

// router

const ids = z.object({ id: z.string().optional(), b: z.string().optional() });
const Routes = contract("a-service", {
  list: { http: "GET /users", in: ids, out: z.object({}) },
  create: { http: "POST /users", in: ids, out: z.object({}) },
  get: { http: "GET /users/{id}", in: ids, out: z.object({}) },
  me: { http: "GET /users/me", in: ids, out: z.object({}) },
  drop: { http: "DELETE /users/{id}", in: ids, out: z.object({}) },
  deep: { http: "GET /users/{id}/x/{b}", in: ids, out: z.object({}) },
  near: { http: "GET /users/me/y/{b}", in: ids, out: z.object({}) },
  root: { http: "GET /", in: ids, out: z.object({}) },
});
const routes = router(infoOf(Routes).methods);
const nameOf = (match: Match): string => (match.kind === "method" ? match.method.name : match.kind);

test("literal segments win, a dead end falls back to the parameter", () => {
  const cases: [string, string, string][] = [
    ["GET", "/users", "list"],
    ["POST", "/users", "create"],
    ["GET", "/users/7", "get"],
    ["GET", "/users/me", "me"],
    ["DELETE", "/users/me", "drop"],
    ["GET", "/users/me/x/1", "deep"],
    ["GET", "/users/me/y/1", "near"],
    ["GET", "/users/7/y/1", "none"],
    ["GET", "/", "root"],
    ["GET", "/users/", "none"],
    ["GET", "/users//x/1", "none"],
    ["GET", "//", "none"],
    ["GET", "users", "none"],
    ["GET", "*", "none"],
    ["HEAD", "/users/7", "get"],
    ["PUT", "/users/7", "verb"],
    ["HEAD", "/nope", "none"],
    ["GET", "/users/%zz", "malformed"],
  ];
  for (const [verb, path, name] of cases)
    assert.equal(nameOf(routes.match(verb, path)), name, `${verb} ${path}`);
});

test("parameters are decoded after the path was split", () => {
  const match = routes.match("GET", "/users/a%2Fb%20c");
  assert.deepEqual(match.kind === "method" && match.params, { id: "a/b c" });
});

test("a wrong verb is told what is allowed", () => {
  const match = routes.match("PATCH", "/users");
  assert.deepEqual(match.kind === "verb" && match.allowed, ["GET", "POST", "HEAD", "OPTIONS"]);
});

test("the router agrees with a list that is searched from the most literal template down", () => {
  const segment = fc.constantFrom("a", "b", "{p}", "{q}");
  const template = fc.array(segment, { maxLength: 4 });
  const request = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 });
  fc.assert(
    fc.property(
      fc.array(template, { maxLength: 8 }),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      (templates, requests) => {
        const unique = new Map(
          templates.map((parts) => [
            parts.map((part) => (part.startsWith("{") ? "{}" : part)).join("/"),
            parts,
          ]),
        );
        const methods = [...unique.values()].map((parts, i) => {
          const named = parts.map((part, at) => (part.startsWith("{") ? `{p${at}}` : part));
          const names = named
            .filter((part) => part.startsWith("{"))
            .map((part) => [part.slice(1, -1), z.string()]);
          return {
            ...methodOf(`GET /${named.join("/")}`, z.object(Object.fromEntries(names))),
            name: `m${i}`,
          };
        });
        const table = router(methods);
        for (const parts of requests) {
          const fits = methods.filter(
            ({ path }) =>
              path.segments.length === parts.length &&
              path.segments.every((one, i) => one.kind === "param" || one.text === parts[i]),
          );
          const rank = (method: Method): string =>
            method.path.segments.map((one) => (one.kind === "param" ? "1" : "0")).join("");
          const [best] = fits.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
          assert.equal(nameOf(table.match("GET", `/${parts.join("/")}`)), best?.name ?? "none");
        }
      },
    ),
    { numRuns: 60 },
  );
});

// input

const Query = z.object({
  n: z.int().optional(),
  r: z.number().optional(),
  on: z.boolean().optional(),
  text: z.string().optional(),
  list: z.array(z.int()).optional(),
  either: z.union([z.string(), z.int()]).optional(),
  maybe: z.int().nullable().optional(),
  size: z.literal([1, 2]).optional(),
});
const read = (query: string): Record<string, unknown> =>
  readInput(methodOf("GET /a", Query), {}, query, undefined);

test("query text becomes what the schema says, and stays text where it does not fit", () => {
  assert.deepEqual(read("n=5&r=-1.5e3&on=true&text=5&list=1&list=2&either=5&maybe=7&size=2"), {
    n: 5,
    r: -1500,
    on: true,
    text: "5",
    list: [1, 2],
    either: "5",
    maybe: 7,
    size: 2,
  });
  assert.deepEqual(read("n=five&on=yes&r=0x10&list=x"), { n: "five", on: "yes", r: "0x10", list: ["x"] });
  assert.deepEqual(read("list=3"), { list: [3] });
  assert.deepEqual(read("n=1&n=2"), { n: ["1", "2"] });
  assert.deepEqual(read("text=a+b%20c&unknown=1"), { text: "a b c", unknown: "1" });
});

test("path wins over body, body over query", () => {
  const method = methodOf("POST /a/{n}", Query);
  const input = readInput(method, { n: "1" }, "n=2&text=query&r=4", { n: 3, text: "body" });
  assert.deepEqual(input, { n: 1, text: "body", r: 4 });
});

test("a field called __proto__ is a plain field", () => {
  const input = readInput(
    methodOf("POST /a", Query),
    {},
    "__proto__=1",
    JSON.parse('{"__proto__": {"x": 1}}'),
  );
  assert.equal(Object.getPrototypeOf(input), Object.prototype);
  assert.deepEqual(Object.keys(input), ["__proto__"]);
});

test("a body must be a JSON object in UTF-8", () => {
  assert.deepEqual(readBody(new Uint8Array()), {});
  assert.deepEqual(readBody(Buffer.from('{"a":"é"}')), { a: "é" });
  for (const text of ["{", "[]", "1", "null", '"x"']) {
    assert.equal(
      codeOf(() => readBody(Buffer.from(text))),
      "RPC_INVALID_INPUT",
      text,
    );
  }
  assert.equal(
    codeOf(() => readBody(Buffer.from('{"a":"\xff"}', "latin1"))),
    "RPC_INVALID_INPUT",
  );
});

test("what a client splits a server reads back", () => {
  const input = fc.record(
    {
      n: fc.integer(),
      r: fc
        .double({ noNaN: true, noDefaultInfinity: true })
        .map((value) => (Object.is(value, -0) ? 0 : value)),
      on: fc.boolean(),
      text: fc.string({ unit: "grapheme" }),
      list: fc.array(fc.integer(), { minLength: 1 }),
      either: fc.string(),
    },
    { requiredKeys: [] },
  );
  for (const http of ["GET /a", "POST /a", "DELETE /a/{n}", "PUT /a/{n}"] as const) {
    const method = methodOf(http, Query.required({ n: true }));
    fc.assert(
      fc.property(input, fc.integer(), (rest, n) => {
        const whole = { ...rest, n };
        const { query, body } = splitInput(method, whole);
        const params = method.path.params.length > 0 ? { n: String(n) } : {};
        const back = readInput(
          method,
          params,
          query.slice(1),
          body === undefined ? undefined : readBody(Buffer.from(body)),
        );
        assert.deepEqual({ ...back }, { ...whole });
      }),
      { numRuns: 40 },
    );
  }
});

// answer

const method = methodOf("GET /a", z.object({}), { errors: { NOT_FOUND: 404, BUSY: 503 } });
const thrownBy = (status: number, text: string): TuskerError => {
  try {
    fromAnswer(method, status, text);
  } catch (error) {
    if (error instanceof TuskerError) return error;
    throw error;
  }
  throw new Error("it did not throw");
};

test("values travel plain or in the envelope, and the client takes both", () => {
  for (const envelope of [true, false]) {
    const { body } = toAnswer(200, { a: 1 }, { envelope });
    assert.deepEqual(fromAnswer(method, 200, String(body)), { a: 1 });
  }
  assert.equal(
    toAnswer(200, { a: 1 }, { envelope: true }).body,
    '{"success":true,"data":{"a":1},"error":null}',
  );
});

test("errors travel plain or in the envelope, and arrive typed", () => {
  const fault = new Fault(method, "NOT_FOUND", "no 9", { id: 9 });
  const ours = new TuskerError("NET_OVERLOADED", "going");
  for (const envelope of [true, false]) {
    const told = toErrorAnswer(fault, { envelope, traceId: "abc" });
    assert.equal(told.status, 404);
    const back = thrownBy(404, String(told.body));
    assert.ok(back instanceof Fault);
    assert.deepEqual(
      [back.fault, back.message, back.details, isRemote(back)],
      ["NOT_FOUND", "no 9", { id: 9 }, true],
    );
    assert.equal(thrownBy(503, String(toErrorAnswer(ours, { envelope }).body)).code, "NET_OVERLOADED");
  }
});

test("an envelope that says failure is one, whatever the status", () => {
  const error = thrownBy(200, '{"success":false,"data":null,"error":"it broke"}');
  assert.equal(error.code, "RPC_REMOTE");
  assert.match(error.message, /it broke/);
});

test("an output that looks like an envelope is left alone", () => {
  const own = methodOf("GET /a", z.object({}), { out: z.object({ success: z.boolean(), data: z.string() }) });
  assert.deepEqual(fromAnswer(own, 200, '{"success":true,"data":"x"}'), { success: true, data: "x" });
});

test("errors of strangers are RPC_REMOTE with their status; broken JSON of a success is a protocol error", () => {
  for (const [status, text] of [
    [404, "<html>nope</html>"],
    [500, ""],
    [418, '{"code":"TEAPOT","message":"short and stout"}'],
    [301, "{}"],
  ] as const) {
    const error = thrownBy(status, text);
    assert.deepEqual([error.code, error.details.status], ["RPC_REMOTE", status]);
  }
  assert.match(thrownBy(418, '{"code":"TEAPOT","message":"short and stout"}').message, /short and stout/);
  assert.equal(thrownBy(200, "<html>").code, "RPC_PROTOCOL");
});
