import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { comparePatterns, parsePattern, shapeOf } from "./pattern.ts";
import { routeProblems } from "./problems.ts";
import { compileTable, type Matchable } from "./table.ts";

const route = (path: string, ...methods: string[]): Matchable => ({
  path,
  methods: methods.length === 0 ? undefined : methods,
});

/** What a request meets, as text. */
function met(routes: readonly Matchable[], method: string, path: string): string {
  const match = compileTable(routes).match(method, path);
  if (match.kind === "route") return match.route.path;
  return match.kind === "method" ? `405 ${match.allow.join(",")}` : "404";
}

test("a prefix matches what stands before the star and everything below, at segment ends only", () => {
  const routes = [route("/api/users/*")];
  for (const path of ["/api/users", "/api/users/", "/api/users/1", "/api/users/1/orders"])
    assert.equal(met(routes, "GET", path), "/api/users/*", path);
  for (const path of ["/api/usersx", "/api", "/", "/api/user/1", "//api/users"])
    assert.equal(met(routes, "GET", path), "404", path);
});

test("an exact path matches itself only", () => {
  const routes = [route("/users")];
  assert.equal(met(routes, "GET", "/users"), "/users");
  for (const path of ["/users/", "/users/1", "/Users"]) assert.equal(met(routes, "GET", path), "404", path);
});

test("a parameter takes one segment that is not empty", () => {
  const routes = [route("/users/{id}/orders")];
  assert.equal(met(routes, "GET", "/users/7/orders"), "/users/{id}/orders");
  for (const path of ["/users//orders", "/users/7/8/orders", "/users/orders"])
    assert.equal(met(routes, "GET", path), "404", path);
});

test("exact beats prefix, the longer prefix beats the shorter, prefix beats pattern of the same beginning", () => {
  const routes = [
    route("/*"),
    route("/users/*"),
    route("/users/{id}"),
    route("/users/vip/*"),
    route("/users/me"),
  ];
  assert.equal(met(routes, "GET", "/users/me"), "/users/me");
  assert.equal(met(routes, "GET", "/users/vip/1"), "/users/vip/*");
  assert.equal(met(routes, "GET", "/users/7"), "/users/*");
  assert.equal(met(routes, "GET", "/else"), "/*");
});

test("a pattern with the longer literal beginning beats a shorter prefix", () => {
  assert.equal(met([route("/*"), route("/users/{id}")], "GET", "/users/7"), "/users/{id}");
});

test("routes of one path are told apart by method", () => {
  const routes = [route("/orders/*", "GET"), route("/orders/*", "POST", "PUT"), route("/orders/*")];
  assert.equal(compileTable(routes).match("POST", "/orders").kind, "route");
  const chosen = (method: string): unknown => {
    const match = compileTable(routes).match(method, "/orders/1");
    return match.kind === "route" ? match.route.methods : match.kind;
  };
  assert.deepEqual(chosen("GET"), ["GET"]);
  assert.deepEqual(chosen("PUT"), ["POST", "PUT"]);
  assert.deepEqual(chosen("DELETE"), undefined);
});

test("a method the most specific path does not take falls to the next path that does", () => {
  const routes = [route("/users/me", "GET"), route("/users/*", "DELETE")];
  assert.equal(met(routes, "DELETE", "/users/me"), "/users/*");
  assert.equal(met(routes, "GET", "/users/me"), "/users/me");
});

test("a known path with a wrong method is 405 with every method of every path that matched", () => {
  const routes = [route("/users/me", "GET"), route("/users/*", "DELETE", "PUT")];
  assert.equal(met(routes, "POST", "/users/me"), "405 GET,DELETE,PUT,HEAD,OPTIONS");
  assert.equal(met(routes, "POST", "/users/1"), "405 DELETE,PUT,OPTIONS");
});

test("HEAD is allowed where GET is, and a route of its own comes first", () => {
  assert.equal(met([route("/a", "GET")], "HEAD", "/a"), "/a");
  assert.equal(met([route("/a", "POST")], "HEAD", "/a"), "405 POST,OPTIONS");
  const match = compileTable([route("/a", "GET"), route("/a", "HEAD")]).match("HEAD", "/a");
  assert.deepEqual(match.kind === "route" && match.route.methods, ["HEAD"]);
});

test("TRACE and CONNECT are not among all methods", () => {
  assert.equal(met([route("/a")], "TRACE", "/a"), "405 GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS");
  assert.equal(met([route("/a", "TRACE")], "TRACE", "/a"), "/a");
  assert.equal(met([route("/a")], "PROPFIND", "/a"), "/a");
});

