import { once } from "node:events";
import { constants, createServer, type Http2Server, type Http2Session } from "node:http2";
import { type Clock, systemClock, systemRandom, type Timer } from "../../kernel/index.ts";
import { dispatch } from "../dispatch.ts";
import type { Server, ServerHandler } from "../exchange.ts";
import type { Http2ServerOptions } from "../http2-options.ts";
import { listen, serverOf } from "../listen.ts";
import { Http2Exchange } from "./exchange.ts";

/** Where to listen and how long connections live. */
/**
 * Serves HTTP/2 in clear text with prior knowledge (h2c, RFC 9113 §3.3) over `node:http2`: the `compat` engine.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveNode(handler: ServerHandler, options: Http2ServerOptions): Promise<Server> {
  const host = options.host ?? "127.0.0.1";
  const sessions = new Map<Http2Session, Life>();
  const maxConnections = options.maxConnections ?? 10_000;
  const clock = options.clock ?? systemClock;
  const pace = { timeoutMs: options.bodyTimeoutMs ?? 30_000, clock };
  const node = createServer({
    settings: {
      maxConcurrentStreams: options.maxConcurrentStreams ?? 100,
      maxHeaderListSize: options.maxHeadBytes ?? 32 * 1024,
      enablePush: false,
    },
    maxSessionMemory: 10,
  });
  node.on("session", (session) => {
    if (sessions.size >= maxConnections) {
      session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
      return;
    }
    const life = new Life(session, options);
    sessions.set(session, life);
    session.once("close", () => {
      life[Symbol.dispose]();
      sessions.delete(session);
    });
    // A session that breaks closes; its streams tell their handlers through the exchange's signal.
    session.on("error", () => session.destroy());
  });
  node.on("stream", (stream, _headers, _flags, raw) => {
    stream.on("error", () => stream.close());
    if (stream.session !== undefined) sessions.get(stream.session)?.began(stream);
    dispatch(handler, new Http2Exchange(stream, raw, pace), options.onError);
  });
  await listen(node, options.port, host, options.onError);
  const drain = drainOf(node, sessions, clock);
  return serverOf({ node, host, connections: () => sessions.size, drain });
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
    if (this.#streams === 0) {
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
  }

  [Symbol.dispose](): void {
    this.#age?.cancel();
    this.#idle?.cancel();
    this.#grace?.cancel();
  }

  #rest(): void {
    if (this.#session.destroyed) return;
    this.#idle = this.#clock.after(this.#idleMs, () => this.leave(this.#graceMs), { background: true });
  }
}

function drainOf(
  node: Http2Server,
  sessions: Map<Http2Session, Life>,
  clock: Clock,
): (graceMs: number) => Promise<void> {
  return async (graceMs) => {
    const closed = [once(node, "close"), ...[...sessions.values()].map((life) => life.over)];
    node.close();
    for (const life of sessions.values()) life.leave(graceMs);
    const hard = clock.after(graceMs, () => {
      for (const session of sessions.keys()) session.destroy();
    });
    await Promise.all(closed);
    hard.cancel();
  };
}
