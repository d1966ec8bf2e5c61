import { isSchemaKey, loadSchemas } from "../../config/schemas.ts";
import { KvDraft } from "../../kv/draft.ts";
import { acquire, dropIfAt, dropUnder, type KvOutcome, release, set, setIfAt } from "../../kv/operations.ts";
import type { KvRow } from "../../state/model.ts";
import { topics } from "../../state/topics.ts";
import { demand, type Guard, toNamed } from "../guard.ts";
import { refuseForeign } from "../parameters.ts";
import { refusal } from "../refusal.ts";
import { json, type Read, type Reply, type Route, type Wire, type WireRequest, watched } from "../route.ts";
import { kvJson } from "../rows.ts";
import { readValue, refuseInvalid, wholeOf } from "./values.ts";

/** `/v1/kv/…`: keys and their values. */
export function kvRoutes(wire: Wire): readonly Route[] {
  const path = "/v1/kv/";
  return [
    { verb: "GET", path, guard: "inside", run: watched(wire, (request) => read(wire, request), "keys") },
    { verb: "PUT", path, guard: toNamed("key", "write"), run: (request) => put(wire, request) },
    { verb: "DELETE", path, guard: mayDrop, run: (request) => drop(wire, request) },
  ];
}

function read(wire: Wire, request: WireRequest): Read {
  const { kv } = wire.store.tables;
  const { query, rest, access } = request;
  const every = query.has("recurse") || query.has("keys");
  const key = every ? rest : named(request);
  demand(every || access.can("key", key, "read"));
  const under = () => kv.under(key).filter((row) => access.can("key", row.key, "read"));
  const topic = every ? topics.prefix(key) : topics.key(key);
  if (query.has("keys")) {
    const separator = query.get("separator") ?? query.get("seperator") ?? "";
    return {
      topic,
      reply: () => found(shortened(under(), key, separator), key === ""),
    };
  }
  if (every) return { topic, reply: () => found(under().map(kvJson)) };
  return {
    topic,
    reply() {
      const row = kv.get(key);
      if (row !== undefined && query.has("raw")) return raw(row);
      return found(row === undefined ? [] : [kvJson(row)]);
    },
  };
}

const mayDrop: Guard = ({ access, query, rest }) =>
  query.has("recurse") ? access.canAll("key", rest, "write") : access.can("key", rest, "write");

/** A list that is empty is not there, unless it is everything. */
function found(list: readonly unknown[], alwaysThere: boolean = false): Reply {
  return list.length === 0 && !alwaysThere ? { status: 404 } : json(list);
}

/** The bytes as they are, and never as something a browser would run: whoever may write keys could else script. */
function raw({ value }: KvRow): Reply {
  const headers = ["Content-Security-Policy", "sandbox", "X-Content-Type-Options", "nosniff"];
  return {
    status: 200,
    headers,
    content: { kind: "bytes", bytes: Buffer.from(value, "base64"), type: "text/plain" },
  };
}

/** Keys up to the separator that follows the prefix, each once: what a folder looks like from outside. */
function shortened(rows: readonly KvRow[], prefix: string, separator: string): string[] {
  if (separator === "") return rows.map(({ key }) => key);
  const cut = ({ key }: KvRow): string => {
    const at = key.indexOf(separator, prefix.length);
    return at === -1 ? key : key.slice(0, at + separator.length);
  };
  return [...new Set(rows.map(cut))];
}

async function put(wire: Wire, request: WireRequest): Promise<Reply> {
  const { query } = request;
  const key = named(request);
  refuseConflicting(query, ["cas", "acquire", "release"]);
  const flags = wholeOf(query, "flags") ?? "0";
  const index = wholeOf(query, "cas");
  refuseForeign(query.get("dc"), wire.identity.datacenter);
  const write = { key, value: await readValue(request), flags };
  if (isSchemaKey(key)) await loadSchemas();
  // From here on without a pause: what is read is what is true when it is written.
  const { store, sessions } = wire;
  const draft = new KvDraft(store.tables.kv, store.log.last + 1);
  const holder = query.get("acquire");
  const leaver = query.get("release");
  const outcome =
    index !== undefined
      ? setIfAt(draft, write, Number(index))
      : holder !== null
        ? acquire(draft, write, holder, sessions)
        : leaver !== null
          ? release(draft, write, leaver)
          : set(draft, write);
  return answer(wire, draft, outcome);
}

async function answer({ store }: Wire, draft: KvDraft, outcome: KvOutcome): Promise<Reply> {
  if (outcome.kind === "wrong") throw refusal(500, outcome.why);
  if (outcome.kind === "row") refuseInvalid(draft);
  // Also a no waits until what it was decided by is safe.
  await store.commit(outcome.kind === "row" ? draft.changes() : []);
  return json(outcome.kind === "row");
}

async function drop(wire: Wire, request: WireRequest): Promise<Reply> {
  const { query, rest } = request;
  const { store } = wire;
  const every = query.has("recurse");
  const key = every ? rest : named(request);
  refuseConflicting(query, ["cas", "recurse"]);
  const index = wholeOf(query, "cas");
  refuseForeign(query.get("dc"), wire.identity.datacenter);
  const draft = new KvDraft(store.tables.kv, store.log.last + 1);
  let done = true;
  if (index !== undefined) done = dropIfAt(draft, key, Number(index)) === undefined;
  else if (every) dropUnder(draft, key);
  else draft.drop(key);
  refuseInvalid(draft);
  await store.commit(draft.changes());
  return json(done);
}

function named({ rest }: WireRequest): string {
  if (rest === "") throw refusal(400, "Missing key name");
  return rest;
}

function refuseConflicting(query: URLSearchParams, names: readonly string[]): void {
  const given = names.filter((name) => query.has(name)).sort((a, b) => (a < b ? -1 : 1));
  if (given.length < 2) return;
  const written = given.map((name) => `${name}=${query.get(name)}`).join("&");
  throw refusal(400, `Conflicting flags: ${written}`);
}
