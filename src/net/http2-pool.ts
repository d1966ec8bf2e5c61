import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { aborted, type Clock, systemClock, systemCode, type Timer, TuskerError } from "../kernel/index.ts";
import { readAll } from "./bytes.ts";
import { type ClientAnswer, type ClientRequest, type HeaderList, headerOf, type Pool } from "./exchange.ts";
import { fromWire, toWire } from "./http2-headers.ts";

export interface Http2PoolOptions {
  /** Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** A connection without streams is closed after this time; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** How long a connection on which a request went unanswered may take to answer a PING; default 1,000. */
  readonly pingTimeoutMs?: number;
  readonly clock?: Clock;
}

/**
 * One multiplexed HTTP/2 connection to one origin over `node:http2`: the `compat` engine. Requests above the peer's
 * limit of concurrent streams wait for a free one. A connection the peer retires, or that stops answering PING, is
 * replaced by the next request.
 *
 * A stream the peer provably did not process (REFUSED_STREAM, or above the last id of a GOAWAY, RFC 9113 §8.7) is sent
 * once more; refused again it fails with NET_RESET and `details.sent` false.
 *
 * @param origin for example "http://127.0.0.1:9090" (h2c with prior knowledge) or "https://…" (ALPN h2)
 */
export function http2Pool(origin: string, options: Http2PoolOptions = {}): Pool {
  const clock = options.clock ?? systemClock;
  let current: Connection | undefined;
  let closed = false;
  const attempt = async (request: ClientRequest): Promise<ClientAnswer> => {
    if (closed) throw netError("NET_CONNECT", `the connections to ${origin} were closed`, origin, false);
    if (request.signal?.aborted === true) throw aborted(request.signal);
    if (current === undefined || !current.usable) current = new Connection(origin, options, clock);
    const connection = current;
    await connection.ready(request.signal);
    return send(connection, request, clock);
  };
  return {
    origin,
    async request(request) {
      try {
        return await attempt(request);
      } catch (error) {
        // RFC 9113 §8.7: a refused stream was not processed; it typically met a connection that was just retired.
        if (!wasRefused(error) || !canReplay(request.body)) throw error;
        const { onSent: _said, ...again } = request;
        return attempt(again);
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await current?.[Symbol.asyncDispose]();
    },
  };
}

function wasRefused(error: unknown): boolean {
  return error instanceof TuskerError && error.code === "NET_RESET" && error.details.sent === false;
}

function canReplay(body: ClientRequest["body"]): boolean {
  return body === undefined || typeof body === "string" || body instanceof Uint8Array;
}

/** One session and what is known of its health. */
class Connection implements AsyncDisposable {
  readonly origin: string;
  readonly session: ClientHttp2Session;
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #pingMs: number;
  #checking: Promise<void> | undefined;
  readonly #connected: Promise<void>;
  #streams = 0;
  #idle: Timer | undefined;
  #retired = false;

  constructor(origin: string, options: Http2PoolOptions, clock: Clock) {
    this.origin = origin;
    this.#clock = clock;
    this.#idleMs = options.idleTimeoutMs ?? 60_000;
    this.#pingMs = options.pingTimeoutMs ?? 1_000;
    this.session = connect(origin, { settings: { enablePush: false }, maxSessionMemory: 64 });
    this.#connected = this.#connect(options.connectTimeoutMs ?? 3_000);
    // Every request awaits it; without one the failure is nobody's.
    this.#connected.catch(() => undefined);
    this.session.on("goaway", () => {
      this.#retired = true;
    });
    this.session.on("close", () => {
      this.#retired = true;
      this.#idle?.cancel();
    });
  }

  get usable(): boolean {
    return !this.#retired && !this.session.closed && !this.session.destroyed;
  }

  /** Resolves when the connection may be used; rejects NET_CONNECT with nothing sent. */
  async ready(signal: AbortSignal | undefined): Promise<void> {
    const wait =
      this.#checking === undefined ? this.#connected : Promise.all([this.#connected, this.#checking]);
    if (signal === undefined) {
      await wait;
      return;
    }
    const gone = Promise.withResolvers<never>();
    const onAbort = (): void => gone.reject(aborted(signal));
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([wait, gone.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Counts a stream in; the connection rests when the last one is over. */
  hold(stream: ClientHttp2Stream): void {
    this.#streams++;
    this.#idle?.cancel();
    this.session.ref();
    stream.once("close", () => {
      this.#streams--;
      if (this.#streams > 0 || this.session.destroyed) return;
      // An idle connection must not keep a finished process alive.
      this.session.unref();
      this.#idle = this.#clock.after(this.#idleMs, () => this.session.close(), { background: true });
    });
  }

  /** Somebody gave up waiting: a peer that has vanished also leaves a PING unanswered and loses the connection. */
  suspect(): void {
    if (this.#checking !== undefined || !this.usable) return;
    this.#checking = new Promise((resolve) => {
      const done = (): void => {
        limit.cancel();
        this.#checking = undefined;
        resolve();
      };
      const limit = this.#clock.after(this.#pingMs, () => {
        this.session.destroy();
        done();
      });
      this.session.once("close", done);
      if (!this.session.ping(done)) done();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#idle?.cancel();
    if (this.session.destroyed) return;
    const over = new Promise<void>((resolve) => this.session.once("close", resolve));
    this.session.destroy();
    await over;
  }

  #connect(timeoutMs: number): Promise<void> {
    const { session, origin } = this;
    return new Promise((resolve, reject) => {
      const limit = this.#clock.after(timeoutMs, () => {
        reject(netError("NET_CONNECT", `cannot connect to ${origin} within ${timeoutMs} ms`, origin, false));
        session.destroy();
      });
      session.once("connect", () => {
        limit.cancel();
        resolve();
      });
      session.on("error", (cause) => {
        limit.cancel();
        const reason = systemCode(cause) ?? cause.name;
        reject(netError("NET_CONNECT", `cannot connect to ${origin} (${reason})`, origin, false, cause));
      });
      session.once("close", () => {
        limit.cancel();
        reject(netError("NET_CONNECT", `the connection to ${origin} was closed`, origin, false));
      });
    });
  }
}

/** Sends one request on a ready connection; resolves with the head of the answer. */
function send(connection: Connection, request: ClientRequest, clock: Clock): Promise<ClientAnswer> {
  const { origin, session } = connection;
  const { signal, body } = request;
  if (!connection.usable) {
    return Promise.reject(netError("NET_CONNECT", `the connection to ${origin} was closed`, origin, false));
  }
  const host = headerOf(request.headers ?? [], "host") ?? new URL(origin).host;
  const pseudo = [
    ":method",
    request.method,
    ":scheme",
    origin.slice(0, origin.indexOf(":")),
    ":authority",
    host,
  ];
  const headers = toWire([...pseudo, ":path", request.path], withoutHost(request.headers ?? []));
  const stream = session.request(headers, { endStream: body === undefined });
  connection.hold(stream);
  request.onSent?.();
  const headMs = request.headTimeoutMs ?? 30_000;
  return new Promise((resolve, reject) => {
    const state: StreamState = { failure: undefined, trailers: [] };
    const fail = (error: TuskerError): void => {
      state.failure ??= error;
      limit.cancel();
      signal?.removeEventListener("abort", onAbort);
      reject(state.failure);
    };
    const giveUp = (error: TuskerError): void => {
      fail(error);
      stream.close(constants.NGHTTP2_CANCEL);
      connection.suspect();
    };
    const onAbort = (): void => {
      if (signal !== undefined) giveUp(aborted(signal));
    };
    const limit = clock.after(headMs, () =>
      giveUp(netError("NET_TIMEOUT", `${origin} did not answer within ${headMs} ms`, origin, true)),
    );
    signal?.addEventListener("abort", onAbort, { once: true });
    stream.on("error", (cause) => fail(streamError(stream, origin, cause)));
    stream.once("response", (_headers, _flags, raw) => {
      limit.cancel();
      resolve(answerOf(stream, fromWire(raw), statusOf(raw), state, origin));
    });
    stream.on("trailers", (_headers, _flags, raw) => {
      state.trailers = fromWire(raw);
    });
    stream.once("close", () => fail(streamError(stream, origin, undefined)));
    void feed(stream, body);
  });
}

interface StreamState {
  failure: TuskerError | undefined;
  trailers: HeaderList;
}

async function feed(stream: ClientHttp2Stream, body: ClientRequest["body"]): Promise<void> {
  if (body === undefined) return;
  if (typeof body === "string" || body instanceof Uint8Array) {
    stream.end(body);
    return;
  }
  try {
    for await (const chunk of body) {
      if (stream.destroyed || stream.closed) return;
      if (!stream.write(chunk)) await drainedOrClosed(stream);
    }
    stream.end();
  } catch {
    // Our own body broke: the peer must not take what it has for the whole (RFC 9113 §8.1.1).
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }
}

function drainedOrClosed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
  });
}

