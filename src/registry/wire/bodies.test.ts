import assert from "node:assert/strict";
import { test } from "node:test";
import { TuskerError } from "../../kernel/index.ts";
import { readCatalogBody, readDeregisterBody, toChanges, toRemoval } from "./catalog-body.ts";
import { checkAliases, checkFields, toLocalCheck } from "./check-body.ts";
import { decodeBody, fields } from "./decode.ts";
import { readServiceBody, toLocalService } from "./service-body.ts";

const service = (body: object) =>
  toLocalService(decodeBody(JSON.stringify(body), readServiceBody), { scripts: false });
const check = (body: object, scripts = false) =>
  toLocalCheck(decodeBody(JSON.stringify(body), fields(checkFields, checkAliases)), { scripts });
const register = (body: object, known = false) =>
  toChanges(decodeBody(JSON.stringify(body), readCatalogBody), known);
const remove = (body: object) => toRemoval(decodeBody(JSON.stringify(body), readDeregisterBody));
const refuses = (run: () => unknown, status: number, words: RegExp): void =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof TuskerError, String(error));
    assert.equal(error.details.status, status);
    assert.match(error.message, words);
    return true;
  });

test("an instance without an id has its name for one, and no address is its node's", () => {
  assert.deepEqual(service({ Name: "web" }).service, {
    id: "web",
    name: "web",
    tags: [],
    address: "",
    port: 0,
    meta: undefined,
    weights: { passing: 1, warning: 1 },
    enableTagOverride: false,
    taggedAddresses: undefined,
  });
});

test("an address that is an IP is offered under its family, beside what was written", () => {
  const at = (address: string, port = 9) => ({ address, port });
  assert.deepEqual(service({ Name: "w", Address: "10.0.0.1", Port: 9 }).service.taggedAddresses, {
    lan_ipv4: at("10.0.0.1"),
    wan_ipv4: at("10.0.0.1"),
  });
  const written = { wan: { Address: "1.2.3.4", Port: 3 } };
  assert.deepEqual(
    service({ Name: "w", Address: "fe80::1", Port: 9, TaggedAddresses: written }).service.taggedAddresses,
    { lan_ipv6: at("fe80::1"), wan_ipv6: at("fe80::1"), wan: at("1.2.3.4", 3) },
  );
  assert.equal(service({ Name: "w", Address: "host.example" }).service.taggedAddresses, undefined);
});

test("keys of newer releases are accepted", () => {
  const body = { Name: "w", Locality: { Region: "x" }, Partition: "default" };
  assert.equal(service(body).service.name, "w");
  const Ports = [
    { name: "admin", port: 1 },
    { name: "http", port: 2, default: true },
  ];
  const portOf = (written: object): number => service({ Name: "w", ...written }).service.port;
  assert.deepEqual([portOf({ Ports }), portOf({ Ports, Port: 3 }), portOf({ Ports: [] })], [2, 3, 0]);
});

test("what is meant for another namespace is not registered in this one", () => {
  refuses(() => service({ Name: "w", Partition: "p" }), 400, /Partition "p" is not here/);
  refuses(() => service({ Name: "w", Namespace: "team" }), 400, /Namespace "team" is not here/);
});

test("an empty check beside the instance is no check, in a list it is a mistake", () => {
  assert.deepEqual(service({ Name: "w", Check: {} }).checks, []);
  assert.deepEqual(service({ Name: "w", Check: { Notes: "" } }).checks, []);
  refuses(() => service({ Name: "w", Checks: [{}] }), 400, /^Invalid check: TTL must be > 0/);
});

test("one check and a list of checks are taken together", () => {
  const { checks } = service({ Name: "w", Check: { TTL: "1s" }, Checks: [{ TTL: "2s", CheckID: "two" }] });
  assert.deepEqual(
    checks.map(({ id, spec }) => [id, spec.kind === "ttl" && spec.ttlMs]),
    [
      ["", 1_000],
      ["two", 2_000],
    ],
  );
});

