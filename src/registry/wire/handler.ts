import { messageOf, TuskerError } from "../../kernel/index.ts";
import type { Answer, HeaderList, ServerExchange, ServerHandler } from "../../net/index.ts";
import { accessOf } from "../acl/access.ts";
import type { Tokens } from "../acl/tokens.ts";
import { aclRoutes } from "./acl-routes.ts";
import { agentCheckRoutes } from "./agent/check-routes.ts";
import { machineRoutes } from "./agent/machine-routes.ts";
import { selfRoutes } from "./agent/self-routes.ts";
import { agentRoutes } from "./agent/service-routes.ts";
import { catalogRoutes } from "./catalog-routes.ts";
import { healthRoutes } from "./health-routes.ts";
import { eventRoutes } from "./kv/event-routes.ts";
import { kvRoutes } from "./kv/kv-routes.ts";
import { sessionRoutes } from "./kv/session-routes.ts";
import { txnRoutes } from "./kv/txn-routes.ts";
import { refuseElsewhere, refuseFilter } from "./parameters.ts";
import type { Reply, Route, Wire, WireRequest } from "./route.ts";
import { plain } from "./route.ts";
import { configRoutes } from "./tusker/config-routes.ts";
import { leaseRoutes } from "./tusker/lease-routes.ts";
import { targetRoutes } from "./tusker/target-routes.ts";
import { watchRoutes } from "./tusker/watch-routes.ts";
import { commonHeaders, jsonText } from "./written.ts";

/** The most a registration may weigh. */
const maxBodyBytes = 512 * 1024;

const maxDepth = 8;

/**
 * The wire. A request's way: find the route by path → its verb → its endpoint → answer. What an endpoint refuses is
 * answered with its own status and words; anything else that fails is a 500 and reported to `onError`.
 */
export function wireHandler(wire: Wire, onError: (error: unknown) => void): ServerHandler {
  const routes = [
    ...agentRoutes(wire),
    ...agentCheckRoutes(wire),
    ...catalogRoutes(wire),
    ...healthRoutes(wire),
    ...selfRoutes(wire),
    ...kvRoutes(wire),
    ...sessionRoutes(wire),
    ...txnRoutes(wire),
    ...eventRoutes(wire),
    ...watchRoutes(wire),
    ...configRoutes(wire),
    ...targetRoutes(wire),
    ...leaseRoutes(wire),
    ...aclRoutes(wire),
    ...machineRoutes(wire),
  ];
  const byPath = Map.groupBy(routes, ({ path }) => path);
  const common = commonHeaders(wire.tokens.enforced);
  return async (exchange) => {
    // What was told a moment ago and still holds is told again, before anything is taken apart.
    const known = exchange.method === "GET" ? wire.replies.get(exchange.target) : undefined;
    if (known !== undefined && wire.store.log.settled(known.madeOf.index) === undefined)
      return await exchange.respond(known.answer);
    const found = find(byPath, exchange.target);
    const reply = await answer(wire.tokens, found, exchange, onError);
    const open = reply.content?.kind === "stream" ? reply.content.stream : undefined;
    try {
      await exchange.respond(written(reply, found.query, common));
    } finally {
      open?.[Symbol.dispose]();
    }
  };
}

interface Found {
  /** One per verb; none: there is no such path. */
  readonly routes: readonly Route[];
  readonly rest: string | undefined;
  readonly query: URLSearchParams;
  /** Where it is, when there is no such path but for its slashes. */
  readonly moved?: string | undefined;
}

/** Exact path first, then the longest one that ends in "/" and begins it. */
function find(byPath: ReadonlyMap<string, readonly Route[]>, target: string): Found {
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : target.slice(mark + 1));
  const exact = byPath.get(path);
  if (exact !== undefined) return { routes: exact, rest: "", query };
  let best: Found = { routes: [], rest: "", query };
  // Names after a path may hold slashes themselves; no path of ours has more than `maxDepth` of them.
  for (
    let at = path.indexOf("/", 1), depth = 1;
    at > 0 && depth <= maxDepth;
    at = path.indexOf("/", at + 1), depth++
  ) {
    const routes = byPath.get(path.slice(0, at + 1));
    if (routes !== undefined) best = { routes, rest: path.slice(at + 1), query };
  }
  if (best.routes.length > 0) return { ...best, rest: decoded(best.rest ?? "") };
  const tidy = path.replaceAll(/\/{2,}/g, "/");
  const there = byPath.has(`${tidy}/`) ? `${tidy}/` : tidy;
  return there === path ? best : { ...best, moved: `${there}${mark === -1 ? "" : target.slice(mark)}` };
}

