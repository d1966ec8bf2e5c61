import type { IncomingMessage, Server as NodeServer, ServerOptions, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Clock, systemClock, TuskerError } from "../../kernel/index.ts";
import { dispatch } from "../dispatch.ts";
import type { Server, ServerHandler } from "../exchange.ts";
import type { WireProblem } from "../http1/codec/problem.ts";
import { defaultMaxConnections, type Http1Limits, limitOf, limitsFrom } from "../http1/limits.ts";
import { connectAnswer, crowdedAnswer, type Farewell, lastWords } from "../http1/server/refusal.ts";
import type { Http1ServerOptions } from "../http1-options.ts";
import { listen, serverOf } from "../listen.ts";
import { leavePort } from "../socket/leave-port.ts";
import type { Http1ServerTls } from "../socket/server-tls.ts";
import { keepShowing, listenerOptions } from "../socket/tls.ts";
import { CompatExchange, type Offered } from "./exchange.ts";
import { Farewells } from "./farewell.ts";
import { doubtIn } from "./strict.ts";

/**
 * Serves HTTP/1.1 over `node:http`: the `compat` engine.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveCompat(handler: ServerHandler, options: Http1ServerOptions): Promise<Server> {
  const host = options.host ?? "127.0.0.1";
  const clock = options.clock ?? systemClock;
  const limits = limitsFrom(options);
  const life: Life = {
    sockets: new Set(),
    farewells: new Farewells(clock),
    draining: false,
    restMs: limits.drainRestMs,
    clock,
    bodyTimeoutMs: limits.bodyTimeoutMs,
    // An answer begun before draining said that its connection stays: the next request may be on its way.
    settled: () => {
      if (!life.draining) return;
      if (life.restMs === 0) node.closeIdleConnections();
      else clock.after(life.restMs, () => node.closeIdleConnections(), { background: true });
    },
  };
  const { sockets, farewells } = life;
  const maxConnections = options.maxConnections ?? defaultMaxConnections;
  const bid = (socket: Duplex, farewell: Farewell, method = ""): void => {
    const { error, status } = farewell;
    const remoteAddress = "remoteAddress" in socket ? String(socket.remoteAddress ?? "") : "";
    // Whoever was told already hears nothing more.
    const marks = farewells.has(socket)
      ? undefined
      : options.onEarlyAnswer?.({ status, code: error.code, method, remoteAddress });
    farewells.say(socket, lastWords(farewell, method, marks ?? {}));
  };
  const start = (req: IncomingMessage, res: ServerResponse, offered?: Offered): void => {
    // The parser of a refused connection reads on. Its client will ask again elsewhere: nothing may be done here.
    if (farewells.has(req.socket)) req.resume();
    // llhttp takes a line without version for HTTP/0.9, whose answers have no head and whose requests no fields.
    else if (req.httpVersionMajor !== 1) bid(req.socket, malformedAnswer(400, "it has no HTTP version"));
    else {
      const doubt = doubtIn(req, limits.maxTargetBytes);
      if (doubt !== undefined) refuse(req.socket, doubt, req.method);
      else if (!req.socket.destroyed)
        dispatch(handler, new CompatExchange(req, res, life, offered), options.onError);
    }
  };
  const refuse = (socket: Duplex, problem: WireProblem, method?: string): void => {
    const limit = problem.clause === "headTime" ? "head_time" : limitOf(problem.clause);
    if (limit !== undefined) options.onLimit?.(limit);
    options.onMalformed?.(problem);
    bid(socket, malformedAnswer(problem.status, problem.text), method);
  };
  // RFC 9112 §9.3.2: a client that does not wait for answers still means its requests one after the other.
  const latest = new WeakMap<Duplex, ServerResponse>();
  const begin = (req: IncomingMessage, res: ServerResponse, offered?: Offered): void => {
    const before = latest.get(req.socket);
    latest.set(req.socket, res);
    // §9.6: behind an answer that said close no request is served.
    const next = (): unknown => (before?.shouldKeepAlive === false ? req.resume() : start(req, res, offered));
    if (before === undefined || before.closed) next();
    else before.once("close", next);
  };
  const node = openNode(limits, options.tls);
  for (const event of ["request", "checkContinue", "checkExpectation"])
    node.on(event, (req: IncomingMessage, res: ServerResponse) => begin(req, res));
  node.on("upgrade", (req, socket, early) => {
    // Node takes its own listener off a socket it hands over; without one a reset would end the process.
    socket.on("error", () => {});
    begin(req, answerOn(req), { socket: req.socket, early });
  });
  node.on(options.tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    if (sockets.size >= maxConnections) {
      options.onRefused?.();
      options.onLimit?.("connections");
      bid(socket, crowdedAnswer());
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // RFC 9110 §9.3.6: we are no tunnel to anywhere.
  node.on("connect", (_req, socket) => bid(socket, connectAnswer(), "CONNECT"));
  node.on("clientError", (error: ParserError, socket) => {
    // What stands behind a request that said close is nobody's, and no reason to withhold its answer.
    if (error.code === "HPE_CLOSED_CONNECTION") return;
    const say = (): void => {
      // After its first error the parser complains of every further byte.
      const problem = farewells.has(socket) ? undefined : parserProblem(error, socket);
      if (problem !== undefined) refuse(socket, problem);
    };
    const before = latest.get(socket);
    if (before === undefined || before.closed || !before.req.complete) say();
    // Here who ends its side has gone; of one that ends it inside its next request Node says no more than this.
    else if (error.code === "HPE_INVALID_EOF_STATE") socket.destroy();
    else before.once("close", say);
  });
  await listen(node, options.port, host, options.onError, options.reusePort);
  return serverOf({ node, host, connections: () => sockets.size, drain: drainOf(node, life, latest) });
}

/** The server of Node, over TLS or not, and told of every limit it knows. */
function openNode(limits: Http1Limits, tls: Http1ServerTls | undefined): NodeServer {
  const options = {
    maxHeaderSize: limits.maxHeadBytes,
    headersTimeout: limits.headTimeoutMs,
    requestTimeout: 0,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: limits.idleTimeoutMs,
    insecureHTTPParser: false,
    // Node would go on with what stands behind a request it has refused for this.
    requireHostHeader: false,
    noDelay: true,
    highWaterMark: 64 * 1024,
    shouldUpgradeCallback: mayUpgrade,
  } as const;
  const node = tls === undefined ? openPlain(options) : openSecure(options, tls);
  node.maxHeadersCount = limits.maxHeaders;
  node.maxRequestsPerSocket = Number.isFinite(limits.maxRequests) ? limits.maxRequests : 0;
  return node;
}

