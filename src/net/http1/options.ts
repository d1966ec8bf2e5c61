import type { Clock } from "../../kernel/index.ts";
import type { Http1ServerTls } from "../socket/server-tls.ts";
import type { WireProblem } from "./codec/problem.ts";
import type { Http1Limits, LimitName } from "./limits.ts";

// Apart from the code, so that types of Node stay out of what the door publishes.

/** What the connections of a server are told, besides their limits. */
export interface Http1ConnectionOptions extends Partial<Http1Limits> {
  /** Hears of each limit that was met: what a metric counts. */
  readonly onLimit?: (limit: LimitName) => void;
  /** Hears of each message that was refused, by its clause. */
  readonly onMalformed?: (problem: WireProblem) => void;
  /** Hears of a handler that threw; its connection is closed. */
  readonly onError?: (error: unknown) => void;
  readonly clock?: Clock;
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