for (const [what, body, words] of [
  ["a proxy", { Kind: "connect-proxy" }, /proxies are not supported/],
  ["a negative port", { Port: -4 }, /^Invalid service port -4$/],
  ["weights above 65535", { Weights: { Passing: 70_000 } }, /DNS Weight must be between 0 and 65535/],
  ["a negative warning weight", { Weights: { Passing: 1, Warning: -1 } }, /Warning must be greater or equal/],
  ["a reserved meta key", { Meta: { "consul-x": "1" } }, /Key prefix 'consul-' is reserved/],
  ["a blank meta key", { Meta: { "": "1" } }, /Key cannot be blank/],
  ["a long meta key", { Meta: { ["k".repeat(129)]: "1" } }, /Key is too long/],
  ["a long meta value", { Meta: { k: "v".repeat(513) } }, /Value is too long/],
  [
    "too much meta",
    { Meta: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ""])) },
    /more than 64/,
  ],
] as const) {
  test(`${what} is refused`, () => refuses(() => service({ Name: "w", ...body }), 400, words));
}

test("an HTTP check is read with all it may say", () => {
  assert.deepEqual(
    check({
      CheckID: "c",
      Name: "alive",
      Notes: "n",
      Status: "warning",
      HTTP: "https://10.0.0.1/health",
      Method: "POST",
      Header: { "X-A": ["1", "2"] },
      Body: "ping",
      Interval: "5s",
      Timeout: "250ms",
      tls_skip_verify: true,
      TLSServerName: "svc.example",
      DisableRedirects: true,
      SuccessBeforePassing: 2,
      FailuresBeforeCritical: 3,
      deregister_critical_service_after: "90m",
    }),
    {
      id: "c",
      name: "alive",
      notes: "n",
      status: "warning",
      type: "http",
      spec: {
        kind: "http",
        url: "https://10.0.0.1/health",
        method: "POST",
        headers: { "X-A": ["1", "2"] },
        body: "ping",
        intervalMs: 5_000,
        timeoutMs: 250,
        tlsSkipVerify: true,
        tlsServerName: "svc.example",
        followRedirects: false,
        successBeforePassing: 2,
        failuresBeforeWarning: 3,
        failuresBeforeCritical: 3,
        deregisterAfterMs: 5_400_000,
      },
    },
  );
});

test("intervals are a second at least, deregistration a minute, timeouts ten seconds by default", () => {
  const { spec } = check({ TCP: "[fe80::1]:80", Interval: "1ms", DeregisterCriticalServiceAfter: "1s" });
  assert.ok(spec.kind === "tcp");
  assert.deepEqual(
    [spec.address, spec.intervalMs, spec.timeoutMs, spec.deregisterAfterMs],
    ["[fe80::1]:80", 1_000, 10_000, 60_000],
  );
  assert.equal(check({ TTL: "1s" }).spec.deregisterAfterMs, 0);
});

test("a gRPC check names a server and, behind a slash, a service of it", () => {
  const { spec, type } = check({ GRPC: "[::1]:9090/shop.Users", GRPCUseTLS: true, Interval: "5s" });
  assert.ok(spec.kind === "grpc");
  assert.deepEqual([type, spec.address, spec.service, spec.tls], ["grpc", "[::1]:9090", "shop.Users", true]);
  const whole = check({ GRPC: "a:1", Interval: "5s" }).spec;
  assert.equal(whole.kind === "grpc" && whole.service, "");
});

test("an alias needs no interval", () => {
  const { spec } = check({ AliasNode: "n2", alias_service: "w1" });
  assert.ok(spec.kind === "alias");
  assert.deepEqual([spec.node, spec.service], ["n2", "w1"]);
});

test("a script is taken where the operator allows it", () => {
  const { spec } = check({ script_args: ["df", "-h"], Interval: "1m" }, true);
  assert.ok(spec.kind === "script");
  assert.deepEqual([spec.args, spec.timeoutMs], [["df", "-h"], 30_000]);
  refuses(() => check({ Args: ["df"], Interval: "1m" }), 500, /^Scripts are disabled/);
});

