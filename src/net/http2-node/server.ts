import { constants, createServer, type Http2Server, type Http2Session } from "node:http2";
import { type Clock, systemClock, systemRandom, type Timer } from "../../kernel/index.ts";
import { dispatch } from "../dispatch.ts";
import type { Server, ServerHandler } from "../exchange.ts";
import { drainRestMs } from "../http1/limits.ts";
import { type Http1Side, http1Beside, offering } from "../http1-beside.ts";
import type { Http2ServerOptions } from "../http2-options.ts";
import { listen, serverOf } from "../listen.ts";
import { leavePort } from "../socket/leave-port.ts";
import { Http2Exchange } from "./exchange.ts";
import { createFront, type Front } from "./front.ts";

/**
 * Serves HTTP/2 over `node:http2`: in clear text with prior knowledge (h2c, RFC 9113 §3.3), or over TLS with ALPN (§3.2);
 * with `http1` also HTTP/1.1 on the same port.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveNode(handler: ServerHandler, options: Http2ServerOptions): Promise<Server> {
  const host = options.host ?? "127.0.0.1";
  const sessions = new Map<Http2Session, Life>();
  const { clock = systemClock, maxConnections = 10_000, onError, tls } = options;
  const pace = { timeoutMs: options.bodyTimeoutMs ?? 30_000, clock };
  const http1 = options.http1 === true ? await http1Beside(handler, options) : undefined;
  // It has no port of its own: connections are handed to it when it is known that they speak HTTP/2.
  const http2 = createServer({
    settings: {
      maxConcurrentStreams: options.maxConcurrentStreams ?? 100,
      maxHeaderListSize: options.maxHeadBytes ?? 32 * 1024,
      enablePush: false,
    },
    maxSessionMemory: 10,
  });
  http2.on("session", (session) => {
    const life = new Life(session, options);
    sessions.set(session, life);
    session.once("close", () => {
      life[Symbol.dispose]();
      sessions.delete(session);
    });
    // A session that breaks closes; its streams tell their handlers through the exchange's signal.
    session.on("error", () => session.destroy());
  });
  http2.on("stream", (stream, _headers, _flags, raw) => {
    stream.on("error", () => stream.close());
    if (stream.session !== undefined) sessions.get(stream.session)?.began(stream);
    dispatch(handler, new Http2Exchange(stream, raw, pace), onError);
  });
  const front = createFront({
    tls: tls === undefined ? undefined : offering(tls, http1),
    maxConnections,
    timeoutMs: options.handshakeTimeoutMs ?? 10_000,
    clock,
    http2: (socket) => http2.emit("connection", socket),
    http1: http1 === undefined ? undefined : (port) => http1.adopt(port, undefined),
  });
  front.node.on("drop", () => options.onLimit?.("connections"));
  if (tls !== undefined && onError !== undefined) front.node.on("tlsClientError", onError);
  await listen(front.node, options.port, host, onError);
  const drain = drainOf({ front, http2, sessions, clock, http1 });
  return serverOf({ node: front.node, host, connections: () => front.sockets.size, drain });
}

/** How one connection ages: idle, old, asked to leave, closed. */
class Life implements Disposable {
  readonly #session: Http2Session;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #graceMs: number;
  readonly #age: Timer | undefined;
  /** Resolves when the connection is closed. */
  readonly over: Promise<void>;
  #idle: Timer | undefined;
  #grace: Timer | undefined;
  #patience: Timer | undefined;
  #streams = 0;

  constructor(session: Http2Session, options: Http2ServerOptions) {
    this.#session = session;
    this.over = new Promise((resolve) => session.once("close", resolve));
    this.#clock = options.clock ?? systemClock;
    this.#idleMs = options.maxConnectionIdleMs ?? 60_000;
    this.#graceMs = options.maxConnectionAgeGraceMs ?? 10_000;
    const { maxConnectionAgeMs, random = systemRandom } = options;
    if (maxConnectionAgeMs !== undefined) {
      // gRFC A9: ±10 %, so that clients that connected together do not come back together.
      const ageMs = maxConnectionAgeMs * (0.9 + 0.2 * random.next());
      this.#age = this.#clock.after(ageMs, () => this.leave(this.#graceMs), { background: true });
    }
    this.#rest();
  }

  began(stream: { once(event: "close", run: () => void): unknown }): void {
    this.#streams++;
    this.#idle?.cancel();
    this.#idle = undefined;
    stream.once("close", () => {
      this.#streams--;
      if (this.#streams === 0) this.#rest();
    });
  }

  /** Says GOAWAY, lets open streams end, closes the connection with the last of them or after `graceMs`. */
  leave(graceMs: number): void {
    const session = this.#session;
    if (session.closed || session.destroyed) return;
    this.#grace ??= this.#clock.after(graceMs, () => session.destroy());
    if (graceMs === 0 && this.#streams === 0) {
      session.close();
      return;
    }
    // RFC 9113 §6.8: the first GOAWAY stops new streams without refusing those on their way; the last stream is
    // named one round trip later, when nothing sent before it can still be under way.
    session.goaway(constants.NGHTTP2_NO_ERROR, 2 ** 31 - 1);
    const close = (): void => {
      if (!session.closed && !session.destroyed) session.close();
    };
    if (!session.ping(close)) close();
    // A client that asks nothing and answers nothing is not waited for as long as its streams would be.
    this.#patience ??= this.#clock.after(drainRestMs, () => {
      if (this.#streams === 0) close();
    });
  }

  [Symbol.dispose](): void {
    this.#patience?.cancel();
    this.#age?.cancel();
    this.#idle?.cancel();
    this.#grace?.cancel();
  }

  #rest(): void {
    if (this.#session.destroyed) return;
    this.#idle = this.#clock.after(this.#idleMs, () => this.leave(this.#graceMs), { background: true });
  }
}

interface Draining {
  readonly front: Front;
  readonly http2: Http2Server;
  readonly sessions: ReadonlyMap<Http2Session, Life>;
  readonly clock: Clock;
  readonly http1: Http1Side | undefined;
}

function drainOf({ front, http2, sessions, clock, http1 }: Draining): (graceMs: number) => Promise<void> {
  return async (graceMs) => {
    http2.on("session", (session: Http2Session) => sessions.get(session)?.leave(graceMs));
    const restMs = Math.min(drainRestMs, graceMs / 2);
    for (const life of sessions.values()) life.leave(graceMs);
    http1?.drain(restMs);
    const left = leavePort({ ...front, clock }, restMs);
    const hard = clock.after(graceMs, () => {
      for (const session of sessions.keys()) session.destroy();
      for (const socket of front.sockets) socket.destroy();
    });
    await left;
    await Promise.all(Array.from(sessions.values(), ({ over }) => over));
    hard.cancel();
  };
}
