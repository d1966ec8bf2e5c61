/** Keys, sessions and transactions beside the program they come from; see registry-oracle.test.ts. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seededRandom } from "../../src/kernel/index.ts";
import { skipWithoutPeer } from "../support/consul-peer.ts";
import { transactionEdges } from "../support/oracle/edges.ts";
import { compareKeys, drop, get, keyStepOf, put, startKeysAnew } from "../support/oracle/keys.ts";
import { type Exchange, type Sides, startSides } from "../support/oracle/sides.ts";

const skip = skipWithoutPeer;
let sides: Sides;

before(async () => {
  if (skip === false) sides = await startSides();
});

after(async () => {
  if (skip === false) await sides[Symbol.asyncDispose]();
});

const compare = (exchange: Exchange): Promise<void> => compareKeys(sides, exchange);

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
  for (const exchange of transactionEdges) await compare(exchange);
  await compare(get("/v1/kv/w"));
});

test("transactions on the catalog have the same answers", { skip }, async () => {
  const node = (Verb: string, more: object = {}) => ({ Node: { Verb, Node: { Node: "tx", ...more } } });
  const service = (Verb: string, more: object = {}, on = "tx") => ({
    Service: { Verb, Node: on, Service: { ID: "s1", Service: "svc", Tags: ["t"], ...more } },
  });
  const check = (Verb: string, more: object = {}) => ({
    Check: {
      Verb,
      Check: { Node: "tx", CheckID: "c1", Name: "c", Status: "passing", ServiceTags: [], ...more },
    },
  });
  const bodies: object[][] = [
    [node("get"), service("get"), check("get")],
    [service("set"), check("set")],
    [node("set", { Address: "10.0.0.1", Meta: { a: "b" } }), service("set", { Port: 1 }), check("set")],
    [check("set", { ServiceID: "s1" }), check("get")],
    [node("get"), service("get", { Service: "" }), check("get")],
    [check("set", { ServiceID: "nope" })],
    [node("cas", { Address: "10.0.0.2", ModifyIndex: 1 }), service("cas", { ModifyIndex: 1 })],
    [check("cas", { ModifyIndex: 1 })],
    [node("bogus"), check("bogus"), service("bogus")],
    [service("set", {}, "nobody")],
    [service("delete", { Service: "" })],
    [node("set", { Node: "" })],
    [node("set", { Bogus: 1 })],
    [
      node("cas", { Node: "ty", Address: "10.0.0.3", ModifyIndex: 0 }),
      node("cas", { Node: "ty", ModifyIndex: 0 }),
    ],
    [check("delete"), service("delete"), node("delete"), node("get")],
    [check("delete"), service("delete"), node("delete")],
    [node("delete")],
  ];
  for (const body of bodies) await compare(put("/v1/txn", body));
  await compare(get("/v1/catalog/service/svc"));
});

test("events that are fired have the same answers", { skip }, async () => {
  const paths = ["", "deploy", "deploy?node=b&service=c&tag=d", "deploy?tag=d", "deploy?dc=zz"];
  const fired = async (base: string, path: string) => {
    const answer = await sides.http.request({
      method: "PUT",
      url: `${base}/v1/event/fire/${path}`,
      body: "x",
    });
    const text = (await answer.text(10_000)).replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "uuid");
    return [answer.status, answer.status === 200 ? JSON.parse(text) : text];
  };
  for (const path of paths)
    assert.deepEqual(await fired(sides.ours, path), await fired(sides.theirs, path), path);
  await compare(get("/v1/event/list?name=zz"));
});

for (const seed of (process.env.TUSKER_ORACLE_SEEDS ?? "1,2,3").split(",").map(Number)) {
  test(`150 random steps of seed ${seed} have the same answers, and leave the same keys`, {
    skip,
  }, async () => {
    const random = seededRandom(seed);
    await startKeysAnew(sides);
    for (let i = 0; i < 150; i++) {
      await compare(keyStepOf(random));
      if (i % 10 === 9) await compare(get("/v1/kv/?recurse"));
    }
  });
}
