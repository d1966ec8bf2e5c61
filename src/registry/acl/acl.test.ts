/** Rules in force, over the wire. */
import assert from "node:assert/strict";
import { Resolver } from "node:dns/promises";
import { test } from "node:test";
import { Secret } from "../../kernel/index.ts";
import { type Bench, bench } from "../fixture.test.ts";
import type { AclSettings } from "./tokens.ts";

const ops = "ops-token";
const app = "app-token";

const acl: AclSettings = {
  tokens: {
    ops: { secret: new Secret(ops), management: true },
    app: {
      secret: new Secret(app),
      key: { "app/*": "write", "app/secret": "deny" },
      service: { "web*": "write" },
      node: { "*": "read" },
    },
  },
};

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly token?: string;
}

async function ask(t: Bench, path: string, { method = "GET", body, token }: Asked = {}) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await t.http.request({
    method,
    url: `${t.registry.url}${path}`,
    headers: token === undefined ? [] : ["X-Consul-Token", token],
    ...(text === undefined ? {} : { body: text }),
  });
  return {
    status: answer.status,
    text: await answer.text(1e6),
    header: (name: string) => answer.header(name),
  };
}

const put = (body?: unknown, token?: string): Asked => ({
  method: "PUT",
  ...(body === undefined ? {} : { body }),
  ...(token === undefined ? {} : { token }),
});

test("a token is shown in any of three ways, the first of which counts", async () => {
  await using t = await bench({ acl });
  await ask(t, "/v1/kv/app/x", put("1", app));
  const asks = async (path: string, headers: string[]) =>
    (await t.http.request({ method: "GET", url: `${t.registry.url}${path}`, headers })).status;
  assert.equal(await asks("/v1/kv/app/x", ["X-Consul-Token", app]), 200);
  assert.equal(await asks("/v1/kv/app/x", ["Authorization", `Bearer ${app}`]), 200);
  assert.equal(await asks(`/v1/kv/app/x?token=${app}`, []), 200);
  assert.equal(await asks("/v1/kv/app/x?token=nope", ["X-Consul-Token", app]), 403);
  assert.equal(await asks("/v1/kv/app/x", ["X-Consul-Token", "nope", "Authorization", `Bearer ${app}`]), 403);
});

