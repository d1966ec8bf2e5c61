import { aborted, systemClock, TuskerError } from "../../kernel/index.ts";
import type { ClientAnswer, ClientRequest, Pool } from "../exchange.ts";
import type { Http2PoolOptions } from "../http2-options.ts";
import { Connection, netError } from "./connection.ts";
import { send } from "./stream.ts";

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
export function nodePool(origin: string, options: Http2PoolOptions = {}): Pool {
  const clock = options.clock ?? systemClock;
  let current: Connection | undefined;
  /** Also those that were retired and still run streams. */
  const connections = new Set<Connection>();
  const dial = (): Connection => {
    const connection = new Connection(origin, options, clock);
    connections.add(connection);
    connection.session.once("close", () => connections.delete(connection));
    return connection;
  };
  let closed = false;
  const attempt = async (request: ClientRequest): Promise<ClientAnswer> => {
    if (closed) throw netError("NET_CONNECT", `the connections to ${origin} were closed`, origin, false);
    if (request.signal?.aborted === true) throw aborted(request.signal);
    if (current === undefined || !current.usable) current = dial();
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
      await Promise.all([...connections].map((connection) => connection[Symbol.asyncDispose]()));
    },
  };
}

function wasRefused(error: unknown): boolean {
  return error instanceof TuskerError && error.code === "NET_RESET" && error.details.sent === false;
}

function canReplay(body: ClientRequest["body"]): boolean {
  return body === undefined || typeof body === "string" || body instanceof Uint8Array;
}
