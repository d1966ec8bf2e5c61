import { type Clock, type Random, TuskerError } from "../../kernel/index.ts";
import type { ConnectionMeters, HeaderList } from "../../net/index.ts";
import type { Access } from "../acl/access.ts";
import type { Tokens } from "../acl/tokens.ts";
import type { Agent } from "../agent.ts";
import type { EventRing } from "../events/event-ring.ts";
import type { SessionKeeper } from "../kv/session-keeper.ts";
import type { Leases } from "../leases.ts";
import type { Store } from "../state/store.ts";
import type { Topic } from "../state/topics.ts";
import type { RegistryStats } from "../stats.ts";
import type { Feeds, OpenWatch } from "../watch/feeds.ts";
import type { CheckRules } from "./check-body.ts";
import type { Guard } from "./guard.ts";
import { type Blocking, blockingOf, type Consistency, consistencyOf, refuseForeign } from "./parameters.ts";
import { refusal } from "./refusal.ts";
import { questionOf, type ReplyCache } from "./reply-cache.ts";
import { commonHeaders, type WrittenReply, writtenJson } from "./written.ts";

/** Who this registry is on the wire. */
export interface Identity {
  readonly datacenter: string;
  /** Name of the node it runs on. */
  readonly node: string;
  /** A uuid, new at each start. */
  readonly id: string;
  /** Address of the node, as told to clients. */
  readonly address: string;
  /** Port of this wire; known once it listens. */
  readonly port: () => number;
}

/** What the endpoints work on. */
export interface Wire {
  readonly store: Store;
  readonly agent: Agent;
  readonly sessions: SessionKeeper;
  readonly events: EventRing;
  readonly feeds: Feeds;
  readonly leases: Leases;
  readonly identity: Identity;
  /** What was answered is on disk. */
  readonly durable: boolean;
  readonly checkRules: CheckRules;
  readonly tokens: Tokens;
  readonly stats: () => RegistryStats;
  /** Limits clients met with their connections, and requests that were none. */
  readonly connections: ConnectionMeters;
  readonly clock: Clock;
  readonly random: Random;
  readonly replies: ReplyCache;
}

/** One request, taken apart. */
export interface WireRequest {
  /** What follows the route's path, decoded; empty for a route without more. */
  readonly rest: string;
  readonly query: URLSearchParams;
  /** What the one who asks may do. */
  readonly access: Access;
  /** Name of the token that was shown. */
  readonly holder: string | undefined;
  /** Path and query as they came. */
  readonly target: string;
  readonly signal: AbortSignal;
  /** The body as text. @throws TuskerError NET_BODY_TOO_LARGE */
  body(): Promise<string>;
  /** The body. @throws TuskerError NET_BODY_TOO_LARGE */
  bytes(): Promise<Uint8Array>;
  /** What the client says the body weighs. */
  readonly declaredBytes: string | undefined;
  /** A field of the head, any case. */
  header(name: string): string | undefined;
  /** Closes the connection, also in the middle of an answer. */
  cut(): void;
}

/** What is answered. */
export interface Reply {
  readonly status: number;
  readonly headers?: HeaderList;
  readonly content?:
    | { readonly kind: "json"; readonly value: unknown }
    | { readonly kind: "text"; readonly text: string; readonly type?: string }
    | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly type: string }
    /** Made before, with everything on it. */
    | { readonly kind: "written"; readonly answer: WrittenReply }
    /** Goes on until it ends or the client leaves; then it is disposed. */
    | { readonly kind: "stream"; readonly stream: OpenWatch; readonly type: string };
}

/** One endpoint. A path that ends in "/" takes whatever follows it as `rest`. */
export interface Route {
  readonly verb: "GET" | "PUT" | "DELETE";
  readonly path: string;
  /** True for lists that `filter` can shorten; elsewhere it is refused. */
  readonly filters?: boolean;
  /** Who may use it, when rules are in force. Default: who may do everything. */
  readonly guard?: Guard;
  run(request: WireRequest): Reply | Promise<Reply>;
}

/** 200 without a body. */
export const done: Reply = { status: 200 };

/** 200 with a JSON body. */
export function json(value: unknown): Reply {
  return { status: 200, content: { kind: "json", value } };
}

/** Words as they are. */
export function plain(status: number, text: string): Reply {
  return { status, content: { kind: "text", text } };
}

/** One read: what it depends on, and what is true of it at the moment of asking. */
export type Read = {
  readonly topic: Topic;
  /** For what is in no table: index of its last change. */
  readonly version?: () => number;
} & (
  | {
      readonly render: () => unknown;
      /** Given for a read that is worth keeping: moves when what is rendered does though the topic did not. */
      readonly said?: () => number;
    }
  /** For a read that may find nothing, or answers with something other than JSON. */
  | { readonly reply: () => Reply }
);