for (const [what, body, words] of [
  ["an address that is no URL", { HTTP: "localhost/x", Interval: "1s" }, /no http address/],
  ["another scheme", { HTTP: "file:///etc/passwd", Interval: "1s" }, /no http address/],
  ["a method that is none", { HTTP: "http://a", Interval: "1s", Method: "GET /" }, /no method/],
  ["a header that splits", { HTTP: "http://a", Interval: "1s", Header: { A: ["x\r\ny"] } }, /cannot be sent/],
  ["a header without a name", { HTTP: "http://a", Interval: "1s", Header: { "": ["x"] } }, /cannot be sent/],
  ["a TCP address without port", { TCP: "localhost", Interval: "1s" }, /no host:port/],
  ["a TCP port of 0", { TCP: "localhost:0", Interval: "1s" }, /no host:port/],
  ["a TCP check over TLS", { TCP: "a:1", TCPUseTLS: true, Interval: "1s" }, /TLS checks are not supported/],
  ["a gRPC address without port", { GRPC: "localhost/x", Interval: "1s" }, /no host:port/],
  ["a shell's line", { Script: "rm -rf /", Interval: "1s" }, /use Args/],
  ["a TTL below nothing", { TTL: -5 }, /TTL must be > 0/],
] as const) {
  test(`a check with ${what} is refused`, () => refuses(() => check(body), 400, words));
}

test("a catalog registration is the node, its instance, its checks, in that order", () => {
  const changes = register({
    Node: "n2",
    Address: "10.0.0.9",
    Service: { Service: "db", Weights: { Passing: 0 } },
    Check: { Name: "one", Status: "passing", ServiceID: "db" },
    Checks: [{ CheckID: "two", Status: "odd" }],
  });
  assert.deepEqual(
    changes.map(({ kind }) => kind),
    ["node", "service", "check", "check"],
  );
  const [, own, one, two] = changes;
  assert.ok(own?.kind === "service" && one?.kind === "check" && two?.kind === "check");
  assert.deepEqual([own.service.id, own.service.weights], ["db", { passing: 1, warning: 1 }]);
  assert.deepEqual([one.check.id, one.check.status], ["one", "passing"]);
  assert.deepEqual([two.check.id, two.check.status], ["two", "critical"]);
});

test("a known node is left alone when the registration says so", () => {
  const body = { Node: "n2", SkipNodeUpdate: true, Service: { Service: "db" } };
  assert.deepEqual(
    register(body, true).map(({ kind }) => kind),
    ["service"],
  );
  assert.deepEqual(
    register(body, false).map(({ kind }) => kind),
    ["node", "service"],
  );
});

test("a deregistration names the instance, else the check, else the whole node", () => {
  const node = "n2";
  assert.deepEqual(remove({ Node: node, ServiceID: "s", CheckID: "c" }), [
    { kind: "service-gone", node, id: "s" },
  ]);
  assert.deepEqual(remove({ Node: node, CheckID: "c" }), [{ kind: "check-gone", node, id: "c" }]);
  assert.deepEqual(remove({ Node: node }), [{ kind: "node-gone", name: node }]);
});

for (const [what, body, words] of [
  ["no node", { Address: "x" }, /^Must provide node$/],
  ["no address", { Node: "n2" }, /^Must provide address/],
  ["an id that is no uuid", { Node: "n2", Address: "x", ID: "bad" }, /^Bad node ID/],
  ["an instance without name", { Node: "n2", Address: "x", Service: { ID: "s" } }, /service name with ID/],
  ["a bad port", { Node: "n2", Address: "x", Service: { Service: "s", Port: 70_000 } }, /service port/],
  ["bad node meta", { Node: "n2", Address: "x", NodeMeta: { "a b": "" } }, /^Invalid node metadata/],
  ["bad meta", { Node: "n2", Address: "x", Service: { Service: "s", Meta: { "a b": "" } } }, /serviceID s/],
  [
    "a check of another node",
    { Node: "n2", Address: "x", Check: { Node: "n3", Name: "c" } },
    /does not match/,
  ],
] as const) {
  test(`a catalog registration with ${what} is refused`, () => refuses(() => register(body), 500, words));
}
