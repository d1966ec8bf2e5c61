import { toTuskerError } from "../../kernel/index.ts";
import type { ClientAnswer, Pool, ServerExchange } from "../../net/index.ts";
import type { ForwardedAnswer, Forwarder, ForwardOutcome, ForwardRequest } from "./forwarder.ts";
import type { Lines } from "./lines.ts";

/** The forwarder over `net`'s exchange and pool, whichever engine is below them. */
export function pooledForwarder<C extends { readonly pool: Pool }>(
  name: Forwarder["name"],
  lines: Lines<C>,
): Forwarder {
  return {
    name,
    async forward(request, to) {
      const line = lines.enter(to);
      const outcome = await send(line.connections.pool, request, () => lines.leave(line));
      if (!outcome.ok) lines.leave(line);
      return outcome;
    },
    retire: (endpoint) => lines.retire(endpoint),
    [Symbol.asyncDispose]: () => lines[Symbol.asyncDispose](),
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
      ...(request.trailers === undefined ? {} : { trailers: request.trailers }),
      signal: request.signal,
      // The signal carries the time of the try; the pool's own must not be shorter.
      headTimeoutMs: longestWaitMs,
      onSent: () => {
        sent = true;
      },
      ...(request.onInform === undefined ? {} : { onInform: request.onInform }),
    });
    return { ok: true, answer: forwarded(answer, request.method, onEnd) };
  } catch (error) {
    return failed(error, sent);
  }
}

/** A day: longer than any timeout of a route makes sense. */
const longestWaitMs = 86_400_000;

/** What a failure of the engine says of a try. */
export function failed(error: unknown, sent: boolean): Extract<ForwardOutcome, { ok: false }> {
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
