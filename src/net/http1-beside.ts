import { systemClock } from "../kernel/index.ts";
import type { ServerHandler } from "./exchange.ts";
import type { Http2ServerOptions } from "./http2-options.ts";
import type { SocketPort } from "./socket/port.ts";
import type { Http1ServerTls } from "./socket/server-tls.ts";

/** HTTP/1.1 on the same port; loaded only where it is wanted. */
export async function http1Beside(handler: ServerHandler, options: Http2ServerOptions): Promise<Http1Side> {
  const [{ http1Connections }, { handOver }] = await Promise.all([
    import("./http1/server/start.ts"),
    import("./http1/server/to-exchange.ts"),
  ]);
  const { onError, onLimit, onMalformed, clock = systemClock } = options;
  const connections = http1Connections((exchange) => handOver(handler, exchange, onError), {
    clock,
    ...(onLimit === undefined ? {} : { onLimit }),
    ...(onMalformed === undefined ? {} : { onMalformed }),
  });
  return {
    adopt: (port, early) => connections.adopt(port, early),
    drain: (restMs) => connections.drain(restMs),
  };
}

export interface Http1Side {
  adopt(port: SocketPort, early: Buffer | undefined): void;
  drain(restMs: number): void;
}

/** RFC 9113 §3.2: what a client may choose from by ALPN. */
export function offering(tls: Http1ServerTls, http1: Http1Side | undefined): Http1ServerTls {
  return { ...tls, protocols: http1 === undefined ? ["h2"] : ["h2", "http/1.1"] };
}
