import type { TLSSocket } from "node:tls";
import type { ClientTls } from "../http2-options.ts";
import { lendingSocket, portOf, tlsFacts } from "./node-socket.ts";
import type { SocketPort } from "./port.ts";
import { Deadline, type TimerWheel } from "./wheel.ts";

/** Where to connect and how. */
export interface DialTarget {
  readonly host: string;
  readonly port: number;
  /** Undefined speaks plain text. */
  readonly tls: ClientTls | undefined;
  /** What TLS offers by ALPN; default http/1.1. */
  readonly protocols?: readonly string[];
}

/** A connection attempt under way. */
export interface Dialing {
  /** Gives up; nothing more is told. */
  cancel(): void;
}

/** What became of it. */
export interface DialListener {
  onConnected(socket: SocketPort): void;
  onFailed(error: Error): void;
}

/** Connects, handshake included, within `timeoutMs`; tells its listener once, never during this call. */
export function dial(
  target: DialTarget,
  timeoutMs: number,
  wheel: TimerWheel,
  listener: DialListener,
): Dialing {
  let over = false;
  let attempt: Attempt;
  try {
    attempt = target.tls === undefined ? plain(target) : secure(target, target.tls);
  } catch (cause) {
    // A certificate that cannot be read is no reason to break whoever only asked for a connection.
    queueMicrotask(() => {
      if (!over) listener.onFailed(cause instanceof Error ? cause : new Error(String(cause)));
    });
    return {
      cancel() {
        over = true;
      },
    };
  }
  const { socket } = attempt;
  const settle = (): boolean => {
    if (over) return false;
    over = true;
    wheel.remove(late);
    return true;
  };
  const fail = (error: Error): void => {
    if (!settle()) return;
    socket.destroy();
    listener.onFailed(error);
  };
  const late = new Deadline(() => fail(timeout(target, timeoutMs)));
  wheel.set(late, timeoutMs);
  socket.setNoDelay(true);
  socket.once(attempt.ready, () => {
    if (!settle()) return;
    socket.off("error", fail);
    listener.onConnected(attempt.port());
  });
  socket.on("error", fail);
  return {
    cancel() {
      if (settle()) socket.destroy();
    },
  };
}

interface Attempt {
  readonly socket: import("node:net").Socket;
  readonly ready: "connect" | "secureConnect";
  port(): SocketPort;
}

function plain({ host, port }: DialTarget): Attempt {
  const lending = lendingSocket();
  lending.socket.connect({ host, port });
  return { socket: lending.socket, ready: "connect", port: () => lending.port() };
}

function secure({ host, port, protocols }: DialTarget, tls: ClientTls): Attempt {
  const { connect } = process.getBuiltinModule("node:tls");
  const { isIP } = process.getBuiltinModule("node:net");
  const serverName = tls.serverName ?? host;
  const socket: TLSSocket = connect({
    host,
    port,
    // RFC 6066 §3: an address is no server name.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ALPNProtocols: [...(protocols ?? ["http/1.1"])],
    minVersion: "TLSv1.2",
  });
  return { socket, ready: "secureConnect", port: () => portOf(socket, tlsFacts(socket)) };
}

/** Carries the code of the operating system's own time-out. */
class ConnectTimeout extends Error {
  readonly code = "ETIMEDOUT";
}

function timeout({ host, port }: DialTarget, timeoutMs: number): Error {
  return new ConnectTimeout(`no connection to ${host}:${port} within ${timeoutMs} ms`);
}