// A static import of node:http reads all its exports, one of which loads a whole HTTP client: 60 ms of every start.
function openPlain(options: ServerOptions): NodeServer {
  return process.getBuiltinModule("node:http").createServer(options);
}

function openSecure(options: ServerOptions, tls: Http1ServerTls): NodeServer {
  const node = process.getBuiltinModule("node:https").createServer({ ...options, ...listenerOptions(tls) });
  keepShowing(node, tls);
  return node;
}

/** As the engine has it: a protocol is changed behind a request without body, in HTTP/1.1. */
function mayUpgrade({ headers, httpVersionMinor }: IncomingMessage): boolean {
  const { "content-length": length = "0", "transfer-encoding": coding } = headers;
  return httpVersionMinor === 1 && length === "0" && coding === undefined;
}

/** An answer on a connection that Node has let go of: nothing but this answer comes on it. */
function answerOn(req: IncomingMessage): ServerResponse {
  const { ServerResponse: Answer } = process.getBuiltinModule("node:http");
  const res = new Answer(req);
  res.shouldKeepAlive = false;
  res.assignSocket(req.socket);
  res.once("finish", () => req.socket.destroySoon());
  // Node would tell an answer of its own; that of a connection it let go of waits for ever.
  req.socket.on("drain", () => res.emit("drain"));
  return res;
}

/** What all exchanges of one server share. */
interface Life {
  readonly sockets: Set<Socket>;
  readonly farewells: Farewells;
  /** From now on every answer closes its connection. */
  draining: boolean;
  /** How long connections without request, and the port, are kept then. */
  restMs: number;
  readonly clock: Clock;
  readonly bodyTimeoutMs: number;
  readonly settled: () => void;
}

function drainOf(
  node: NodeServer,
  life: Life,
  latest: WeakMap<Duplex, ServerResponse>,
): (graceMs: number, streamsMs: number) => Promise<void> {
  /** An answer has begun, or its socket was handed over. */
  const isAnswering = (socket: Socket): boolean => {
    const res = latest.get(socket);
    return res !== undefined && (res.headersSent || res.socket === null);
  };
  return async (graceMs, streamsMs) => {
    life.draining = true;
    life.restMs = Math.min(life.restMs, graceMs / 2);
    // Node's `close` also closes the connections that rest.
    const closed = leavePort({ node, sockets: life.sockets, clock: life.clock }, life.restMs);
    // Node forgets a connection that asked for a tunnel or broke its parser, and yet waits for it to close.
    const soft = life.clock.after(graceMs, () => {
      for (const socket of life.sockets) if (!isAnswering(socket)) socket.destroy();
    });
    const hard = life.clock.after(streamsMs, () => {
      for (const socket of life.sockets) socket.destroy();
      life.farewells.cut();
    });
    await closed;
    soft.cancel();
    hard.cancel();
  };
}

type ParserError = Error & { readonly code?: string };

/** What Node's parser has against a message, in our words; undefined when there is nobody left to tell. */
function parserProblem(error: ParserError, socket: Duplex): WireProblem | undefined {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return undefined;
  }
  const text = error.code ?? error.message;
  switch (error.code) {
    case "HPE_HEADER_OVERFLOW":
      return { clause: "headTooLarge", status: 431, text };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { clause: "headTime", status: 408, text };
    default:
      return { clause: "parser", status: 400, text };
  }
}

function malformedAnswer(status: number, why: string): Farewell {
  return { error: new TuskerError("NET_MALFORMED", `the request could not be understood (${why})`), status };
}