/** What nobody can see is nobody's name. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]*$/u;

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

async function answer(
  tokens: Tokens,
  { routes, rest, query, moved }: Found,
  exchange: ServerExchange,
  onError: (error: unknown) => void,
): Promise<Reply> {
  if (routes.length === 0) return moved === undefined ? { status: 404 } : elsewhere(moved);
  const allow: HeaderList = ["Allow", ["OPTIONS", ...routes.map(({ verb }) => verb)].join(",")];
  if (exchange.method === "OPTIONS") return { status: 200, headers: allow };
  const route = routes.find(({ verb }) => verb === exchange.method);
  if (route === undefined) {
    return { ...plain(405, `method ${exchange.method} not allowed`), headers: allow };
  }
  if (rest === undefined) return plain(400, "400 Bad Request");
  if (!printable.test(rest)) return { status: 400 };
  const holder = tokens.find(tokenOf(exchange, query));
  if (holder === undefined && route.guard !== "anybody") return plain(403, "ACL not found");
  const request: WireRequest = {
    rest,
    query,
    access: holder?.access ?? nothing,
    holder: holder?.name,
    target: exchange.target,
    // Made when somebody waits: most answers come before anybody could go.
    get signal() {
      return exchange.signal;
    },
    body: async () => new TextDecoder().decode(await exchange.bytes(maxBodyBytes)),
    bytes: () => exchange.bytes(maxBodyBytes),
    declaredBytes: exchange.header("content-length"),
    header: (name) => exchange.header(name),
    cut: () => exchange.abort(),
  };
  try {
    refuseElsewhere(query);
    if (route.filters !== true && !route.path.startsWith("/v1/kv/")) refuseFilter(query);
    if (tokens.enforced && !admits(route, request)) return plain(403, "Permission denied");
    return await route.run(request);
  } catch (error) {
    return refused(error, onError);
  }
}

/** RFC 9110 §15.4.2: where it is, and a few words for who does not go there by itself. */
function elsewhere(moved: string): Reply {
  const marks: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
  };
  const href = moved.replaceAll(/[&<>"']/g, (mark) => marks[mark] ?? "");
  const text = `<a href="${href}">Moved Permanently</a>.\n\n`;
  const content = { kind: "text", text, type: "text/html; charset=utf-8" } as const;
  return { status: 301, headers: ["Location", moved], content };
}

function admits({ guard }: Route, request: WireRequest): boolean {
  if (guard === undefined) return request.access.management;
  return typeof guard === "string" || guard(request);
}

/** What somebody shows, in the order in which clients of this wire mean it. */
function tokenOf(exchange: ServerExchange, query: URLSearchParams): string {
  const shown = query.get("token") || exchange.header("x-consul-token");
  return shown || (/^Bearer +(\S+) *$/i.exec(exchange.header("authorization") ?? "")?.[1] ?? "");
}

/** Of whom nothing is known. */
const nothing = accessOf({});

function refused(error: unknown, onError: (error: unknown) => void): Reply {
  if (error instanceof TuskerError) {
    const status = error.code === "NET_BODY_TOO_LARGE" ? 413 : error.details.status;
    const text = error.code === "NET_BODY_TOO_LARGE" ? "Request body too large" : error.message;
    // A body we stopped reading would be taken for the next request.
    if (status === 413) return { ...plain(status, text), headers: ["Connection", "close"] };
    if (typeof status === "number") return plain(status, text);
    // A body that stalls, breaks its own framing or ends with its connection is no failure of ours.
    if (error.details.side === "client")
      return { ...plain(error.row.http, text), headers: ["Connection", "close"] };
  }
  onError(error);
  return plain(500, messageOf(error));
}

/** A reply as it goes out. */
function written(
  { status, headers = [], content }: Reply,
  query: URLSearchParams,
  common: HeaderList,
): Answer {
  if (content?.kind === "written") return content.answer;
  const all = [...headers, ...common];
  if (content === undefined) return { status, headers: all };
  if (content.kind === "text") {
    const type = content.type ?? "text/plain; charset=utf-8";
    return { status, headers: ["Content-Type", type, ...all], body: content.text };
  }
  if (content.kind === "bytes") {
    return { status, headers: ["Content-Type", content.type, ...all], body: content.bytes };
  }
  if (content.kind === "stream") {
    return { status, headers: ["Content-Type", content.type, ...all], body: content.stream.bytes };
  }
  return {
    status,
    headers: ["Content-Type", "application/json", ...all],
    body: jsonText(content.value, query),
  };
}
