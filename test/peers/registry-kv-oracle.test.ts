/** Keys, sessions and transactions beside the program they come from; see registry-oracle.test.ts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Random, seededRandom, systemClock, systemRandom } from "../../src/kernel/index.ts";
import { type HttpClient, httpClient } from "../../src/net/index.ts";
import { type Registry, startRegistry } from "../../src/registry/index.ts";
import { type ConsulPeer, skipWithoutPeer, startConsulPeer } from "../support/consul-peer.ts";

const skip = skipWithoutPeer;
let peer: ConsulPeer;
let registry: Registry;
let http: HttpClient;

before(async () => {
  if (skip !== false) return;
  http = httpClient();
  peer = await startConsulPeer();
  registry = await startRegistry({
    port: 0,
    clock: systemClock,
    random: systemRandom,
    node: "box",
    log: { info: () => undefined, error: (message, fields) => assert.fail(`${message} ${fields?.reason}`) },
  });
});

after(async () => {
  if (skip !== false) return;
  await http[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await peer[Symbol.asyncDispose]();
});

/** In paths and bodies: `$key` is the ModifyIndex of that key, `%0` the first session that was made. */
interface Exchange {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS";
  readonly path: string;
  readonly body?: string | object;
}

const sessions = new Map<string, string[]>();

async function said(base: string, { method, path, body }: Exchange) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await http.request({
    method,
    url: `${base}${await filled(base, path)}`,
    ...(text === undefined ? {} : { body: await filled(base, text) }),
  });
  const whole = await answer.text(10_000_000);
  const json = answer.header("content-type") === "application/json";
  if (path === "/v1/session/create" && json) {
    sessions.set(base, [...(sessions.get(base) ?? []), (JSON.parse(whole) as { ID: string }).ID]);
  }
  const names = ["content-type", "allow", "content-security-policy", "x-content-type-options"];
  return {
    status: answer.status,
    headers: names.map((name) => answer.header(name)),
    watched: answer.header("x-consul-index") !== undefined && answer.status < 500,
    body: json ? comparable(base, JSON.parse(whole)) : named(base, whole).replace(/ See https:.*$/, ""),
  };
}

async function filled(base: string, text: string): Promise<string> {
  let done = text.replace(
    /%(\d)(?![0-9A-F])/g,
    (_all, n: string) => sessions.get(base)?.[Number(n)] ?? "none",
  );
  for (const [all, key] of done.matchAll(/\$(\w+)/g)) {
    const answer = await http.request({ method: "GET", url: `${base}/v1/kv/${key}` });
    const body = await answer.text(1_000_000);
    const index = answer.status === 200 ? (JSON.parse(body) as { ModifyIndex: number }[])[0]?.ModifyIndex : 7;
    done = done.replace(all, `${index}`);
  }
  return done;
}

function comparable(base: string, value: unknown): unknown {
  const text = JSON.stringify(value)
    // A plain write forgets there how often the key was taken.
    .replace(/"(Create|Modify|Lock)Index":\d+/g, '"$1Index":0')
    .replace(/current modify index \d+/g, "current modify index N");
  const plain: unknown = JSON.parse(named(base, text));
  // By their ids there, which are random on both sides.
  return Array.isArray(plain) ? plain.map((row) => JSON.stringify(row)).sort() : plain;
}

function named(base: string, text: string): string {
  return (sessions.get(base) ?? []).reduce((rest, id, n) => rest.replaceAll(id, `%${n}`), text);
}

async function compare(exchange: Exchange): Promise<void> {
  const what = `${exchange.method} ${exchange.path} ${JSON.stringify(exchange.body)}`;
  assert.deepEqual(await said(registry.url, exchange), await said(peer.url, exchange), what);
}

const put = (path: string, body: string | object = "x"): Exchange => ({ method: "PUT", path, body });
const get = (path: string): Exchange => ({ method: "GET", path });
const drop = (path: string): Exchange => ({ method: "DELETE", path });
const unknown = "11111111-1111-1111-1111-111111111111";

