/**
 * Requests about keys, sessions and transactions, and how the two answers are compared. In paths and bodies: `$key` is
 * the ModifyIndex of that key, `%0` the first session that was made.
 */
import assert from "node:assert/strict";
import type { Random } from "../../../src/kernel/index.ts";
import type { HttpClient } from "../../../src/net/index.ts";
import { oneOf } from "./catalog.ts";
import type { Exchange, Sides } from "./sides.ts";

/** Asks both. @throws AssertionError when they do not answer the same */
export async function compareKeys({ http, ours, theirs }: Sides, exchange: Exchange): Promise<void> {
  const what = `${exchange.method} ${exchange.path} ${JSON.stringify(exchange.body)}`;
  assert.deepEqual(await said(http, ours, exchange), await said(http, theirs, exchange), what);
}

/** No keys, and four sessions. */
export async function startKeysAnew(sides: Sides): Promise<void> {
  for (const base of [sides.ours, sides.theirs])
    for (const id of sessions.get(base) ?? [])
      await said(sides.http, base, put(`/v1/session/destroy/${id}`, ""));
  await compareKeys(sides, drop("/v1/kv/?recurse"));
  sessions.clear();
  for (let i = 0; i < 4; i++) {
    const Behavior = i % 2 === 0 ? "release" : "delete";
    await compareKeys(sides, put("/v1/session/create", { LockDelay: "0s", Behavior, TTL: "1h" }));
  }
}

/** Sessions by the side that made them, in order. */
const sessions = new Map<string, string[]>();

async function said(http: HttpClient, base: string, { method, path, body }: Exchange) {
  const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await http.request({
    method,
    url: `${base}${await filled(http, base, path)}`,
    ...(text === undefined ? {} : { body: await filled(http, base, text) }),
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

async function filled(http: HttpClient, base: string, text: string): Promise<string> {
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

export const put = (path: string, body: string | object = "x"): Exchange => ({ method: "PUT", path, body });
export const get = (path: string): Exchange => ({ method: "GET", path });
export const drop = (path: string): Exchange => ({ method: "DELETE", path });
const names = ["k1", "k2", "k3"];

/** One random step on a few keys, held by one of four sessions. */
export function keyStepOf(random: Random): Exchange {
  const key = oneOf(random, names);
  const value = oneOf(random, ["", "x", "yy"]);
  const holder = `%${random.below(4)}`;
  const verb = oneOf(
    random,
    ["set", "cas", "lock", "unlock", "get", "get-tree", "delete", "delete-tree", "delete-cas"].concat([
      "check-index",
      "check-session",
      "check-not-exists",
    ]),
  );
  const more = `"Value":"${Buffer.from(value).toString("base64")}","Index":$${key},"Session":"${holder}","Flags":3`;
  const kinds: (() => Exchange)[] = [
    () => put(`/v1/kv/${key}${oneOf(random, ["", "?flags=9"])}`, value),
    () => put(`/v1/kv/${key}?cas=${oneOf(random, ["0", `$${key}`, "1"])}`, value),
    () => put(`/v1/kv/${key}?acquire=${holder}`, value),
    () => put(`/v1/kv/${key}?release=${holder}`, value),
    () => drop(`/v1/kv/${oneOf(random, [key, "k?recurse", `${key}?cas=$${key}`, `${key}?cas=1`])}`),
    () =>
      put(
        "/v1/txn",
        `[{"KV":{"Verb":"set","Key":"k9","Value":"MQ=="}},{"KV":{"Verb":"${verb}","Key":"${key}",${more}}}]`,
      ),
    () => put(`/v1/session/renew/${holder}`, ""),
    () =>
      random.next() < 0.2 ? put(`/v1/session/destroy/${holder}`, "") : get(`/v1/session/info/${holder}`),
  ];
  return oneOf(random, kinds)();
}