/**
 * A read that can wait for news:
 * 1. take the request apart, so that a wrong one is refused at once;
 * 2. without `index`, or with one older than the last change of the topic: answer at once;
 * 3. else wait until the topic changes, or the wait is over; an index from the future waits likewise;
 * 4. take what is true then, wait until that is safe, and answer with its index, where the reader goes on.
 */
export function watched(
  wire: Wire,
  prepare: (request: WireRequest) => Read,
  of: "catalog" | "sessions" | "keys" = "catalog",
): Route["run"] {
  const run = reading(wire, prepare, of === "catalog");
  return of === "keys" ? run : (request) => toldOfLeaders(run, request);
}

/** @param effective whether the answer says how fresh it is */
function reading(wire: Wire, prepare: (request: WireRequest) => Read, effective: boolean): Route["run"] {
  const { store, identity, random } = wire;
  return async (request) => {
    const blocking = blockingOf(request.query, random);
    const consistency = consistencyOf(request.query);
    refuseForeign(request.query.get("dc"), identity.datacenter);
    const read = prepare(request);
    // Everything here is as fresh as a cache is meant to make it look.
    const cache = request.query.has("cached") ? ["X-Cache", "MISS"] : [];
    const { topic, version } = read;
    const current = version ?? (() => store.version(topic));
    if (blocking.index > 0n) await news({ store, topic, current }, blocking, request.signal);
    if ("render" in read && read.said !== undefined) {
      return await kept(wire, request, {
        topic,
        said: read.said,
        render: read.render,
        consistency,
        blocking,
        cache,
      });
    }
    const index = current();
    const reply = "reply" in read ? read.reply() : json(read.render());
    // What is told must never have to be taken back.
    if (version === undefined) await store.log.settled(index);
    const head = headersOf(effective ? consistency : undefined, index);
    return { ...reply, headers: [...(reply.headers ?? []), ...head, ...cache] };
  };
}

/** What is refused with 500 says, as clients of the wire see it there, that no leader was asked. */
async function toldOfLeaders(run: Route["run"], request: WireRequest): Promise<Reply> {
  try {
    return await run(request);
  } catch (error) {
    if (!(error instanceof TuskerError) || error.details.status !== 500) throw error;
    return { ...plain(500, error.message), headers: leaderHeaders(1, false) };
  }
}

interface Keeping {
  readonly topic: Topic;
  readonly said: () => number;
  readonly render: () => unknown;
  readonly consistency: Consistency;
  readonly blocking: Blocking;
  readonly cache: HeaderList;
}

/** As step 4 of `watched`, rendered once for all who ask the same before the next change, or wake from it together. */
async function kept({ store, replies, tokens }: Wire, request: WireRequest, read: Keeping): Promise<Reply> {
  const question = questionOf(request.target, read.blocking.index > 0n);
  const known = question === undefined ? undefined : replies.get(question);
  const { topic, said, consistency, cache } = read;
  const index = known?.madeOf.index ?? store.version(topic);
  const rendered = (): WrittenReply => {
    const headers = [...headersOf(consistency, index), ...cache, ...commonHeaders(tokens.enforced)];
    return writtenJson(headers, read.render(), request.query);
  };
  const answer = known?.answer ?? rendered();
  if (known === undefined && question !== undefined)
    replies.keep(question, { topic, index, said, saidThen: said() }, answer);
  await store.log.settled(index);
  return { status: answer.status, content: { kind: "written", answer } };
}

function headersOf(consistency: Consistency | undefined, index: number): HeaderList {
  const effective = consistency === undefined ? [] : ["X-Consul-Effective-Consistency", consistency];
  return [...effective, ...leaderHeaders(index, true)];
}

/** What clients read of every answer: how far it goes, and that the one who knows gave it. */
export function leaderHeaders(index: number, known: boolean): HeaderList {
  return [
    ...["X-Consul-Index", String(index)],
    ...["X-Consul-Knownleader", String(known)],
    ...["X-Consul-Lastcontact", "0"],
  ];
}

/** What every read takes and this one has no use for is looked at all the same. @throws TuskerError REGISTRY_INVALID */
export function refuseMalformed({ identity, random }: Wire, { query }: WireRequest): void {
  blockingOf(query, random);
  consistencyOf(query);
  refuseForeign(query.get("dc"), identity.datacenter);
}

/** A read that does not wait for news: of everything that is known, once it is safe. */
export function settled(store: Store, run: (request: WireRequest) => Reply): Route["run"] {
  return async (request) => {
    const reply = run(request);
    await store.log.settled(store.log.last);
    return reply;
  };
}

interface Watched {
  readonly store: Store;
  readonly topic: Topic;
  readonly current: () => number;
}

async function news(
  { store, topic, current }: Watched,
  { index, waitMs }: Blocking,
  signal: AbortSignal,
): Promise<void> {
  if (BigInt(current()) > index) return;
  const waited = store.waits.on(topic, waitMs, signal);
  if (waited === undefined) {
    throw refusal(429, "Too many blocking queries are waiting; ask again in a moment");
  }
  await waited;
}
