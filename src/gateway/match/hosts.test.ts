import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cookieOf, type Facts, hostOf, parameterOf } from "./facts.ts";
import { routeProblems } from "./problems.ts";
import { compileTable, type Matchable } from "./table.ts";

interface Named extends Matchable {
  readonly name: string;
}

function facts(host: string | undefined, query = "", headers: Readonly<Record<string, string>> = {}): Facts {
  return { host, query, header: (name) => headers[name.toLowerCase()] };
}

function route(name: string, more: Partial<Matchable> = {}): Named {
  return { name, path: "/x", methods: undefined, ...more };
}

function met(routes: readonly Named[], at: Facts, method = "GET", path = "/x"): string {
  const found = compileTable(routes).match(method, path, at);
  return found.kind === "route" ? found.route.name : found.kind;
}

test("the exact host before the longest wildcard before none", () => {
  const routes = [
    route("none"),
    route("wide", { hosts: ["*.example"] }),
    route("narrow", { hosts: ["*.shop.example"] }),
    route("exact", { hosts: ["a.shop.example"] }),
  ];
  assert.equal(met(routes, facts("a.shop.example")), "exact");
  assert.equal(met(routes, facts("b.shop.example")), "narrow");
  assert.equal(met(routes, facts("shop.example")), "wide", "a wildcard stands for one label at least");
  assert.equal(met(routes, facts("example")), "none");
  assert.equal(met(routes, facts(undefined)), "none");
});

test("a host without the path leaves it to the less specific one", () => {
  const routes = [route("shop", { hosts: ["shop.example"], path: "/other" }), route("all", { path: "/*" })];
  assert.equal(met(routes, facts("shop.example")), "all");
  assert.equal(met(routes, facts("shop.example"), "GET", "/other"), "shop");
});

test("host before path: a prefix of the exact host beats an exact path of every host", () => {
  const routes = [route("path"), route("host", { hosts: ["a.test"], path: "/*" })];
  assert.equal(met(routes, facts("a.test")), "host");
});

test("method before fields, more fields before fewer, fields before parameters, then the order of the file", () => {
  const one = { a: "1" };
  const two = { a: "1", b: "2" };
  const routes = [
    route("plain"),
    route("query", { query: two }),
    route("one", { headers: one }),
    route("two", { headers: two }),
    route("first", { headers: { c: "*" } }),
    route("get", { methods: ["GET"], headers: { d: "*" } }),
  ];
  assert.equal(met(routes, facts("h", "?a=1&b=2", two)), "two");
  assert.equal(met(routes, facts("h", "?a=1&b=2", one)), "one");
  assert.equal(met(routes, facts("h", "?b=2&a=1")), "query");
  assert.equal(met(routes, facts("h", "", { a: "1", c: "x" })), "one", "the order of the file decides");
  assert.equal(met(routes, facts("h", "", { ...two, d: "" })), "get");
  assert.equal(met(routes, facts("h")), "plain");
});

test("fields that do not fit make the path unknown, and allow nothing", () => {
  const routes = [route("a", { methods: ["PUT"], headers: { a: "1" } })];
  assert.equal(met(routes, facts("h")), "none");
  const found = compileTable(routes).match("GET", "/x", facts("h", "", { a: "1" }));
  assert.deepEqual(found, { kind: "method", allow: ["PUT", "OPTIONS"] });
});

test("only routes that ask the very same are duplicates", () => {
  const problems = routeProblems([
    route("a", { headers: { "X-A": "1" }, hosts: ["h.test"] }),
    route("b", { headers: { "x-a": "2" }, hosts: ["h.test"] }),
    route("c", { headers: { "x-a": "1" }, hosts: ["h.test", "i.test"] }),
    route("d", { query: { "x-a": "1" }, hosts: ["h.test"] }),
  ]);
  assert.deepEqual(
    problems.map(({ index, kind }) => [index, kind]),
    [[2, "duplicate"]],
  );
  assert.match(problems[0]?.message ?? "", /at host h\.test/);
});

test("a host is its name: without port, case and final dot", () => {
  assert.deepEqual(
    ["Shop.Example:8080", "shop.example.", "[::1]:80", ""].map((host) => hostOf(facts(host))),
    ["shop.example", "shop.example", "[::1]", ""],
  );
});

test("parameters and cookies are found as they were written", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string(), (name, value) => {
      const query = `?first=1&${new URLSearchParams([[name, value]])}`;
      if (name !== "first") assert.equal(parameterOf(query, name), value);
    }),
  );
  assert.equal(parameterOf("?a=%zz", "a"), "%zz");
  assert.equal(parameterOf("?a", "a"), "");
  assert.equal(parameterOf("", "a"), undefined);
  assert.equal(cookieOf("a=1; b=2;c = 3", "c"), "3");
  assert.equal(cookieOf(undefined, "a"), undefined);
});
