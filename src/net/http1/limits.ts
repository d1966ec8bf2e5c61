/** What a client may do to a server. All times in milliseconds. */
export interface Http1Limits {
  /** Bytes of a request's head, its first line included; 431. Default 32 KiB. */
  readonly maxHeadBytes: number;
  /** Fields of a request's head; 431. Default 100. */
  readonly maxHeaders: number;
  /** Bytes of a request's target; 414. Default 8 KiB. */
  readonly maxTargetBytes: number;
  /** From the first byte of a head to its last; 408. Default 10,000. */
  readonly headTimeoutMs: number;
  /** Longest pause inside a body while its reader waits; 408. Default 30,000. */
  readonly bodyTimeoutMs: number;
  /** Bytes per second a body must make over ten seconds while its reader waits; 408. Default 1,024; 0 asks nothing. */
  readonly minBodyRate: number;
  /** A kept connection without request; closed without a word. Default 60,000. */
  readonly idleTimeoutMs: number;
  /**
   * An answer that is silent for so long while its client has ended its side: it counts as gone; 0: at once. Default
   * 1,000.
   */
  readonly halfClosedTimeoutMs: number;
  /** An answer of which the client takes nothing; the connection is cut. Default 300,000. */
  readonly stallTimeoutMs: number;
  /** Requests on one connection; the last answer says close. Default 1,000. */
  readonly maxRequests: number;
  /**
   * How long a server that drains still answers on a kept connection without request, and keeps its port for those who
   * have not heard; never longer than its grace. Default 500.
   */
  readonly drainRestMs: number;
}

/** Limits that can be met, by the names their metric carries. */
export const limitNames = [
  ...([
    "connections",
    "head_bytes",
    "headers",
    "target_bytes",
    "head_time",
    "body_time",
    "body_rate",
  ] as const),
  ...(["idle", "stall", "requests", "chunk_extensions"] as const),
] as const;

/** A limit that was met. */
export type LimitName = (typeof limitNames)[number];

/** Connections one server keeps open; 503. */
export const defaultMaxConnections = 10_000;

/** Longer than a request is on its way, and than whoever hears of the leave by discovery asks on. */
export const drainRestMs = 500;

const defaults: Http1Limits = {
  maxHeadBytes: 32 * 1024,
  maxHeaders: 100,
  maxTargetBytes: 8 * 1024,
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  minBodyRate: 1_024,
  idleTimeoutMs: 60_000,
  halfClosedTimeoutMs: 1_000,
  stallTimeoutMs: 300_000,
  maxRequests: 1_000,
  drainRestMs,
};

/** The defaults of docs/reference/net.md, where nothing else was said. */
export function limitsFrom(given: Partial<Http1Limits>): Http1Limits {
  return {
    maxHeadBytes: given.maxHeadBytes ?? defaults.maxHeadBytes,
    maxHeaders: given.maxHeaders ?? defaults.maxHeaders,
    maxTargetBytes: given.maxTargetBytes ?? defaults.maxTargetBytes,
    headTimeoutMs: given.headTimeoutMs ?? defaults.headTimeoutMs,
    bodyTimeoutMs: given.bodyTimeoutMs ?? defaults.bodyTimeoutMs,
    minBodyRate: given.minBodyRate ?? defaults.minBodyRate,
    idleTimeoutMs: given.idleTimeoutMs ?? defaults.idleTimeoutMs,
    halfClosedTimeoutMs: given.halfClosedTimeoutMs ?? defaults.halfClosedTimeoutMs,
    stallTimeoutMs: given.stallTimeoutMs ?? defaults.stallTimeoutMs,
    maxRequests: given.maxRequests ?? defaults.maxRequests,
    drainRestMs: given.drainRestMs ?? defaults.drainRestMs,
  };
}

/** The limit a refused message has met, by the clause that refused it. */
export function limitOf(clause: string): LimitName | undefined {
  switch (clause) {
    case "headTooLarge":
      return "head_bytes";
    case "tooManyFields":
      return "headers";
    case "targetTooLong":
      return "target_bytes";
    case "chunkExtensionsTooLong":
      return "chunk_extensions";
    default:
      return undefined;
  }
}
