/** Rules in force, here and at the registry whose wire we speak: the same requests get the same answers. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Secret, systemClock, systemRandom } from "../../src/kernel/index.ts";
import { startRegistry } from "../../src/registry/index.ts";
import { eventually, skipWithoutPeer, startConsulPeer } from "../support/consul-peer.ts";

const ops = "11111111-1111-1111-1111-111111111111";
const app = "22222222-2222-2222-2222-222222222222";
const stranger = "33333333-3333-3333-3333-333333333333";

/** The rules of `app`, in the words of both. */
const theirRules = `
key_prefix "app/" { policy = "write" }
key "app/secret" { policy = "deny" }
key_prefix "shared/" { policy = "read" }
service_prefix "web" { policy = "write" }
service "db" { policy = "read" }
node_prefix "" { policy = "read" }
`;
const ourRules = {
  key: { "app/*": "write", "app/secret": "deny", "shared/*": "read" },
  service: { "web*": "write", db: "read" },
  node: { "*": "read" },
} as const;

interface Asked {
  readonly method: "GET" | "PUT" | "DELETE";
  readonly path: string;
  readonly token: string | undefined;
  readonly body?: string;
}

async function ask(url: string, { method, path, token, body }: Asked) {
  const answer = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
    headers: token === undefined ? {} : { "X-Consul-Token": token },
  });
  const text = await answer.text();
  const json = answer.headers.get("content-type") === "application/json";
  return {
    status: answer.status,
    body: json ? comparable(JSON.parse(text)) : text,
  };
}

/** Without what can have no equal: indexes, ids, and what a health check happens to say. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  const own = Object.entries(value).filter(
    ([key]) => !/Index$|^ID$|^Output$|ContentHash|^consul$|network-segment/.test(key),
  );
  return Object.fromEntries(own.map(([key, inner]) => [key, comparable(inner)]));
}

const service = "/v1/agent/service/register";
const put = (path: string, body?: object | string) => ({
  method: "PUT" as const,
  path,
  ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
});
const get = (path: string) => ({ method: "GET" as const, path });
const drop = (path: string) => ({ method: "DELETE" as const, path });
const set = (Key: string) => ({ KV: { Verb: "set", Key, Value: "eA==" } });

const requests = [
  get("/v1/status/leader?pretty=0"),
  get("/v1/catalog/datacenters"),
  get("/v1/catalog/services"),
  get("/v1/catalog/service/web1"),
  get("/v1/catalog/service/api"),
  get("/v1/health/service/api"),
  get("/v1/health/service/db"),
  get("/v1/agent/services"),
  get("/v1/agent/service/api1"),
  get("/v1/agent/service/nope"),
  get("/v1/agent/health/service/id/api1"),
  get("/v1/session/list"),
  get("/v1/kv/app/x"),
  get("/v1/kv/app/secret"),
  get("/v1/kv/shared/x"),
  get("/v1/kv/other"),
  get("/v1/kv/app/?recurse"),
  get("/v1/kv/?keys"),
  get("/v1/kv/none/?recurse"),
  put("/v1/kv/app/y", "1"),
  put("/v1/kv/app/secret", "1"),
  put("/v1/kv/shared/y", "1"),
  put("/v1/kv/other", "1"),
  drop("/v1/kv/app/y"),
  drop("/v1/kv/other"),
  drop("/v1/kv/app/?recurse"),
  put("/v1/txn", [set("app/q"), set("other")]),
  put("/v1/txn", [set("app/q")]),
  put(service, { ID: "web2", Name: "web2" }),
  put(service, { ID: "api2", Name: "api" }),
  put(service, { ID: "api1", Name: "web1" }),
  put("/v1/agent/service/deregister/api1"),
  put("/v1/agent/service/maintenance/api1?enable=true"),
  put("/v1/agent/service/maintenance/web1?enable=true"),
  put("/v1/agent/service/maintenance/web1?enable=false"),
  put("/v1/agent/maintenance?enable=true"),
  put("/v1/agent/check/register", { Name: "x", TTL: "10s" }),
  put("/v1/agent/check/register", { ID: "y", Name: "y", ServiceID: "web1", TTL: "10s" }),
  put("/v1/agent/check/register", { ID: "z", Name: "z", ServiceID: "api1", TTL: "10s" }),
  put("/v1/agent/check/pass/service:api1"),
  put("/v1/session/create"),
  put("/v1/event/fire/x"),
  put("/v1/catalog/register", { Node: "far", Address: "1.1.1.1" }),
  put("/v1/catalog/deregister", { Node: "box", ServiceID: "api1" }),
  get("/v1/agent/self"),
  get("/v1/agent/host"),
  get("/v1/agent/metrics"),
  get("/v1/acl/tokens"),
];

/** Where the two differ by choice; docs/reference/registry.md has the list. */
const chosen = new Set([
  // Names who answers.
  "GET /v1/status/leader?pretty=0",
  // Tokens are not made over the wire here.
  "GET /v1/acl/tokens",
  // Refused by both; ours names what is missing, theirs what was asked for.
  `PUT ${service} {"ID":"api1","Name":"web1"}`,
]);

/** A token nobody knows is a 500 there, for this one request; 403 here as for all. */
const eventFire = "PUT /v1/event/fire/x";

test("who may do what is the same here and there", { skip: skipWithoutPeer }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tusker-acl-oracle-"));
  try {
    const file = join(folder, "acl.json");
    const acl = { enabled: true, default_policy: "deny", tokens: { master: ops, agent: ops } };
    writeFileSync(file, JSON.stringify({ acl }));
    await using theirs = await startConsulPeer({ configFile: file, token: ops });
    await using ours = await startRegistry({
      port: 0,
      node: "box",
      clock: systemClock,
      random: systemRandom,
      log: { info: () => undefined, error: (message) => assert.fail(message) },
      acl: {
        tokens: {
          ops: { secret: new Secret(ops), management: true },
          app: { secret: new Secret(app), ...ourRules },
        },
      },
    });
    const made = [
      put("/v1/acl/policy", { Name: "app", Rules: theirRules }),
      put("/v1/acl/token", { SecretID: app, Policies: [{ Name: "app" }] }),
    ];
    for (const asked of made) assert.equal((await ask(theirs.url, { ...asked, token: ops })).status, 200);
    const setup = [
      put(service, { ID: "web1", Name: "web1" }),
      put(service, { ID: "db1", Name: "db" }),
      put(service, { ID: "api1", Name: "api", Check: { TTL: "600s", Status: "passing" } }),
      ...["app/x", "app/secret", "shared/x", "other"].map((key) => put(`/v1/kv/${key}`, "1")),
    ];
    for (const url of [theirs.url, ours.url])
      for (const asked of setup) assert.equal((await ask(url, { ...asked, token: ops })).status, 200);
    for (const token of [undefined, app, stranger]) {
      for (const asked of requests) {
        const name = `${asked.method} ${asked.path}${"body" in asked ? ` ${asked.body}` : ""}`;
        if (chosen.has(name) || (name === eventFire && token === stranger)) continue;
        const here = await ask(ours.url, { ...asked, token });
        const what = `${name} as ${token}`;
        if (asked.method !== "GET") {
          assert.deepEqual(here, await ask(theirs.url, { ...asked, token }), what);
          continue;
        }
        await eventually(async () =>
          assert.deepEqual(here, await ask(theirs.url, { ...asked, token }), what),
        );
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
