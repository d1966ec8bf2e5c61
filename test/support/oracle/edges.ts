/** Requests at the edge of what is understood, in which clients and people differ: each with the same answer on both sides. */
import type { Exchange } from "./sides.ts";

const get = (path: string): Exchange => ({ method: "GET", path });
const put = (path: string, body?: string | object): Exchange => ({ method: "PUT", path, body });

/** Every list that a client may ask in more ways than it should. */
const reads = [
  ...["catalog/services", "catalog/service/web", "catalog/nodes", "catalog/node/box"],
  ...["health/service/web", "health/checks/web", "health/node/box", "health/state/any", "session/list"],
].map((path) => `/v1/${path}`);

const parameters = [
  ...["pretty=", "dc=dc1", "dc=DC1", "dc=other", "stale", "consistent", "stale&consistent", "near=_agent"],
  ...[
    "near=nowhere",
    "node-meta=a:b",
    "max_stale=5s",
    "max_stale=x",
    "index=0",
    "index=1.5",
    "index=-1",
    "wait=1x",
  ],
];

/** Questions that are asked in every way. */
export const parameterEdges: readonly Exchange[] = [
  ...reads.flatMap((path) => parameters.map((one) => get(`${path}?${one}`))),
  ...["status/leader", "status/peers", "coordinate/nodes"].flatMap((path) =>
    ["stale&consistent", "wait=1x", "index=x"].map((one) => get(`/v1/${path}?${one}`)),
  ),
  ...["id/", "name/", "id/?format=text", "name/?format=text"].map((path) =>
    get(`/v1/agent/health/service/${path}`),
  ),
  ...["kv", "kv?keys", "catalog/service", "health/node?stale", "session/info", "event/fire"].map((path) =>
    get(`/v1/${path}`),
  ),
  ...["//v1/status/leader", "/v1//status/leader?pretty", "/v1/status/leader/", "/V1/status/leader"].map(get),
  get("/v1/catalog/datacenters?stale"),
  get("/v1/catalog/datacenters?dc=other"),
  get("/v1/kv/a%00b"),
  get("/v1/kv/a%0Ab"),
  get("/v1/kv/%E2%80%8B"),
];

const filters = [
  ...["Service.EnableTagOverride == T", "Service.EnableTagOverride == 0", "Service.EnableTagOverride == yes"],
  ...["Service.Port == 80.0", "Service.Port == abc", "10 in Service.Address", "not 10 in Service.Address"],
  ...[
    "Service.Kind == ``",
    "Service.Kind != ``",
    "Service.Connect.Native == false",
    "Service.CreateIndex == 1",
  ],
  ...["Checks.ModifyIndex == 1", "Service.ID matches `^w[0-9]+$`", "Service.ID matches `(?i)W\\d`"],
  ...["Service.ID matches `[[:alpha:]]{1,3}\\d`", "Service.ID matches `(`", "Service.ID matches `a**`"],
  ...["Service.ID matches `[z-a]`", "Service.ID matches `\\8`", "Service.ID not matches `^.{2}$`"],
];

/** Filters on what was registered by `catalogEdges`. */
export const filterEdges: readonly Exchange[] = [
  ...filters.map((one) => get(`/v1/health/service/web?filter=${encodeURIComponent(one)}`)),
  ...["Bogus == 1", "Status == passing", "Output is empty"].map((one) =>
    get(`/v1/agent/checks?filter=${encodeURIComponent(one)}`),
  ),
];

const checks: object[] = [
  ...[{ TTL: "" }, { TTL: "1d" }, { TTL: "5" }, { TTL: "5 s" }, { TTL: "1e3s" }, { TTL: "9999999999h" }],
  ...[
    { TTL: "1h", OutputMaxSize: -1 },
    { AliasService: "web", TTL: "5s" },
    { TTL: "1h", ServiceID: "other" },
  ],
  { HTTP: "http://127.0.0.1:1", AliasService: "web", Interval: "1h" },
];

/** Registrations. */
export const catalogEdges: readonly Exchange[] = [
  put("/v1/agent/service/register", {
    ...{ Name: "web", ID: "w1", Port: 80, Address: "10.0.0.1", Meta: { a: null }, Tags: [null, "a"] },
    Check: { TTL: "1h", Status: "passing" },
  }),
  ...checks.map((Check) => put("/v1/agent/service/register", { Name: "edge", Check })),
  put("/v1/agent/service/deregister/edge"),
  put("/v1/agent/service/register", { Name: "x", Port: 80.5 }),
  put("/v1/catalog/register", { Node: "nn", Address: "1.1.1.1", ID: "x" }),
];

const kv = (Verb: string, more: object = {}): object => ({ KV: { Verb, Key: "t", ...more } });

/** Transactions. */
export const transactionEdges: readonly Exchange[] = [
  ...[kv("set", { Flags: -1 }), kv("set", { Index: -1 }), kv("set", { Value: "YQ==\n" }), kv("get")].map(
    (step) => put("/v1/txn", [step]),
  ),
  put("/v1/txn?stale&consistent", [kv("get")]),
  put("/v1/txn", [{ Check: { Verb: "set", Check: { Node: "box" } } }]),
  put("/v1/txn", [{ Service: { Verb: "set", Node: "box", Service: {} } }]),
  put("/v1/txn", [
    { Service: { Verb: "set", Node: "box", Service: { Service: "s", Meta: { "a b": "c" } } } },
  ]),
  put("/v1/txn", [{ Node: { Verb: "set", Node: { Node: "nn", Address: "1.1.1.1", ID: "x" } } }]),
  put("/v1/txn", [{ Node: { Verb: "set", Node: { Node: "nn", Address: "1.1.1.1", ID: "x".repeat(36) } } }]),
];
