import type { Server as NetServer, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../../kernel/index.ts";
import type { Server } from "../../exchange.ts";
import { listen, serverOf } from "../../listen.ts";
import { leavePort } from "../../socket/leave-port.ts";
import { acceptedPort, portOf, tlsFacts } from "../../socket/node-socket.ts";
import type { SocketPort } from "../../socket/port.ts";
import type { Http1ServerTls } from "../../socket/server-tls.ts";
import { createSecureServer } from "../../socket/tls.ts";
import type { Http1Exchange } from "../engine.ts";
import { defaultMaxConnections, drainRestMs } from "../limits.ts";
import type { Http1ConnectionOptions, Http1EngineOptions } from "../options.ts";
import { ServerConnection } from "./connection.ts";
import { ServerShared } from "./shared.ts";

/** HTTP/1.1 on connections that somebody else accepts. */
export interface Http1Connections {
  /** Connections that are open now, tunnels included. */
  readonly size: number;
  /** Serves a connection; `early` are bytes of it that were read already. */
  adopt(socket: SocketPort, early?: Uint8Array): void;
  /** Answers 503 and closes. */
  refuse(socket: SocketPort): void;
  /** From now on every answer closes its connection; those that rest close after so many milliseconds; 0: now. */
  drain(restMs: number): void;
  /** Closes those that have not begun to answer. */
  destroyWaiting(): void;
  /** Closes all at once. */
  destroy(): void;
}

/** The engine without a listener: for whoever looks at the first bytes before it chooses a protocol. */
export function http1Connections(
  handler: (exchange: Http1Exchange) => void,
  options: Http1ConnectionOptions = {},
): Http1Connections {
  const shared = new ServerShared(handler, options);
  return {
    get size() {
      return shared.open.size + shared.tunnels.size;
    },
    adopt: (socket, early) => new ServerConnection(socket, shared).start(early),
    refuse: (socket) => new ServerConnection(socket, shared).refuse(),
    drain(restMs) {
      shared.drainRestMs = restMs;
      for (const connection of shared.open) connection.drain();
    },
    destroyWaiting() {
      for (const connection of shared.open) if (!connection.answering) connection.destroy();
    },
    destroy() {
      for (const connection of shared.open) connection.destroy();
      for (const socket of shared.tunnels) socket.destroy();
    },
  };
}

/**
 * Serves HTTP/1.1 on the engine: `handler` gets each request as an exchange in callback form.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 * @example const server = await startHttp1Server((x) => x.send(200, [], "hello"), { port: 0 });
 */
export async function startHttp1Server(
  handler: (exchange: Http1Exchange) => void,
  options: Http1EngineOptions,
): Promise<Server> {
  const host = options.host ?? "127.0.0.1";
  const clock = options.clock ?? systemClock;
  const connections = http1Connections(handler, options);
  const maxConnections = options.maxConnections ?? defaultMaxConnections;
  const restMs = options.drainRestMs ?? drainRestMs;
  const accept = (socket: SocketPort): void => {
    if (connections.size < maxConnections) connections.adopt(socket);
    else {
      options.onRefused?.();
      connections.refuse(socket);
    }
  };
  const sockets = new Set<Socket>();
  const node = await createListener(options.tls, accept, sockets);
  if (options.tls !== undefined) {
    // Nobody can be told anything before a handshake is over: a flood of those that never are is cut short.
    node.maxConnections = maxConnections + Math.min(maxConnections, maxHandshakes);
    node.on("drop", () => options.onLimit?.("connections"));
  }
  await listen(node, options.port, host, options.onError, options.reusePort);
  return serverOf({
    node,
    host,
    connections: () => connections.size,
    drain: (graceMs, streamsMs) => drain({ node, sockets, connections, clock, restMs }, graceMs, streamsMs),
  });
}

/** Connections above `maxConnections` that may be in their handshake, or hear that there is no room. */
const maxHandshakes = 1_000;

async function createListener(
  tls: Http1ServerTls | undefined,
  accept: (socket: SocketPort) => void,
  sockets: Set<Socket>,
): Promise<NetServer> {
  const track = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  if (tls !== undefined) {
    const node = createSecureServer(tls, (socket: TLSSocket) => accept(portOf(socket, tlsFacts(socket))));
    node.on("connection", track);
    return node;
  }
  const { createServer } = await import("node:net");
  return createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (accepted) => {
    const { socket, port } = acceptedPort(accepted);
    track(socket);
    accept(port);
  });
}

interface Draining {
  readonly node: NetServer;
  readonly sockets: ReadonlySet<Socket>;
  readonly connections: Http1Connections;
  readonly clock: Clock;
  readonly restMs: number;
}

/** Lets exchanges end, closes the port, and cuts what is left when its grace is over. */
async function drain(
  { node, sockets, connections, clock, restMs }: Draining,
  graceMs: number,
  streamsMs: number,
): Promise<void> {
  const rest = Math.min(restMs, graceMs / 2);
  connections.drain(rest);
  const closed = leavePort({ node, sockets, clock }, rest);
  const soft = clock.after(graceMs, () => connections.destroyWaiting());
  const hard = clock.after(streamsMs, () => {
    connections.destroy();
    for (const socket of sockets) socket.destroy();
  });
  await closed;
  soft.cancel();
  hard.cancel();
}