function answerOf(
  stream: ClientHttp2Stream,
  headers: HeaderList,
  status: number,
  state: StreamState,
  origin: string,
): ClientAnswer {
  const body = bodyOf(stream, state, origin);
  const bytes = (maxBytes: number): Promise<Uint8Array> =>
    readAll(body, maxBytes, headerOf(headers, "content-length"));
  return {
    status,
    headers,
    body,
    header: (name) => headerOf(headers, name),
    bytes,
    text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
    trailers: () => state.trailers,
    discard: () => {
      stream.close(constants.NGHTTP2_CANCEL);
    },
  };
}

async function* bodyOf(
  stream: ClientHttp2Stream,
  state: StreamState,
  origin: string,
): AsyncGenerator<Uint8Array> {
  let ended = false;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk;
    ended = true;
  } catch (cause) {
    throw state.failure ?? streamError(stream, origin, cause);
  } finally {
    if (!ended) stream.close(constants.NGHTTP2_CANCEL);
  }
  // node ends the readable side of a stream reset with CANCEL as if the body were complete.
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    throw state.failure ?? streamError(stream, origin, undefined);
}

function streamError(stream: ClientHttp2Stream, origin: string, cause: unknown): TuskerError {
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  const why = refused ? "refused the request" : "closed the stream before its answer was complete";
  return netError("NET_RESET", `${origin} ${why} (${resetName(stream.rstCode)})`, origin, !refused, cause);
}

function resetName(code: number | undefined): string {
  const names = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT"];
  const more = ["STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR"];
  return [...names, ...more][code ?? 0] ?? `error ${code}`;
}

function netError(
  code: "NET_CONNECT" | "NET_RESET" | "NET_TIMEOUT",
  message: string,
  origin: string,
  sent: boolean,
  cause?: unknown,
): TuskerError {
  return new TuskerError(code, message, { cause, details: { origin, sent } });
}

function statusOf(raw: readonly string[]): number {
  return Number(headerOf(raw, ":status") ?? 0);
}

function withoutHost(headers: HeaderList): HeaderList {
  return headers.filter((_text, i) => headers[i - (i % 2)]?.toLowerCase() !== "host");
}
