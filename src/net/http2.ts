import type { Pool, Server, ServerHandler } from "./exchange.ts";
import { enginePool } from "./http2/client/pool.ts";
import { serveExchanges } from "./http2/server/server.ts";
import type { Http2PoolOptions, Http2ServerOptions } from "./http2-options.ts";

/**
 * Serves HTTP/2: in clear text with prior knowledge (h2c, RFC 9113 §3.3), or over TLS with ALPN (§3.2).
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 * @example const server = await serveHttp2((x) => x.respond({ status: 200, body: "hello" }), { port: 0 });
 */
export async function serveHttp2(handler: ServerHandler, options: Http2ServerOptions): Promise<Server> {
  if (options.engine !== "node") return serveExchanges(handler, options);
  // Loaded when asked for: node:http2 costs a process more than our whole engine.
  const { serveNode } = await import("./http2-node/server.ts");
  return serveNode(handler, options);
}

/**
 * One multiplexed HTTP/2 connection to one origin. Requests above the peer's limit of concurrent streams wait for a
 * free one. A connection the peer retires, or that stops answering PING, is replaced by the next request.
 *
 * A stream the peer provably did not process (REFUSED_STREAM, or above the last id of a GOAWAY, RFC 9113 §8.7) is sent
 * once more; refused again it fails with NET_RESET and `details.sent` false.
 *
 * @param origin for example "http://127.0.0.1:9090" (h2c with prior knowledge) or "https://…" (ALPN h2)
 */
export function http2Pool(origin: string, options: Http2PoolOptions = {}): Pool {
  if (options.engine !== "node") return enginePool(origin, options);
  let pool: Promise<Pool> | undefined;
  const get = (): Promise<Pool> =>
    (pool ??= import("./http2-node/pool.ts").then(({ nodePool }) => nodePool(origin, options)));
  return {
    origin,
    request: async (request) => (await get()).request(request),
    [Symbol.asyncDispose]: async () => (await pool)?.[Symbol.asyncDispose](),
  };
}
