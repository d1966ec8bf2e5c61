import { TuskerError } from "../kernel/index.ts";
import type { HeaderList, ServerExchange } from "../net/index.ts";
import { type IncomingHead, readHead } from "./head/incoming.ts";
import { isLoop } from "./head/request.ts";
import type { Facts } from "./match/facts.ts";
import type { Match } from "./match/table.ts";
import { parseTarget } from "./match/target.ts";
import { isPreflight } from "./policy/cors.ts";
import type { Visit } from "./policy/visit.ts";
import type { Route } from "./route.ts";
import type { Snapshot } from "./snapshot.ts";

/** Where a request goes, before anything is done for it. */
export type Destination =
  | {
      readonly kind: "route";
      readonly route: Route;
      readonly head: IncomingHead;
      /** Normalised. */
      readonly path: string;
      readonly query: string;
      readonly host: string | undefined;
    }
  /** Answered here: OPTIONS on a route that does not take it, or on the server itself. */
  | { readonly kind: "options"; readonly allow: readonly string[] }
  | { readonly kind: "refused"; readonly error: TuskerError; readonly fields?: HeaderList };

/** Understands a request and finds its route, or says why not. */
export function destinationOf(exchange: ServerExchange, snapshot: Snapshot, pseudonym: string): Destination {
  const read = readHead(exchange.headers, exchange.httpVersion);
  if (!read.ok) return refused("GATEWAY_BAD_REQUEST", `the request is refused: ${read.problem}`);
  const target = parseTarget(exchange.method, exchange.target, snapshot.paths);
  if (target.kind === "bad") return refused("GATEWAY_BAD_PATH", `the request is refused: ${target.problem}`);
  if (isLoop(read.head, pseudonym)) {
    return refused(
      "GATEWAY_LOOP",
      "the request came back to this gateway; a route leads to the gateway itself",
    );
  }
  if (target.kind === "server") return { kind: "options", allow: everyMethod };
  const host = target.host ?? read.head.host;
  const facts = { host, query: target.query, header: (name: string) => exchange.header(name) };
  const found = routeFor(exchange, snapshot, target.path, facts);
  if (found.kind === "none") return refused("GATEWAY_NO_ROUTE", `no route leads to ${target.path}`);
  if (found.kind === "method") {
    if (exchange.method === "OPTIONS") return { kind: "options", allow: found.allow };
    return notAllowed(exchange.method, target.path, found.allow);
  }
  return { kind: "route", route: found.route, head: read.head, path: target.path, query: target.query, host };
}

/**
 * A preflight belongs to the route of the request it asks for: routes of one path may have rules of their own, or none.
 * Where that one has none, it is an OPTIONS like any other.
 */
function routeFor(exchange: ServerExchange, { table }: Snapshot, path: string, facts: Facts): Match<Route> {
  if (isPreflight({ method: exchange.method, header: facts.header })) {
    const meant = table.match(facts.header("access-control-request-method") ?? "", path, facts);
    if (meant.kind === "route" && meant.route.guard !== undefined) return meant;
  }
  return table.match(exchange.method, path, facts);
}

/** The request as policies see it. */
export function visitOf(
  exchange: ServerExchange,
  to: Extract<Destination, { kind: "route" }>,
  client: string,
): Visit {
  return {
    method: exchange.method,
    path: to.path,
    query: to.query,
    host: to.host,
    client,
    signal: exchange.signal,
    header: (name) => exchange.header(name),
    consumer: undefined,
    lasting: undefined,
    answerFields: [],
  };
}

const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function notAllowed(method: string, path: string, allow: readonly string[]): Destination {
  const listed = allow.join(", ");
  const error = new TuskerError(
    "GATEWAY_METHOD_NOT_ALLOWED",
    `${path} does not take ${method}; it takes ${listed}`,
    {
      details: { allow },
    },
  );
  return { kind: "refused", error, fields: ["Allow", listed] };
}

function refused(
  code: "GATEWAY_BAD_REQUEST" | "GATEWAY_BAD_PATH" | "GATEWAY_LOOP" | "GATEWAY_NO_ROUTE",
  message: string,
): Destination {
  return { kind: "refused", error: new TuskerError(code, message) };
}
