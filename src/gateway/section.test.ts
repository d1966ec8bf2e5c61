import assert from "node:assert/strict";
import { test } from "node:test";
import { ServiceRef } from "../kernel/index.ts";
import { gatewaySection, routesSection } from "./section.ts";

function issuesOf(result: {
  success: boolean;
  error?: { issues: readonly { path: PropertyKey[]; message: string }[] };
}): string[] {
  assert.equal(result.success, false);
  return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);
}

/** What a route says without being written. */
const unsaid = { retry_unsafe: false, priority: "normal" };

test("an empty [gateway] has every default", () => {
  assert.deepEqual(gatewaySection.parse({}), {
    port: 8080,
    bind: "127.0.0.1",
    timeout: 30_000,
    connect_timeout: 3_000,
    max_connections: 1_000,
    retries: 1,
    encoded_slash: "reject",
    repeated_slashes: "keep",
    rate_limit_enabled: false,
    rate_limit_requests: 100,
    rate_limit_window: 60_000,
    trusted_proxies: [],
    balance: "p2c_ewma",
    upstreams: {},
    workers: 1,
    api_keys: {},
    api_key_header: "X-API-Key",
    compress: false,
    access_log: 0,
    access_log_to: "stdout",
    stream_idle_timeout: 300_000,
    drain: 30_000,
    stream_drain: 3_600_000,
    max_body: 10 * 1024 * 1024,
    max_head: 32 * 1024,
    max_headers: 100,
    transport: "engine",
  });
});

test("the seed's [gateway] parses", () => {
  const settings = gatewaySection.parse({
    port: 8080,
    timeout: "30s",
    max_connections: 1000,
    rate_limit_enabled: true,
    rate_limit_requests: 100,
    rate_limit_window: "1m",
  });
  assert.equal(settings.rate_limit_enabled, true);
  assert.equal(settings.rate_limit_window, 60_000);
});

test("the seed's [routes] parse, one method or a list, one route or a list", () => {
  const routes = routesSection.parse({
    "/api/users/*": { service: "user-service", method: "GET", timeout: "10s", retries: 3 },
    "/api/orders/*": [
      { service: "order-service", method: ["POST", "PUT"], timeout: "30s", retries: 2 },
      { service: "order-archive", method: "GET", strip_prefix: "/api/" },
    ],
  });
  assert.deepEqual(routes["/api/users/*"], [
    { service: "user-service", method: ["GET"], timeout: 10_000, retries: 3, ...unsaid },
  ]);
  assert.equal(routes["/api/orders/*"]?.length, 2);
  assert.deepEqual(routes["/api/orders/*"]?.[0]?.method, ["POST", "PUT"]);
  assert.equal(routes["/api/orders/*"]?.[1]?.strip_prefix, "/api");
});

test("a route may have a rate limit, a body limit and unsafe retries of its own", () => {
  const routes = routesSection.parse({
    "/pay": {
      service: "p",
      retry_unsafe: true,
      max_body: "1KiB",
      rate_limit: { requests: 20, window: "1s" },
    },
  });
  assert.deepEqual(routes["/pay"]?.[0], {
    service: "p",
    ...unsaid,
    retry_unsafe: true,
    max_body: 1024,
    rate_limit: { requests: 20, window: 1_000, key: "client" },
  });
});

test("unknown keys are refused where they stand", () => {
  assert.match(issuesOf(gatewaySection.safeParse({ prot: 80 }))[0] ?? "", /prot/);
  assert.match(issuesOf(routesSection.safeParse({ "/a": { service: "s", retry: 1 } }))[0] ?? "", /^\/a/);
});

test("values out of range are refused", () => {
  for (const wrong of [
    { port: 70_000 },
    { max_connections: 0 },
    { rate_limit_requests: 0 },
    { timeout: "30" },
    { trusted_proxies: ["10.0.0.0/33"] },
    { trusted_proxies: ["proxy.internal"] },
    { transport: "quic" },
    { balance: "fastest" },
    { strip_prefix: "api" },
    { strip_prefix: "/a?b" },
    { retries: 11 },
  ])
    assert.equal(gatewaySection.safeParse(wrong).success, false, JSON.stringify(wrong));
});

