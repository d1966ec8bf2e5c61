import { createServer, type Server as NetServer, type Socket } from "node:net";
import type { Clock } from "../../kernel/index.ts";
import { preface } from "../http2/words.ts";
import { portOf, tlsFacts } from "../socket/node-socket.ts";
import type { SocketPort } from "../socket/port.ts";
import type { Http1ServerTls } from "../socket/server-tls.ts";
import { createSecureServer } from "../socket/tls.ts";

export interface FrontOptions {
  /** Undefined: clear text. */
  readonly tls: Http1ServerTls | undefined;
  readonly maxConnections: number;
  /** How long a client of clear text may say nothing. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly http2: (socket: Socket) => void;
  /** Undefined: whoever speaks HTTP/1.1 is closed. */
  readonly http1: ((port: SocketPort) => void) | undefined;
}

/** The port in front of `node:http2`, not open yet. */
export interface Front {
  readonly node: NetServer;
  readonly sockets: ReadonlySet<Socket>;
}

/** Tells protocols apart: by ALPN where there is TLS, else by the first bytes (RFC 9113 §3.3). */
export function createFront(options: FrontOptions): Front {
  const { tls, maxConnections, http2, http1 } = options;
  const sockets = new Set<Socket>();
  const admit = (socket: Socket): boolean => {
    socket.on("error", () => {});
    if (sockets.size >= maxConnections) {
      socket.destroy();
      return false;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    return true;
  };
  if (tls !== undefined) {
    const node = createSecureServer(tls, (socket) => {
      if (!admit(socket)) return;
      if (socket.alpnProtocol === "h2") http2(socket);
      else if (http1 === undefined) socket.destroy();
      else http1(portOf(socket, tlsFacts(socket)));
    });
    return { node, sockets };
  }
  const node = createServer({ noDelay: true }, (socket) => {
    if (!admit(socket)) return;
    if (http1 === undefined) http2(socket);
    else decide(socket, options, (early) => (early ? http2(socket) : http1(portOf(socket))));
  });
  return { node, sockets };
}

/** Three bytes decide: no method of HTTP/1.1 begins with `PRI`. What was read is put back. */
function decide(socket: Socket, { clock, timeoutMs }: FrontOptions, tell: (isHttp2: boolean) => void): void {
  let early: Buffer = Buffer.alloc(0);
  const limit = clock.after(timeoutMs, () => socket.destroy(), { background: true });
  const settle = (): void => {
    limit.cancel();
    socket.off("readable", onReadable).off("close", settle);
  };
  const onReadable = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    early = Buffer.concat([early, chunk]);
    const enough = Math.min(early.byteLength, 3);
    const maybe = preface.compare(early, 0, enough, 0, enough) === 0;
    if (maybe && enough < 3) return;
    settle();
    socket.unshift(early);
    tell(maybe);
  };
  socket.on("readable", onReadable).once("close", settle);
}
