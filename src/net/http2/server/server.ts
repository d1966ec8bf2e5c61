import { createServer as createTcp, type Server as NetServer, type Socket } from "node:net";
import { systemClock, systemRandom } from "../../../kernel/index.ts";
import { dispatch } from "../../dispatch.ts";
import type { ServerHandler } from "../../exchange.ts";
import { drainRestMs } from "../../http1/limits.ts";
import { http1Beside, offering } from "../../http1-beside.ts";
import type { Http2ServerOptions } from "../../http2-options.ts";
import { listen, serverOf } from "../../listen.ts";
import { leavePort } from "../../socket/leave-port.ts";
import { acceptedPort, portOf, tlsFacts } from "../../socket/node-socket.ts";
import type { SocketPort } from "../../socket/port.ts";
import type { Http1ServerTls } from "../../socket/server-tls.ts";
import { createSecureServer } from "../../socket/tls.ts";
import { timerWheel } from "../../socket/wheel.ts";
import { streamsOf } from "../../streams-over.ts";
import type { ConnectionFigures, StreamHandler, StreamServer } from "../streams.ts";
import { Wire } from "../wire.ts";
import { choose, type Undecided } from "./choose.ts";
import { ServerConnection } from "./connection.ts";
import { StreamExchange } from "./exchange.ts";
import { Unsent } from "./unsent.ts";

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
  const wheel = timerWheel(clock);
  const connections = new Map<ServerConnection, PromiseWithResolvers<void>>();
  const sockets = new Set<Socket>();
  const http1 = options.http1 === true ? await http1Beside(http1Handler, options) : undefined;
  const onOver = (connection: ServerConnection): void => {
    connections.get(connection)?.resolve();
    connections.delete(connection);
  };
  const unsent = new Unsent(options.maxUnsentBytes ?? 256 * 1_024 * 1_024);
  const settings = { ...ageing(options), handler, onOver, unsent };
  /** Set when the server drains. */
  let leaving: { readonly graceMs: number; readonly restMs: number } | undefined;
  const leave = (connection: ServerConnection, graceMs: number): void =>
    graceMs > 0 ? connection.leave(graceMs, "the server is leaving") : connection.close();
  const begin = (port: SocketPort, early: Buffer | undefined): void => {
    const messages = { received: 0, sent: 0 };
    const peer = { remoteAddress: port.remoteAddress, secure: port.tls !== undefined, messages };
    const wire = new Wire(port, wheel);
    const connection = new ServerConnection(wire, { ...settings, peer });
    connections.set(connection, Promise.withResolvers());
    wire.listen(connection);
    if (early !== undefined) connection.receive(early);
    if (leaving !== undefined) leave(connection, leaving.graceMs);
  };
  const undecided = new Set<Undecided>();
  const choice = {
    ...{ wheel, undecided, http2: begin, http1: http1?.adopt ?? turnAway },
    get timeoutMs() {
      return leaving?.restMs ?? settings.handshakeMs;
    },
  };
  const accept = (port: SocketPort): void => {
    if (http1 === undefined && port.tls === undefined) begin(port, undefined);
    else choose(port, choice);
  };
  const node = listener({
    tls: tls === undefined ? undefined : offering(tls, http1),
    maxConnections,
    sockets,
    accept,
  });
  node.on("drop", () => options.onLimit?.("connections"));
  if (tls !== undefined) node.on("tlsClientError", onError);
  await listen(node, options.port, host, onError);
  const drain = async (graceMs: number): Promise<void> => {
    const restMs = Math.min(drainRestMs, graceMs / 2);
    leaving = { graceMs, restMs };
    for (const connection of connections.keys()) leave(connection, graceMs);
    for (const one of undecided) one.hurry(restMs);
    http1?.drain(restMs);
    const left = leavePort({ node, sockets, clock }, restMs);
    const end = clock.after(graceMs, () => {
      for (const socket of sockets) socket.destroy();
    });
    await left;
    await Promise.all(Array.from(connections.values(), ({ promise }) => promise));
    end.cancel();
  };
  const server = serverOf({ node, host, connections: () => sockets.size, drain });
  const figures = (): ConnectionFigures[] =>
    [...connections.keys()].map((connection) => connection.figures());
  return Object.defineProperty(server, "figures", { value: figures }) as StreamServer;
}

interface Listening {
  readonly tls: Http1ServerTls | undefined;
  readonly maxConnections: number;
  /** Where every open socket stands, also those whose handshake is not over. */
  readonly sockets: Set<Socket>;
  readonly accept: (port: SocketPort) => void;
}

/** The port, not open yet; a connection too many is closed at once. */
function listener({ tls, maxConnections, sockets, accept }: Listening): NetServer {
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const node =
    tls === undefined
      ? createTcp({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (accepted) => {
          const { socket, port } = acceptedPort(accepted);
          track(socket);
          accept(port);
        })
      : createSecureServer(tls, (socket) => accept(portOf(socket, tlsFacts(socket)))).on("connection", track);
  node.maxConnections = maxConnections;
  return node;
}

/** A client that agreed on nothing speaks HTTP/1.1, which is not served here. */
function turnAway(port: SocketPort): void {
  port.destroy();
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
