import { createServer as createTcp, type Socket } from "node:net";
import { systemClock, systemRandom } from "../../../kernel/index.ts";
import { dispatch } from "../../dispatch.ts";
import type { ServerHandler } from "../../exchange.ts";
import type { Http2ServerOptions } from "../../http2-options.ts";
import { listen, serverOf } from "../../listen.ts";
import type { Http1ServerTls } from "../../socket/server-tls.ts";
import { createSecureServer } from "../../socket/tls.ts";
import { plainAddress } from "../../sockets.ts";
import { streamsOf } from "../../streams-over.ts";
import type { ConnectionFigures, StreamHandler, StreamServer } from "../streams.ts";
import { Wire } from "../wire.ts";
import { choose } from "./choose.ts";
import { ServerConnection } from "./connection.ts";
import { StreamExchange } from "./exchange.ts";

/** Serves HTTP/2 on the engine, exchange by exchange. @throws TuskerError NET_PORT_TAKEN, NET_BIND */
export function serveExchanges(handler: ServerHandler, options: Http2ServerOptions): Promise<StreamServer> {
  const pace = { timeoutMs: options.bodyTimeoutMs ?? 30_000, clock: options.clock ?? systemClock };
  const streams: StreamHandler = (stream, fields, peer) => {
    const exchange = new StreamExchange(stream, fields, peer, pace);
    // The bytes at hand may hold the end of a short request: the handler begins when it is known.
    queueMicrotask(() => dispatch(handler, exchange, options.onError));
    return exchange;
  };
  return start(streams, handler, options);
}

/** Serves HTTP/2 on the engine, stream by stream. @throws TuskerError NET_PORT_TAKEN, NET_BIND */
export function serveOnStreams(handler: StreamHandler, options: Http2ServerOptions): Promise<StreamServer> {
  return start(handler, streamsOf(handler), options);
}

async function start(
  handler: StreamHandler,
  http1Handler: ServerHandler,
  options: Http2ServerOptions,
): Promise<StreamServer> {
  const host = options.host ?? "127.0.0.1";
  const { clock = systemClock, onError = () => {}, maxConnections = 10_000, tls } = options;
  const connections = new Map<ServerConnection, { readonly address: string; readonly over: Promise<void> }>();
  const sockets = new Set<Socket>();
  const http1 = options.http1 === true ? await http1Of(http1Handler, options) : undefined;
  const settings = { ...ageing(options), handler, onError };
  const begin = (socket: Socket, early: Buffer | undefined): void => {
    const peer = { remoteAddress: plainAddress(socket.remoteAddress), secure: tls !== undefined };
    const wire = new Wire(socket, clock);
    const connection = new ServerConnection(wire, { ...settings, peer });
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
    if (early !== undefined) connection.connection.receive(early);
  };
  const accept = (socket: Socket): void => {
    if (sockets.size >= maxConnections) {
      socket.on("error", () => {}).destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (http1 === undefined && tls === undefined) begin(socket, undefined);
    else
      choose(socket, {
        clock,
        timeoutMs: settings.handshakeMs,
        http2: begin,
        http1: http1?.adopt ?? turnAway,
      });
  };
  const node = tls === undefined ? createTcp(accept) : createSecureServer(offering(tls, http1), accept);
  if (tls !== undefined) node.on("tlsClientError", onError);
  await listen(node, options.port, host, onError);
  const drain = async (graceMs: number): Promise<void> => {
    const stopped = new Promise<void>((resolve) => node.close(() => resolve()));
    const open = [...connections];
    for (const [connection] of open) {
      if (graceMs > 0) connection.leave(graceMs, "the server is leaving");
      else connection.cut();
    }
    http1?.drain();
    const end = clock.after(graceMs, () => {
      for (const socket of sockets) socket.destroy();
    });
    await Promise.all([stopped, ...open.map(([, { over }]) => over)]);
    end.cancel();
  };
  const server = serverOf({ node, host, connections: () => sockets.size, drain });
  const figures = (): ConnectionFigures[] =>
    [...connections].map(([{ connection, sinceMs, begun }, { address }]) => ({
      remoteAddress: address,
      ageMs: Math.round(clock.now() - sinceMs),
      streams: connection.streams.size,
      streamsBegun: begun,
    }));
  return Object.defineProperty(server, "figures", { value: figures }) as StreamServer;
}

/** A client that agreed on nothing speaks HTTP/1.1, which is not served here. */
function turnAway(socket: Socket): void {
  socket.on("error", () => {}).destroy();
}

/** HTTP/1.1 on the same port; loaded only where it is wanted. */
async function http1Of(handler: ServerHandler, options: Http2ServerOptions): Promise<Http1Side> {
  const [{ http1Connections }, { handOver }, { portOf }] = await Promise.all([
    import("../../http1/server/start.ts"),
    import("../../http1/server/to-exchange.ts"),
    import("../../socket/node-socket.ts"),
  ]);
  const { onError, clock = systemClock } = options;
  const connections = http1Connections((exchange) => handOver(handler, exchange, onError), { clock });
  return {
    adopt: (socket, early) => connections.adopt(portOf(socket), early),
    drain: () => connections.drain(),
  };
}

interface Http1Side {
  adopt(socket: Socket, early: Buffer | undefined): void;
  drain(): void;
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

/** RFC 9113 §3.2: what a client may choose from by ALPN. */
function offering(tls: Http1ServerTls, http1: Http1Side | undefined): Http1ServerTls {
  return { ...tls, protocols: http1 === undefined ? ["h2"] : ["h2", "http/1.1"] };
}