test("requests that are wrong, or right at the edge, have the same answers", { skip }, async () => {
  const before: Exchange[] = [put("/v1/kv/a/b?flags=42"), put("/v1/kv/e", ""), put("/v1/kv/t")];
  const keys = [
    "/v1/kv/a/b",
    "/v1/kv/e",
    "/v1/kv/a/b?raw",
    "/v1/kv/e?raw",
    "/v1/kv/zz",
    "/v1/kv/zz?keys",
    "/v1/kv/",
  ];
  const lists = [
    "?recurse",
    "?keys",
    "?keys&separator=/",
    "?keys&seperator=/",
    "?keys&separator=",
    "a?keys&separator=/",
  ];
  const odd = [
    "a/b?keys&recurse",
    "a/b?raw&recurse",
    "a/b?stale&consistent",
    "a/b?dc=zz",
    "a/b?index=x",
    "e?filter=x",
  ];
  const writes = [
    "cas=x",
    "cas=",
    "cas=-1",
    "cas=99999999999999999999",
    "cas=0",
    "flags=x",
    "flags=-1",
    "dc=zz",
  ]
    .concat(["flags=18446744073709551615", "acquire=2&cas=1", "acquire=2&release=1", "acquire=2", "acquire="])
    .concat(["release=", "release=nope", `acquire=${unknown}`, `release=${unknown}`, "cas=$t"]);
  const drops = [
    "a/b?cas=1",
    "a/b?cas=0",
    "nope?cas=0",
    "a/b?cas=x",
    "a/b?cas=1&recurse",
    "",
    "nope",
    "e?recurse=false",
  ];
  const bodies: (string | object)[] = [
    ...[{}, "", { TTL: "1s" }, { TTL: "25h" }, { TTL: "abc" }, { Behavior: "x" }, { LockDelay: 90 }],
    ...[
      { LockDelay: "abc" },
      { Node: "zz" },
      { Checks: ["zz"] },
      { NodeChecks: [] },
      { Bogus: 1 },
      { Name: 5 },
      "{",
    ],
  ];
  const session = bodies.map((body) => put("/v1/session/create", body));
  const others: Exchange[] = [
    "info/nope",
    `info/${unknown}`,
    "info/",
    "list",
    "node/box",
    "node/zz",
    "node/",
  ].map((path) => get(`/v1/session/${path}`));
  const ends = [
    "renew/nope",
    "renew/",
    `renew/${unknown}`,
    "destroy/nope",
    "destroy/",
    `destroy/${unknown}`,
  ].map((path) => put(`/v1/session/${path}`, ""));
  const verbs: Exchange[] = [
    { method: "POST", path: "/v1/kv/a" },
    { method: "OPTIONS", path: "/v1/kv/a" },
    { method: "GET", path: "/v1/txn" },
    { method: "GET", path: "/v1/session/create" },
  ];
  const big = "x".repeat(512 * 1024 + 1);
  for (const exchange of [
    ...before,
    ...keys.map(get),
    ...[...lists, ...odd].map((path) => get(`/v1/kv/${path}`)),
    ...writes.map((query) => put(`/v1/kv/a/b?${query}`)),
    get("/v1/kv/a/b"),
    ...drops.map((path) => drop(`/v1/kv/${path}`)),
    put("/v1/kv/big", big),
    ...session,
    ...others,
    ...ends,
    ...verbs,
  ]) {
    await compare(exchange);
  }
});