test("a method may be any word, but for one next to a known method", () => {
  const problem = (method: unknown): string | undefined =>
    routesSection.safeParse({ "/a": { service: "s", method } }).error?.issues[0]?.message;
  for (const method of [
    "GET",
    "QUERY",
    "PROPFIND",
    "VERSION-CONTROL",
    "M-SEARCH",
    "PURGE",
    "FETCH-ALL",
    "X",
    "GO",
  ])
    assert.equal(problem(method), undefined, method);
  for (const [method, meant] of [
    ["PSOT", "POST"],
    ["POTS", "POST"],
    ["POS", "POST"],
    ["POSTS", "POST"],
    ["PAST", "POST"],
    ["ET", "GET"],
    ["PROPFND", "PROPFIND"],
  ])
    assert.equal(problem(method), `must be a method: did you mean "${meant}"?`, method);
  assert.match(String(problem(["GET", "DELTE"])), /"DELETE"/);
});

test("a method must be written in capitals and must not be CONNECT", () => {
  for (const method of ["get", "", "GE T", "CONNECT", []])
    assert.equal(routesSection.safeParse({ "/a": { service: "s", method } }).success, false, String(method));
});

test("a bad path and a route that could never be reached are problems of the section, with their place", () => {
  const issues = issuesOf(
    routesSection.safeParse({
      "/a*b": { service: "s" },
      "/users/{id}": { service: "s", method: "GET" },
      "/users/{name}": [
        { service: "s", method: "POST" },
        { service: "t", method: ["PUT", "GET"] },
      ],
    }),
  );
  assert.equal(issues.length, 2);
  assert.match(issues[0] ?? "", /^\/a\*b: path/);
  assert.match(issues[1] ?? "", /^\/users\/\{name\}\.1: GET of path/);
});

test("problems of paths are found beside wrong fields, and point at the key", () => {
  const { error } = routesSection.safeParse({
    "/a*b": { service: "s", timeout: "soon" },
    "/users/{id}": { service: "s", method: "GET", retries: 99 },
    "/users/{name}": { service: "s", method: "GET" },
    "/list": [{ service: "s", method: "GET", timeout: 5 }, { service: "t", method: "GET" }, "t"],
  });
  const issues = (error?.issues ?? []).map((issue) => ({
    path: issue.path,
    part: issue.code === "custom" ? issue.params?.part : undefined,
  }));
  const atKeys = issues.filter(({ part }) => part === "key").map(({ path }) => path);
  assert.deepEqual(atKeys, [["/a*b"], ["/users/{name}"], ["/list", 1]]);
  const others = issues.filter(({ part }) => part === undefined).map(({ path }) => path[0]);
  assert.deepEqual(others, ["/a*b", "/users/{id}", "/list"]);
});

test("a path that stands for nothing that can be read is not asked about", () => {
  for (const wrong of [5, [], [5], { method: 5 }, { method: [5] }])
    assert.equal(routesSection.safeParse({ "/a": wrong }).success, false, JSON.stringify(wrong));
  assert.equal(routesSection.safeParse(5).success, false);
});

test("numbers and times out of range are told with their range", () => {
  const told = (gateway: object) => issuesOf(gatewaySection.safeParse(gateway));
  assert.deepEqual(told({ max_connections: 0 }), ["max_connections: must be a whole number of 1 or more"]);
  assert.deepEqual(told({ retries: 11 }), ["retries: must be a whole number 0–10"]);
  assert.deepEqual(told({ timeout: 10 }), ['timeout: must be a duration such as "30s" or "250ms"']);
  assert.deepEqual(told({ timeout: "0s" }), ['timeout: must be a duration of 1ms or more, found "0s"']);
  for (const wrong of [{ timeout: "0s" }, { rate_limit: { requests: 1, window: "0s" } }])
    assert.equal(routesSection.safeParse({ "/a": { service: "s", ...wrong } }).success, false);
});

test("an empty strip_prefix takes nothing off", () => {
  assert.equal(gatewaySection.parse({ strip_prefix: "" }).strip_prefix, "");
  assert.equal(gatewaySection.parse({ strip_prefix: "/" }).strip_prefix, "");
  assert.equal(gatewaySection.parse({ strip_prefix: "/api/v1" }).strip_prefix, "/api/v1");
});

test("fields that frame a message are refused where they stand: the gateway writes them itself", () => {
  const of = (route: object) =>
    routesSection.safeParse({ "/a": { service: "s", ...route } }).error?.issues ?? [];
  for (const route of [
    { request_headers: { set: { "Content-Length": "9" } } },
    { request_headers: { remove: ["transfer-encoding"] } },
    { response_headers: { add: { Connection: "close" } } },
    { service: undefined, answer: { headers: { "content-length": "9" } } },
  ])
    assert.match(JSON.stringify(of(route)), /frames the message/, JSON.stringify(route));
  assert.deepEqual(of({ request_headers: { set: { "X-Length": "9" }, remove: ["Host"] } }), []);
});

