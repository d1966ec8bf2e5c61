/** What an origin may do to a client. Times in milliseconds. */
export interface ClientLimits {
  /** Connections at most; further requests queue. */
  readonly connections: number;
  /** Requests that may queue; one more fails with NET_OVERLOADED. */
  readonly maxWaiting: number;
  /** TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** An idle connection is dropped after this time, or a second before the peer's own. */
  readonly idleTimeoutMs: number;
  /** Longest pause inside an answer's body while its reader waits. */
  readonly bodyTimeoutMs: number;
  /** Bytes of an answer's head. */
  readonly maxHeadBytes: number;
  /** Fields of an answer's head. */
  readonly maxHeaders: number;
}

const defaults: ClientLimits = {
  connections: 128,
  maxWaiting: 10_000,
  connectTimeoutMs: 3_000,
  idleTimeoutMs: 30_000,
  bodyTimeoutMs: 300_000,
  maxHeadBytes: 64 * 1024,
  maxHeaders: 200,
};

/** The defaults of docs/reference/net.md, where nothing else was said. */
export function clientLimitsFrom(given: Partial<ClientLimits>): ClientLimits {
  return {
    connections: given.connections ?? defaults.connections,
    maxWaiting: given.maxWaiting ?? defaults.maxWaiting,
    connectTimeoutMs: given.connectTimeoutMs ?? defaults.connectTimeoutMs,
    idleTimeoutMs: given.idleTimeoutMs ?? defaults.idleTimeoutMs,
    bodyTimeoutMs: given.bodyTimeoutMs ?? defaults.bodyTimeoutMs,
    maxHeadBytes: given.maxHeadBytes ?? defaults.maxHeadBytes,
    maxHeaders: given.maxHeaders ?? defaults.maxHeaders,
  };
}