test("transactions that are wrong have the same answers", { skip }, async () => {
  const kv = (Verb: string, Key: string, more: object = {}) => ({ KV: { Verb, Key, ...more } });
  const bodies: (string | object)[] = [
    [],
    [{}],
    "",
    [{ Bogus: {} }],
    [kv("get", "zz")],
    [kv("bogus", "a")],
    [kv("lock", "a")],
    [kv("lock", "a", { Session: unknown })],
    [kv("unlock", "t", { Session: unknown })],
    [kv("set", "")],
    [
      kv("check-index", "t", { Index: 1 }),
      kv("check-session", "t", { Session: "x" }),
      kv("check-not-exists", "t"),
    ],
    [
      kv("check-index", "zz"),
      kv("check-session", "zz"),
      kv("delete-cas", "t", { Index: 1 }),
      kv("delete-cas", "zz"),
    ],
    [kv("set", "w", { Value: "aGk=", Flags: 7 }), kv("get", "w"), kv("cas", "t", { Index: 1 })],
    [kv("set", "w", { Value: "aGk=", Flags: 7 }), kv("get", "w"), kv("get-tree", "w"), kv("delete", "w")],
    Array.from({ length: 65 }, (_, i) => kv("set", `k${i}`)),
  ];
  for (const body of bodies) await compare(put("/v1/txn", body));
  await compare(get("/v1/kv/w"));
});

test("events that are fired have the same answers", { skip }, async () => {
  const paths = ["", "deploy", "deploy?node=b&service=c&tag=d", "deploy?tag=d", "deploy?dc=zz"];
  const fired = async (base: string, path: string) => {
    const answer = await http.request({ method: "PUT", url: `${base}/v1/event/fire/${path}`, body: "x" });
    const text = (await answer.text(10_000)).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "uuid");
    return [answer.status, answer.status === 200 ? JSON.parse(text) : text];
  };
  for (const path of paths)
    assert.deepEqual(await fired(registry.url, path), await fired(peer.url, path), path);
  await compare(get("/v1/event/list?name=zz"));
});

const names = ["k1", "k2", "k3"];
const one = <T>(random: Random, values: readonly T[]): T => values[random.below(values.length)]!;

function step(random: Random): Exchange {
  const key = one(random, names);
  const value = one(random, ["", "x", "yy"]);
  const holder = `%${random.below(4)}`;
  const verb = one(
    random,
    ["set", "cas", "lock", "unlock", "get", "get-tree", "delete", "delete-tree", "delete-cas"].concat([
      "check-index",
      "check-session",
      "check-not-exists",
    ]),
  );
  const more = `"Value":"${Buffer.from(value).toString("base64")}","Index":$${key},"Session":"${holder}","Flags":3`;
  const kinds: (() => Exchange)[] = [
    () => put(`/v1/kv/${key}${one(random, ["", "?flags=9"])}`, value),
    () => put(`/v1/kv/${key}?cas=${one(random, ["0", `$${key}`, "1"])}`, value),
    () => put(`/v1/kv/${key}?acquire=${holder}`, value),
    () => put(`/v1/kv/${key}?release=${holder}`, value),
    () => drop(`/v1/kv/${one(random, [key, "k?recurse", `${key}?cas=$${key}`, `${key}?cas=1`])}`),
    () =>
      put(
        "/v1/txn",
        `[{"KV":{"Verb":"set","Key":"k9","Value":"MQ=="}},{"KV":{"Verb":"${verb}","Key":"${key}",${more}}}]`,
      ),
    () => put(`/v1/session/renew/${holder}`, ""),
    () =>
      random.next() < 0.2 ? put(`/v1/session/destroy/${holder}`, "") : get(`/v1/session/info/${holder}`),
  ];
  return one(random, kinds)();
}

for (const seed of (process.env.TUSKER_ORACLE_SEEDS ?? "1,2,3").split(",").map(Number)) {
  test(`150 random steps of seed ${seed} have the same answers, and leave the same keys`, {
    skip,
  }, async () => {
    const random = seededRandom(seed);
    await compare(drop("/v1/kv/?recurse"));
    for (const base of [registry.url, peer.url]) sessions.set(base, []);
    for (let i = 0; i < 4; i++) {
      const Behavior = i % 2 === 0 ? "release" : "delete";
      await compare(put("/v1/session/create", { LockDelay: "0s", Behavior, TTL: "1h" }));
    }
    for (let i = 0; i < 150; i++) {
      await compare(step(random));
      if (i % 10 === 9) await compare(get("/v1/kv/?recurse"));
    }
  });
}
