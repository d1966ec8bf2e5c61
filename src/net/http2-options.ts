import type { Clock } from "../kernel/index.ts";

/** Apart from the connection, so that types of Node stay out of what the door publishes. */
export interface Http2PoolOptions {
  /** Default 3,000. */
  readonly connectTimeoutMs?: number;
  /** A connection without streams is closed after this time; default 60,000. */
  readonly idleTimeoutMs?: number;
  /** How long a connection on which a request went unanswered may take to answer a PING; default 1,000. */
  readonly pingTimeoutMs?: number;
  readonly clock?: Clock;
}