const service = "/v1/agent/service/register";
const cases: [path: string, asked: Asked, status: number, text: string | RegExp][] = [
  ["/v1/status/leader", { token: "nope" }, 200, /^"127/],
  ["/v1/catalog/datacenters", {}, 200, '["dc1"]'],
  ["/v1/catalog/services", { token: "nope" }, 403, "ACL not found"],
  ["/v1/catalog/services", {}, 200, "{}"],
  ["/v1/catalog/nodes", {}, 200, "[]"],
  ["/v1/agent/members", {}, 200, "[]"],
  ["/v1/agent/self", { token: app }, 403, "Permission denied"],
  ["/v1/kv/app/x", {}, 403, "Permission denied"],
  ["/v1/kv/?recurse", {}, 404, ""],
  ["/v1/kv/app/secret", { token: app }, 403, "Permission denied"],
  ["/v1/kv/other", put("1", app), 403, "Permission denied"],
  ["/v1/kv/app/?recurse", { method: "DELETE", token: app }, 403, "Permission denied"],
  ["/v1/kv/app/x?recurse", { method: "DELETE", token: app }, 200, "true"],
  [service, put({ Name: "web1" }), 403, "Permission denied: Missing service:write on web1"],
  [service, put({ Name: "api" }, app), 403, "Permission denied: Missing service:write on api"],
  [service, put({ Name: "web1" }, app), 200, ""],
  ["/v1/agent/maintenance?enable=true", put(undefined, app), 403, "Permission denied"],
  [
    "/v1/agent/check/register",
    put({ Name: "x", TTL: "10s" }, app),
    403,
    "Permission denied: Missing node:write on n1",
  ],
  ["/v1/session/create", put(undefined, app), 403, "Permission denied"],
  ["/v1/event/fire/x", put(undefined, app), 403, "Permission denied"],
  ["/v1/catalog/register", put({ Node: "far", Address: "1.1.1.1" }, app), 403, /^Permission denied/],
  ["/v1/acl/token/self", {}, 403, "ACL not found"],
  ["/v1/acl/token/self", { token: app }, 200, /"Description":"app"/],
  ["/v1/acl/tokens", { token: app }, 404, ""],
];

for (const [path, asked, status, text] of cases) {
  const who = asked.token === undefined ? "nobody" : asked.token;
  test(`${who} asks ${asked.method ?? "GET"} ${path} ${JSON.stringify(asked.body) ?? ""}: ${status}`, async () => {
    await using t = await bench({ acl });
    const answer = await ask(t, path, asked);
    assert.equal(answer.status, status, answer.text);
    if (typeof text === "string") assert.equal(answer.text, text);
    else assert.match(answer.text, text);
    assert.equal(answer.header("x-consul-default-acl-policy"), "deny");
  });
}

test("an instance of somebody else is neither taken over, nor seen, nor ended", async () => {
  await using t = await bench({ acl });
  const api = { ID: "a", Name: "api", Check: { CheckID: "c", TTL: "10s" } };
  assert.equal((await ask(t, service, put(api, ops))).status, 200);
  const denied: [path: string, asked: Asked][] = [
    [service, put({ ID: "a", Name: "web" }, app)],
    [service, put({ ID: "w", Name: "web", Check: { CheckID: "c", TTL: "1s" } }, app)],
    ["/v1/agent/service/deregister/a", put(undefined, app)],
    ["/v1/agent/service/maintenance/a?enable=true", put(undefined, app)],
    ["/v1/agent/check/pass/c", put(undefined, app)],
    ["/v1/agent/check/update/c", put({ Status: "passing" }, app)],
    ["/v1/agent/check/deregister/c", put(undefined, app)],
    ["/v1/agent/check/register", put({ ID: "c", Name: "c", ServiceID: "a", TTL: "1s" }, app)],
    ["/v1/catalog/deregister", put({ Node: "n1", ServiceID: "a" }, app)],
    ["/v1/tusker/lease/a", put(undefined, app)],
    ["/v1/agent/service/a", { token: app }],
    ["/v1/agent/health/service/id/a", { token: app }],
    ["/v1/agent/health/service/name/api", { token: app }],
    ["/v1/tusker/watch/service/api", { token: app }],
  ];
  for (const [path, asked] of denied) {
    const answer = await ask(t, path, asked);
    assert.equal(answer.status, 403, `${path}: ${answer.text}`);
  }
  assert.equal(
    (await ask(t, "/v1/health/service/api", { token: ops })).text.includes('"Status":"critical"'),
    true,
  );
});

test("no read shows anything to somebody who may see nothing", async () => {
  await using t = await bench({ acl });
  const hidden = "hidden-thing";
  const check = { CheckID: hidden, TTL: "10s", Status: "passing" };
  await ask(t, service, put({ ID: hidden, Name: hidden, Tags: [hidden], Check: check }, ops));
  await ask(t, `/v1/kv/${hidden}`, put(hidden, ops));
  await ask(t, "/v1/session/create", put({ Name: hidden }, ops));
  await ask(t, `/v1/event/fire/${hidden}`, put(undefined, ops));
  await ask(t, "/v1/catalog/register", put({ Node: hidden, Address: "10.0.0.1" }, ops));
  const paths = [
    ...["catalog/services", "catalog/nodes", "agent/services", "agent/checks", "agent/members", "agent/self"],
    ...["agent/metrics", "session/list", "event/list", "health/state/any", "health/state/passing"],
    ...["kv/?recurse", "kv/?keys", `kv/${hidden}?raw`, "tusker/http_sd", "agent/host"],
    ...["catalog/service", "catalog/node", "health/service", "health/checks", "health/node"].map(
      (path) => `${path}/${hidden}`,
    ),
    ...["agent/service", "agent/health/service/id", "agent/health/service/name", "session/node"].map(
      (path) => `${path}/${hidden}`,
    ),
    "session/node/n1",
    "catalog/node/n1",
    "health/node/n1",
    "catalog/services?node-meta=",
  ];
  for (const path of paths) {
    const { text, status } = await ask(t, `/v1/${path}`);
    assert.ok(
      !text.replace(`unknown service ID: ${hidden}`, "").includes(hidden),
      `${path} ${status}: ${text}`,
    );
  }
  const steps = ["get", "get-tree", "check-not-exists"].map((Verb) => ({ KV: { Verb, Key: hidden } }));
  const txn = await ask(t, "/v1/txn", put(steps));
  assert.equal(txn.status, 409);
  assert.ok(!txn.text.includes(hidden));
});

test("a list shows what may be seen, whatever was shown to others before", async () => {
  await using t = await bench({ acl });
  for (const name of ["web", "api"]) await ask(t, service, put({ Name: name }, ops));
  const names = async (token?: string): Promise<string[]> =>
    Object.keys(
      JSON.parse((await ask(t, "/v1/catalog/services", token === undefined ? {} : { token })).text),
    );
  assert.deepEqual(await names(ops), ["api", "web"]);
  assert.deepEqual(await names(app), ["web"]);
  assert.deepEqual(await names(), []);
});

test("a step of a transaction on a key that is not one's own refuses the whole", async () => {
  await using t = await bench({ acl });
  const set = (Key: string) => ({ KV: { Verb: "set", Key, Value: "eA==" } });
  const answer = await ask(t, "/v1/txn", put([set("app/q"), set("other")], app));
  assert.equal(answer.status, 409);
  assert.deepEqual(JSON.parse(answer.text).Errors, [{ OpIndex: 1, What: "Permission denied" }]);
  assert.equal((await ask(t, "/v1/kv/app/q", { token: app })).status, 404);
});

test("a step of a transaction on the catalog needs what the change would need elsewhere", async () => {
  await using t = await bench({ acl });
  await ask(t, service, put({ ID: "a", Name: "api" }, ops));
  const own = { Service: { Verb: "set", Node: "n1", Service: { ID: "w", Service: "web" } } };
  const steps = [
    own,
    { Node: { Verb: "set", Node: { Node: "n2", Address: "10.0.0.2" } } },
    { Service: { Verb: "set", Node: "n1", Service: { ID: "a", Service: "web" } } },
    { Service: { Verb: "delete", Node: "n1", Service: { ID: "a", Service: "web" } } },
    { Service: { Verb: "get", Node: "n1", Service: { ID: "a" } } },
    { Check: { Verb: "set", Check: { Node: "n1", CheckID: "c", ServiceID: "a", Status: "passing" } } },
  ];
  const answer = await ask(t, "/v1/txn", put(steps, app));
  const { Errors } = JSON.parse(answer.text) as { Errors: { OpIndex: number; What: string }[] };
  assert.deepEqual([answer.status, Errors.map(({ OpIndex }) => OpIndex)], [409, [1, 2, 3, 4, 5]]);
  assert.ok(Errors.every(({ What }) => What === "Permission denied"));
  assert.equal((await ask(t, "/v1/txn", put([own], app))).status, 200);
});

test("configuration is published, read and rolled back by who may write and read the keys", async () => {
  await using t = await bench({ acl });
  const order = (...keys: string[]) => ({
    author: "ada",
    reason: "why not",
    steps: keys.map((key) => ({ key, value: "eA==" })),
  });
  const publish = "/v1/tusker/publish";
  assert.equal((await ask(t, publish, put(order("app/a", "other"), app))).status, 403);
  assert.equal((await ask(t, publish, put(order("app/a"), app))).status, 200);
  assert.equal((await ask(t, publish, put(order("other"), ops))).status, 200);
  const rollback = { author: "ada", reason: "no", prefix: "o", to: 1 };
  assert.equal((await ask(t, "/v1/tusker/rollback", put(rollback, app))).status, 403);
  assert.equal((await ask(t, "/v1/tusker/history/app/a", { token: app })).status, 200);
  for (const path of ["history/other", "history/app/secret", "publications/", "watch/kv/"])
    assert.equal((await ask(t, `/v1/tusker/${path}`, { token: app })).status, 403, path);
});

test("DNS shows what anybody may see who shows no token", async () => {
  const anonymous = { service: { web: "read" }, node: { "*": "read" } } as const;
  await using t = await bench({ acl: { ...acl, anonymous }, dnsPort: 0 });
  for (const name of ["web", "api"]) await ask(t, service, put({ Name: name, Address: "10.0.0.1" }, ops));
  const resolver = new Resolver({ timeout: 5_000 });
  resolver.setServers([`127.0.0.1:${t.registry.dnsPort}`]);
  assert.deepEqual(await resolver.resolve4("web.service.consul"), ["10.0.0.1"]);
  await assert.rejects(resolver.resolve4("api.service.consul"), { code: "ENOTFOUND" });
});

test("without rules a token says nothing, and there is nothing to manage", async () => {
  await using t = await bench();
  assert.equal((await ask(t, "/v1/catalog/services", { token: "nope" })).status, 200);
  const answer = await ask(t, "/v1/acl/tokens");
  assert.deepEqual([answer.status, answer.text], [401, "ACL support disabled"]);
  assert.equal(answer.header("x-consul-default-acl-policy"), "allow");
});
