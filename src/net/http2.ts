import { toTuskerError } from "../kernel/index.ts";
import type { Pool, Server, ServerHandler } from "./exchange.ts";
import { Channel } from "./http2/client/channel.ts";
import { enginePool } from "./http2/client/pool.ts";
import { serveExchanges, serveOnStreams } from "./http2/server/server.ts";
import type { StreamChannel, StreamHandler, StreamServer } from "./http2/streams.ts";
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

/**
 * As `serveHttp2`, stream by stream: for protocols that are more than one body each way. No promise, no signal, no queue
 * is made that the handler does not ask for.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveStreams(
  handler: StreamHandler,
  options: Http2ServerOptions,
): Promise<StreamServer> {
  if (options.engine !== "node") return serveOnStreams(handler, options);
  const [{ serveNode }, { streamsOf }] = await Promise.all([
    import("./http2-node/server.ts"),
    import("./streams-over.ts"),
  ]);
  return Object.assign(await serveNode(streamsOf(handler), options), { figures: () => [] });
}

/** As `http2Pool`, stream by stream. */
export function streamChannel(origin: string, options: Http2PoolOptions = {}): StreamChannel {
  if (options.engine !== "node") return new Channel(origin, options);
  return lazyChannel(origin, async () => {
    const [{ nodePool }, { channelOf }] = await Promise.all([
      import("./http2-node/pool.ts"),
      import("./streams-over.ts"),
    ]);
    return channelOf(nodePool(origin, options));
  });
}

/** A channel that is made with its first stream. */
function lazyChannel(origin: string, make: () => Promise<StreamChannel>): StreamChannel {
  let made: Promise<StreamChannel> | undefined;
  let channel: StreamChannel | undefined;
  return {
    origin,
    open(user) {
      if (channel !== undefined) {
        channel.open(user);
        return;
      }
      made ??= make();
      made.then(
        (ready) => {
          channel = ready;
          ready.open(user);
        },
        (error: unknown) => user.onNoStream(toTuskerError(error)),
      );
    },
    cancel: (user) => channel?.cancel(user) ?? false,
    suspect: () => channel?.suspect(),
    [Symbol.asyncDispose]: async () => (await made)?.[Symbol.asyncDispose](),
  };
}
