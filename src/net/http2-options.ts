import type { Clock, Random } from "../kernel/index.ts";
import type { Http1ConnectionOptions } from "./http1/options.ts";
import type { Http1ServerTls } from "./socket/server-tls.ts";

// Apart from the engines, so that types of Node stay out of what the door publishes.

/**
 * What speaks HTTP/2: our engine, or `node:http2`, which does the same more slowly and is there for comparison and for
 * whoever is in trouble with ours.
 */
export type Http2Engine = "tusker" | "node";

export interface Http2ServerOptions {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default "tusker". */
  readonly engine?: Http2Engine;
  /** SETTINGS_MAX_CONCURRENT_STREAMS; default 100. */
  readonly maxConcurrentStreams?: number;
  /** Default 10,000; more are closed at once. */
  readonly maxConnections?: number;
  /** Longest pause while a request body arrives; default 30,000. */
  readonly bodyTimeoutMs?: number;
  /** A connection without streams is asked to leave after this; default 60,000. */
  readonly maxConnectionIdleMs?: number;
  /** A connection is asked to leave after this, ±10 % (gRFC A9); default never. */
  readonly maxConnectionAgeMs?: number;
  /** How long streams of a connection that was asked to leave may still run; default 10,000. */
  readonly maxConnectionAgeGraceMs?: number;
  /** Octets of a request's header list; default 32 KiB. */
  readonly maxHeadBytes?: number;
  /**
   * From the first byte to the client's SETTINGS and its confirmation of ours; default 10,000. With "node" only to the
   * choice of a protocol.
   */
  readonly handshakeTimeoutMs?: number;
  /** How long a client may leave an answer unread; default 60,000. Not with "node". */
  readonly stallTimeoutMs?: number;
  /**
   * What answers may hold that clients do not take, over all connections; above it the client for which most waits is
   * closed. Default 256 MiB. Not with "node".
   */
  readonly maxUnsentBytes?: number;
  /** Serves TLS with ALPN instead of clear text; its `protocols` are chosen here. */
  readonly tls?: Http1ServerTls;
  /** Also serves HTTP/1.1 on the same port, told apart by ALPN or by the first bytes; default false. */
  readonly http1?: boolean;
  /** Hears of each limit that was met by a client of HTTP/1.1 beside it, and of each connection too many. */
  readonly onLimit?: Http1ConnectionOptions["onLimit"];
  /** Hears of each request of HTTP/1.1 beside it that was refused, by its clause. */
  readonly onMalformed?: Http1ConnectionOptions["onMalformed"];
  /** CONNECT with `:protocol` reaches the handler (RFC 8441); default false. Not with "node". */
  readonly extendedConnect?: boolean;
  /** Hears of a handler that failed; the client already got a problem document. */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** How a client behaves towards one origin. */
export interface Http2PoolOptions {
  /** Default "tusker". */
  readonly engine?: Http2Engine;
  /** Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** A connection without streams is closed after this time; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** How long a connection on which a request went unanswered may take to answer a PING; default 1,000. */
  readonly pingTimeoutMs?: number;
  /** While streams are open the peer is asked as often whether it is there; default 20,000. Not with "node". */
  readonly keepaliveMs?: number;
  /** Requests that may wait for a stream; default 10,000. Not with "node". */
  readonly maxQueued?: number;
  /** Octets of an answer's header list; default 64 KiB. Not with "node". */
  readonly maxHeadBytes?: number;
  /**
   * Also offers HTTP/1.1 by ALPN; a server that chooses it is NET_CONNECT with `details.agreed` "http/1.1". Default
   * false. Not with "node".
   */
  readonly alsoHttp1?: boolean;
  /** For https. */
  readonly tls?: ClientTls;
  readonly clock?: Clock;
}

export interface ClientTls {
  /** Certificates to trust, PEM; default those of Node. */
  readonly ca?: string;
  /** Ours, PEM, for servers that ask who we are. */
  readonly cert?: string;
  readonly key?: string;
  /** Name to ask for and to find in the certificate; default the host of the origin. */
  readonly serverName?: string;
}