test("a second route for the same path and method is reported, whatever its parameters are called", () => {
  const problems = routeProblems([
    route("/users/{id}", "GET", "PUT"),
    route("/users/{name}", "GET"),
    route("/users/{id}"),
  ]);
  assert.deepEqual(
    problems.map(({ path, index, kind }) => ({ path, index, kind })),
    [{ path: "/users/{name}", index: 0, kind: "duplicate" }],
  );
});

test("a second route for every method is reported with its place in the list", () => {
  const [problem] = routeProblems([route("/a"), route("/a")]);
  assert.deepEqual([problem?.path, problem?.index, problem?.kind], ["/a", 1, "duplicate"]);
});

test("a bad pattern is reported and the other routes work", () => {
  const routes = [route("/a*b"), route("/a")];
  assert.deepEqual(
    routeProblems(routes).map(({ path, kind }) => `${kind} ${path}`),
    ["pattern /a*b"],
  );
  assert.equal(met(routes, "GET", "/a"), "/a");
});

const segment = fc.constantFrom("a", "b", "c", "{x}", "{y}");
const routePath = fc
  .tuple(fc.uniqueArray(segment, { maxLength: 4 }), fc.boolean())
  .map(([segments, rest]) => `/${[...segments, ...(rest ? ["*"] : [])].join("/")}`);
const methods = fc.option(fc.uniqueArray(fc.constantFrom("GET", "POST", "PUT"), { minLength: 1 }), {
  nil: undefined,
});
const routesOf = fc.array(fc.record({ path: routePath, methods }), { maxLength: 10 });
const requestPath = fc
  .array(fc.constantFrom("a", "b", "c", "d", ""), { minLength: 1, maxLength: 5 })
  .map((segments) => `/${segments.join("/")}`);

/** The rule without a tree: try every route in order of precedence. */
function naive(routes: readonly Matchable[], method: string, path: string): string {
  const ranked = routes
    .map((one) => ({ one, parsed: parsePattern(one.path) }))
    .flatMap(({ one, parsed }) => (parsed.ok ? [{ one, pattern: parsed.pattern }] : []))
    .sort(
      (a, b) =>
        comparePatterns(a.pattern, b.pattern) ||
        Number(a.one.methods === undefined) - Number(b.one.methods === undefined),
    );
  const fits = ranked.filter(({ one }) => regexOf(one.path).test(path));
  if (fits.length === 0) return "404";
  for (const shape of new Set(fits.map(({ pattern }) => shapeOf(pattern)))) {
    const same = fits.filter(({ pattern }) => shapeOf(pattern) === shape);
    const found =
      same.find(({ one }) => one.methods?.includes(method)) ??
      (method === "HEAD" ? same.find(({ one }) => one.methods?.includes("GET")) : undefined) ??
      same.find(({ one }) => one.methods === undefined);
    if (found !== undefined) return `${shape} ${found.one.methods?.join() ?? "any"}`;
  }
  return "405";
}

function regexOf(path: string): RegExp {
  const rest = path.endsWith("/*");
  const body = rest ? path.slice(0, -2) : path;
  return new RegExp(`^${body.replaceAll(/\{\w+\}/g, "[^/]+")}${rest ? "(?:/.*)?" : ""}$`);
}

test("agrees with trying every route in order, for any table and any request", () => {
  fc.assert(
    fc.property(
      routesOf,
      fc.constantFrom("GET", "POST", "DELETE", "HEAD"),
      requestPath,
      (routes, method, path) => {
        const match = compileTable(routes).match(method, path);
        const ours =
          match.kind === "route"
            ? `${shape(match.route.path)} ${match.route.methods?.join() ?? "any"}`
            : match.kind === "method"
              ? "405"
              : "404";
        assert.equal(ours, naive(routes, method, path));
      },
    ),
    { numRuns: 500 },
  );
});

test("the order of routes that differ in path does not matter", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(routePath, { maxLength: 8, selector: shape }),
      fc.func(fc.integer()),
      requestPath,
      (list, by, path) => {
        const shuffled = [...list].sort((a, b) => by(a) - by(b));
        assert.equal(
          met(
            list.map((one) => route(one)),
            "GET",
            path,
          ),
          met(
            shuffled.map((one) => route(one)),
            "GET",
            path,
          ),
        );
      },
    ),
  );
});

test("a path of thousands of segments costs no more than the table is deep", () => {
  const table = compileTable([route("/{a}/{b}/{c}"), route("/a/{b}/*"), route("/a/b/*")]);
  assert.equal(table.match("GET", `/${"a/".repeat(4_000)}`).kind, "route");
});

function shape(path: string): string {
  const parsed = parsePattern(path);
  return parsed.ok ? shapeOf(parsed.pattern) : path;
}
