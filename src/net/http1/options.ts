import type { Clock, Code } from "../../kernel/index.ts";
import type { HeaderList } from "../exchange.ts";
import type { Http1ServerTls } from "../socket/server-tls.ts";
import type { WireProblem } from "./codec/problem.ts";
import type { Http1Limits, LimitName } from "./limits.ts";

/** An answer a server gives of its own to what never became a request: to bytes, to silence, to a connection too many. */
export interface EarlyAnswer {
  readonly status: number;
  /** Code of its problem document. */
  readonly code: Code;
  /** As far as it was understood; empty before. */
  readonly method: string;
  readonly remoteAddress: string;
}

/** What such an answer carries besides. */
export interface EarlyMarks {
  readonly traceId?: string;
  /** Written as they are. */
  readonly fields?: HeaderList;
}

// Apart from the code, so that types of Node stay out of what the door publishes.

/** What the connections of a server are told, besides their limits. */
export interface Http1ConnectionOptions extends Partial<Http1Limits> {
  /** Hears of each limit that was met: what a metric counts. */
  readonly onLimit?: (limit: LimitName) => void;
  /** Hears of each message that was refused, by its clause. */
  readonly onMalformed?: (problem: WireProblem) => void;
  /** Hears of each answer to what never became a request, and says what it carries. Must not throw. */
  readonly onEarlyAnswer?: (answer: EarlyAnswer) => EarlyMarks;
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