test("a split may be a list, so that instances by tag have a share; each stands in it once", () => {
  const of = (services: unknown) => routesSection.safeParse({ "/a": { services } });
  const list = [
    { service: new ServiceRef({ name: "a", tag: "blue" }, "a"), weight: 90 },
    { service: "b", weight: 10 },
  ];
  assert.deepEqual(of(list).data?.["/a"]?.[0]?.services, { "a?tag=blue": 90, b: 10 });
  for (const [services, message] of [
    [[list[1], list[1]], "must not be named twice: write one weight"],
    [[{ service: "service://a?port=grpc", weight: 1 }], "must be asked at its REST port"],
    [[], "must hold at least one"],
  ] as const)
    assert.ok(JSON.stringify(of(services).error?.issues).includes(message), message);
});

test("what contradicts itself in a route is refused where it stands", () => {
  const told = (route: object): string[] => issuesOf(routesSection.safeParse({ "/a": route }));
  const s = { service: "s" };
  const cases: readonly (readonly [object, RegExp])[] = [
    [{}, /^\/a\.service: must name a service/],
    [{ ...s, answer: {} }, /^\/a\.answer: must not stand beside service/],
    [{ services: [{ service: "a", weight: 0 }] }, /^\/a\.services: must have a weight above 0/],
    [{ services: { a: 0, b: 0 } }, /^\/a\.services: must have a weight above 0/],
    [{ ...s, timeout: "1s", try_timeout: "2s" }, /^\/a\.try_timeout: must not be longer/],
    [{ ...s, cors: { origins: ["*"], credentials: true } }, /^\/a\.cors\.origins: must name/],
    [{ ...s, scopes: ["x"], auth: ["key"] }, /^\/a\.scopes: must stand beside/],
    [{ ...s, consumers: ["x"] }, /^\/a\.consumers: must stand/],
    [
      { ...s, rate_limit: { requests: 1, window: "1s", key: "consumer" } },
      /^\/a\.rate_limit\.key: must not be/,
    ],
    [{ ...s, hash: "consumer" }, /^\/a\.hash: must not be "consumer"/],
    [{ ...s, auth: [] }, /^\/a\.auth: must name at least one way/],
    [{ answer: {}, retries: 2 }, /^\/a\.retries: must not stand beside answer/],
    [{ redirect: { to: "/b" }, compress: true }, /^\/a\.compress: must not stand beside redirect/],
    [{ ...s, query: { v: "~(" } }, /^\/a\.query\.v: must be another expression: it cannot be read/],
    [{ ...s, fault: {} }, /^\/a\.fault: must have/],
    [{ ...s, fallback: {}, fallback_service: "t" }, /^\/a\.fallback_service: must not/],
    [{ ...s, fallback_service: "s" }, /^\/a\.fallback_service: must be another one/],
    [{ ...s, headers: { "X-A": "1", "x-a": "2" } }, /^\/a\.headers\.x-a: must not stand there twice/],
    [
      { ...s, headers: { "x-a": "~(a+)+" } },
      /^\/a\.headers\.x-a: must be another expression: it repeats a group/,
    ],
    [{ ...s, request_headers: { set: { "X-A": "a\r\nX-B: b" } } }, /one line/],
    [{ ...s, host: "Shop.Example:80" }, /^\/a\.host: .*lower case without port/],
    [{ ...s, hash: "ip" }, /^\/a\.hash: must be "client"/],
    [{ redirect: { to: "javascript:alert(1)" } }, /^\/a\.redirect\.to: must begin with/],
  ];
  for (const [route, expected] of cases)
    assert.match(told(route).join("\n"), expected, JSON.stringify(route));
});

test("secrets and addresses of [gateway] are refused in the wrong form", () => {
  for (const wrong of [
    { api_keys: { acme: ["plain text key"] } },
    { upstreams: { a: { endpoints: ["http://a:80"] } } },
    { upstreams: { a: { endpoints: ["a:99999"] } } },
    { upstreams: { a: { endpoints: ["a:0"] } } },
    { jwt: { issuer: "i", audience: "a", jwks_url: "https://i/jwks", algorithms: ["HS256"] } },
    { jwt: { issuer: "i", audience: "a" } },
    { access_log: 2 },
  ])
    assert.equal(gatewaySection.safeParse(wrong).success, false, JSON.stringify(wrong));
});
