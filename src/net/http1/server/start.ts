import type { Server as NetServer, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../../kernel/index.ts";
import type { Server } from "../../exchange.ts";
import { listen, serverOf } from "../../listen.ts";
import { portOf, tlsFacts } from "../../socket/node-socket.ts";
import type { SocketPort } from "../../socket/port.ts";
import { createSecureServer, type Http1ServerTls } from "../../socket/tls.ts";
import type { Http1Exchange } from "../engine.ts";
import { ServerConnection } from "./connection.ts";
import { type Http1ConnectionOptions, ServerShared } from "./shared.ts";

/** HTTP/1.1 on connections that somebody else accepts. */
export interface Http1Connections {
  /** Connections that are open now, tunnels included. */
  readonly size: number;
  /** Serves a connection; `early` are bytes of it that were read already. */
  adopt(socket: SocketPort, early?: Buffer): void;
  /** Answers 503 and closes. */
  refuse(socket: SocketPort): void;
  /** From now on every answer closes its connection; those that rest close now. */
  drain(): void;
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
    drain() {
      shared.draining = true;
      for (const connection of shared.open) connection.drain();
    },
    destroy() {
      for (const connection of shared.open) connection.destroy();
      for (const socket of shared.tunnels) socket.destroy();
    },
  };
}

/** Where to listen, for how many, and how much each may do. */
export interface Http1EngineOptions extends Http1ConnectionOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Lets several threads or processes listen on the same port (SO_REUSEPORT); default false. */
  readonly reusePort?: boolean;
  /** Connections above this are answered 503 and closed; default 10,000. */
  readonly maxConnections?: number;
  /** Hears of each connection refused by `maxConnections`. */
  readonly onRefused?: () => void;
  /** Speaks TLS; the certificate may change while running. */
  readonly tls?: Http1ServerTls;
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
  const maxConnections = options.maxConnections ?? 10_000;
  const accept = (socket: SocketPort): void => {
    if (connections.size < maxConnections) connections.adopt(socket);
    else {
      options.onRefused?.();
      connections.refuse(socket);
    }
  };
  const sockets = new Set<Socket>();
  const node = await createListener(options.tls, accept, sockets);
  await listen(node, options.port, host, options.onError, options.reusePort);
  return serverOf({
    node,
    host,
    connections: () => connections.size,
    drain: (graceMs) => drain(node, sockets, connections, clock, graceMs),
  });
}

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
  return createServer({ allowHalfOpen: true, noDelay: true, highWaterMark: 64 * 1024 }, (socket) => {
    track(socket);
    accept(portOf(socket));
  });
}

/** Closes the port, lets exchanges end, and cuts what is left when the grace is over. */
async function drain(
  node: NetServer,
  sockets: Set<Socket>,
  connections: Http1Connections,
  clock: Clock,
  graceMs: number,
): Promise<void> {
  // The port counts a connection as gone a moment before the connection itself is told.
  const gone = [...sockets].map((socket) => new Promise((resolve) => socket.once("close", resolve)));
  const closed = new Promise((resolve) => node.close(resolve));
  connections.drain();
  const hard = clock.after(graceMs, () => {
    connections.destroy();
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all([closed, ...gone]);
  hard.cancel();
}
