import { createServer as createTcp, type Socket } from "node:net";
import { createServer as createTls, type TLSSocket } from "node:tls";
import { systemClock, systemRandom } from "../../../kernel/index.ts";
import { dispatch } from "../../dispatch.ts";
import type { Server, ServerHandler } from "../../exchange.ts";
import type { Http2ServerOptions, ServerTls } from "../../http2-options.ts";
import { listen, serverOf } from "../../listen.ts";
import { plainAddress } from "../../sockets.ts";
import { Wire } from "../wire.ts";
import { ServerConnection, type StreamHandler } from "./connection.ts";
import { StreamExchange } from "./exchange.ts";

/** A server of HTTP/2, and who is connected. */
export interface StreamServer extends Server {
  figures(): readonly ConnectionFigures[];
}

/** One connection, for whoever operates the server. */
export interface ConnectionFigures {
  readonly remoteAddress: string;
  readonly ageMs: number;
  /** Streams now, and since the connection was made. */
  readonly streams: number;
  readonly streamsBegun: number;
}

/** Serves HTTP/2 on the engine, exchange by exchange. @throws TuskerError NET_PORT_TAKEN, NET_BIND */
export function serveExchanges(handler: ServerHandler, options: Http2ServerOptions): Promise<StreamServer> {
  const pace = { timeoutMs: options.bodyTimeoutMs ?? 30_000, clock: options.clock ?? systemClock };
  return serveOnStreams((stream, fields, peer) => {
    const exchange = new StreamExchange(stream, fields, peer, pace);
    // The bytes at hand may hold the end of a short request: the handler begins when it is known.
    queueMicrotask(() => dispatch(handler, exchange, options.onError));
    return exchange;
  }, options);
}

/**
 * Serves HTTP/2 on the engine, stream by stream: in clear text with prior knowledge (h2c, RFC 9113 §3.3), or over TLS
 * with ALPN (§3.2).
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function serveOnStreams(
  handler: StreamHandler,
  options: Http2ServerOptions,
): Promise<StreamServer> {
  const host = options.host ?? "127.0.0.1";
  const { clock = systemClock, onError = () => {}, maxConnections = 10_000, tls } = options;
  const connections = new Map<ServerConnection, { readonly address: string; readonly over: Promise<void> }>();
  const accept = (socket: Socket): void => {
    if (connections.size >= maxConnections) {
      socket.on("error", () => {}).destroy();
      return;
    }
    const peer = { remoteAddress: plainAddress(socket.remoteAddress), secure: tls !== undefined };
    const wire = new Wire(socket, clock);
    const connection = new ServerConnection(wire, { ...ageing(options), handler, peer, onError });
    const over = Promise.withResolvers<void>();
    connections.set(connection, { address: peer.remoteAddress, over: over.promise });
    wire.listen(
      (chunk) => connection.connection.receive(chunk),
      () => {
        connection.connection.lose(undefined);
        connections.delete(connection);
        over.resolve();
      },
    );
  };
  const node = tls === undefined ? createTcp(accept) : createTls(tlsOptions(tls), acceptH2(accept));
  if (tls !== undefined) node.on("tlsClientError", onError);
  await listen(node, options.port, host, onError);
  const drain = async (graceMs: number): Promise<void> => {
    const stopped = new Promise<void>((resolve) => node.close(() => resolve()));
    const open = [...connections];
    for (const [connection] of open) {
      if (graceMs > 0) connection.leave(graceMs, "the server is leaving");
      else connection.cut();
    }
    await Promise.all([stopped, ...open.map(([, { over }]) => over)]);
  };
  const server = serverOf({ node, host, connections: () => connections.size, drain });
  const figures = (): ConnectionFigures[] =>
    [...connections].map(([{ connection, sinceMs, begun }, { address }]) => ({
      remoteAddress: address,
      ageMs: Math.round(clock.now() - sinceMs),
      streams: connection.streams.size,
      streamsBegun: begun,
    }));
  return Object.defineProperty(server, "figures", { value: figures }) as StreamServer;
}

/** One more than a body of the gRPC default fits into the windows of a whole connection. */
const window = { streamWindow: 256 * 1_024, connectionWindow: 4 * 1_024 * 1_024 };

function ageing(options: Http2ServerOptions) {
  return {
    limits: {
      ...window,
      maxConcurrentStreams: options.maxConcurrentStreams ?? 100,
      maxListSize: options.maxHeadBytes ?? 32 * 1_024,
      extendedConnect: options.extendedConnect ?? false,
    },
    handshakeMs: options.handshakeTimeoutMs ?? 10_000,
    idleMs: options.maxConnectionIdleMs ?? 60_000,
    ageMs: options.maxConnectionAgeMs,
    graceMs: options.maxConnectionAgeGraceMs ?? 10_000,
    stallMs: options.stallTimeoutMs ?? 60_000,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

function tlsOptions({ cert, key, clientCa }: ServerTls) {
  const asked = clientCa === undefined ? {} : { ca: clientCa, requestCert: true, rejectUnauthorized: true };
  // RFC 9113 §9.2: TLS 1.2 is the least, and it is not renegotiated (§9.2.1); Node does neither below nor otherwise.
  return { cert, key, ALPNProtocols: ["h2"], minVersion: "TLSv1.2" as const, ...asked };
}

/** A client that agreed on nothing speaks HTTP/1.1, which is not served here. */
function acceptH2(accept: (socket: Socket) => void): (socket: TLSSocket) => void {
  return (socket) => {
    if (socket.alpnProtocol === "h2") accept(socket);
    else socket.on("error", () => {}).destroy();
  };
}
