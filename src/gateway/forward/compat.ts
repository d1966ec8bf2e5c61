import type { Endpoint } from "../../discovery/index.ts";
import { toTuskerError } from "../../kernel/index.ts";
import { type ClientAnswer, http1Pool, type Pool, type ServerExchange } from "../../net/index.ts";
import type { ForwardedAnswer, Forwarder, ForwardOutcome, ForwardRequest } from "./forwarder.ts";

/** One endpoint's connections and who uses them. */
interface Line {
  readonly pool: Pool;
  users: number;
  retired: boolean;
}

export interface CompatOptions {
  /** Makes the connections to one origin; default `http1Pool`. */
  readonly pools?: (origin: string) => Pool;
  /** Hears of connections that could not be closed. */
  readonly onError: (error: unknown) => void;
}

/** The forwarder over `net`'s exchange and pool. */
export function compatForwarder(options: CompatOptions): Forwarder {
  const lines = new Map<string, Line>();
  const makePool = options.pools ?? ((origin: string) => http1Pool(origin, { transport: "compat" }));

  const close = async (line: Line): Promise<void> => line.pool[Symbol.asyncDispose]();
  const lineTo = (endpoint: Endpoint): Line => {
    const key = keyOf(endpoint);
    const line = lines.get(key) ?? { pool: makePool(originOf(endpoint)), users: 0, retired: false };
    lines.set(key, line);
    return line;
  };
  const leave = (line: Line): void => {
    line.users--;
    if (line.retired && line.users === 0) close(line).catch(options.onError);
  };

  return {
    name: "compat",
    async forward(request, to) {
      const line = lineTo(to);
      line.users++;
      const outcome = await send(line.pool, request, () => leave(line));
      if (!outcome.ok) leave(line);
      return outcome;
    },
    retire(endpoint) {
      const key = keyOf(endpoint);
      const line = lines.get(key);
      if (line === undefined) return;
      lines.delete(key);
      line.retired = true;
      if (line.users === 0) close(line).catch(options.onError);
    },
    async [Symbol.asyncDispose]() {
      const all = [...lines.values()];
      lines.clear();
      await Promise.all(all.map(close));
    },
  };
}

async function send(pool: Pool, request: ForwardRequest, onEnd: () => void): Promise<ForwardOutcome> {
  let sent = false;
  try {
    const answer = await pool.request({
      method: request.method,
      path: request.path,
      headers: request.headers,
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: request.signal,
      // The signal carries the time of the try; the pool's own must not be shorter.
      headTimeoutMs: longestWaitMs,
      onSent: () => {
        sent = true;
      },
    });
    return { ok: true, answer: forwarded(answer, request.method, onEnd) };
  } catch (error) {
    return failed(error, sent);
  }
}

/** A day: longer than any timeout of a route makes sense. */
const longestWaitMs = 86_400_000;

function failed(error: unknown, sent: boolean): ForwardOutcome {
  const cause = toTuskerError(error, "NET_RESET");
  const left = cause.code !== "NET_CONNECT" && (cause.details.sent ?? sent) === true;
  const stage = cause.code === "NET_MALFORMED" ? "protocol" : left ? "head" : "connect";
  return { ok: false, stage, cause, sent: left };
}

function forwarded(answer: ClientAnswer, method: string, onEnd: () => void): ForwardedAnswer {
  return {
    status: answer.status,
    headers: answer.headers,
    header: (name) => answer.header(name),
    async relay(exchange, headers, through) {
      try {
        await exchange.respond({
          status: answer.status,
          headers,
          body: through === undefined ? answer.body : through(answer.body),
          ...(mayTrail(answer, exchange, method) ? { trailers: () => answer.trailers() } : {}),
        });
      } finally {
        answer.discard();
        onEnd();
      }
    },
    discard() {
      answer.discard();
      onEnd();
    },
  };
}

/** RFC 9110 §6.5.1: trailers travel only in chunked bodies, announced, to a client that can take them. */
function mayTrail(answer: ClientAnswer, exchange: ServerExchange, method: string): boolean {
  return answer.header("trailer") !== undefined && method !== "HEAD" && exchange.httpVersion !== "1.0";
}

/** An id that moved to another address is another line. */
function keyOf(endpoint: Endpoint): string {
  return `${endpoint.id} ${originOf(endpoint)}`;
}

function originOf({ host, port }: Endpoint): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
