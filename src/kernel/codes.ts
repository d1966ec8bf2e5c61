/**
 * Every permanent code of Tusker with what it means on each wire: HTTP status, gRPC status number
 * (https://grpc.io/docs/guides/status-codes/) and whether the same request may be sent again.
 * A code is never renamed or reused. `docs/reference/errors.md` lists the same codes; a test compares both ways.
 */
export const codes = {
  // kernel: words every room uses
  KERNEL_DURATION: { http: 400, grpc: 3, retryable: false },
  KERNEL_SIZE: { http: 400, grpc: 3, retryable: false },
  KERNEL_ABORTED: { http: 499, grpc: 1, retryable: false },
  KERNEL_INTERNAL: { http: 500, grpc: 13, retryable: false },

  // net: sockets, servers, clients
  NET_PORT_TAKEN: { http: 500, grpc: 13, retryable: false },
  NET_BIND: { http: 500, grpc: 13, retryable: false },
  NET_CONNECT: { http: 503, grpc: 14, retryable: true },
  NET_RESET: { http: 503, grpc: 14, retryable: true },
  NET_TIMEOUT: { http: 504, grpc: 4, retryable: true },
  NET_BODY_TOO_LARGE: { http: 413, grpc: 8, retryable: false },
  NET_MALFORMED: { http: 400, grpc: 3, retryable: false },
  NET_OVERLOADED: { http: 503, grpc: 14, retryable: true },

  // discovery and registry
  DISCOVERY_UNREACHABLE: { http: 503, grpc: 14, retryable: true },
  DISCOVERY_NO_ENDPOINT: { http: 503, grpc: 14, retryable: true },
  DISCOVERY_TOO_LARGE: { http: 413, grpc: 8, retryable: false },
  DISCOVERY_LEASE_LOST: { http: 409, grpc: 10, retryable: false },
  DISCOVERY_PROTOCOL: { http: 502, grpc: 13, retryable: false },
  REGISTRY_INVALID: { http: 400, grpc: 3, retryable: false },
  REGISTRY_UNKNOWN: { http: 404, grpc: 5, retryable: false },
  REGISTRY_STORAGE: { http: 500, grpc: 13, retryable: false },

  // resilience: a policy said no
  RESILIENCE_DEADLINE: { http: 504, grpc: 4, retryable: false },
  RESILIENCE_BREAKER_OPEN: { http: 503, grpc: 14, retryable: true },

  // rpc: calls between services
  RPC_INVALID_INPUT: { http: 400, grpc: 3, retryable: false },
  RPC_INVALID_OUTPUT: { http: 500, grpc: 13, retryable: false },
  RPC_NOT_FOUND: { http: 404, grpc: 12, retryable: false },
  RPC_UNKNOWN_SERVICE: { http: 404, grpc: 5, retryable: false },
  RPC_METHOD_NOT_ALLOWED: { http: 405, grpc: 12, retryable: false },
  RPC_UNSUPPORTED_MEDIA: { http: 415, grpc: 3, retryable: false },
  RPC_HANDLER_FAILED: { http: 500, grpc: 2, retryable: false },
  RPC_FAULT: { http: 500, grpc: 13, retryable: false },
  RPC_CONTRACT: { http: 500, grpc: 13, retryable: false },
  RPC_CONFIG: { http: 500, grpc: 13, retryable: false },
  RPC_LOCK: { http: 500, grpc: 13, retryable: false },
  RPC_REMOTE: { http: 502, grpc: 2, retryable: false },
  RPC_PROTOCOL: { http: 502, grpc: 13, retryable: false },

  // gateway: what a client of the fleet can be told
  GATEWAY_NO_ROUTE: { http: 404, grpc: 12, retryable: false },
  GATEWAY_METHOD_NOT_ALLOWED: { http: 405, grpc: 12, retryable: false },
  GATEWAY_BAD_PATH: { http: 400, grpc: 3, retryable: false },
  GATEWAY_BAD_REQUEST: { http: 400, grpc: 3, retryable: false },
  GATEWAY_LOOP: { http: 508, grpc: 13, retryable: false },
  GATEWAY_RATE_LIMITED: { http: 429, grpc: 8, retryable: true },
  GATEWAY_OVERLOADED: { http: 503, grpc: 14, retryable: true },
  GATEWAY_NO_ENDPOINT: { http: 503, grpc: 14, retryable: true },
  GATEWAY_BREAKER_OPEN: { http: 503, grpc: 14, retryable: true },
  GATEWAY_UPSTREAM_UNAVAILABLE: { http: 503, grpc: 14, retryable: true },
  GATEWAY_BAD_UPSTREAM: { http: 502, grpc: 14, retryable: false },
  GATEWAY_TIMEOUT: { http: 504, grpc: 4, retryable: false },
  GATEWAY_BODY_TOO_LARGE: { http: 413, grpc: 8, retryable: false },
  GATEWAY_DRAINING: { http: 503, grpc: 14, retryable: true },
  GATEWAY_UNAUTHENTICATED: { http: 401, grpc: 16, retryable: false },
  GATEWAY_FORBIDDEN: { http: 403, grpc: 7, retryable: false },
  GATEWAY_KEYS_UNAVAILABLE: { http: 503, grpc: 14, retryable: true },
  GATEWAY_SHED: { http: 503, grpc: 14, retryable: true },
  GATEWAY_FAULT_INJECTED: { http: 503, grpc: 14, retryable: true },
  GATEWAY_CLIENT_GONE: { http: 499, grpc: 1, retryable: false },

  // telemetry and collector
  TELEMETRY_ENDPOINT: { http: 500, grpc: 13, retryable: false },
  TELEMETRY_METRIC: { http: 500, grpc: 13, retryable: false },
  COLLECTOR_MALFORMED: { http: 400, grpc: 3, retryable: false },
  COLLECTOR_TOO_LARGE: { http: 413, grpc: 8, retryable: false },
  COLLECTOR_UNSUPPORTED_MEDIA: { http: 415, grpc: 3, retryable: false },
  COLLECTOR_NO_TRACE: { http: 404, grpc: 5, retryable: false },
  COLLECTOR_NO_ENDPOINT: { http: 404, grpc: 12, retryable: false },
  COLLECTOR_METHOD: { http: 405, grpc: 12, retryable: false },

  // identity and control
  IDENTITY_TOKEN: { http: 401, grpc: 16, retryable: false },
  IDENTITY_DENIED: { http: 403, grpc: 7, retryable: false },
  IDENTITY_INVALID: { http: 400, grpc: 3, retryable: false },
  CONTROL_UNKNOWN: { http: 404, grpc: 5, retryable: false },
  CONTROL_BAD_REQUEST: { http: 400, grpc: 3, retryable: false },
  CONTROL_UNREACHABLE: { http: 503, grpc: 14, retryable: true },

  // fleet: the file and what runs
  FLEET_FILE_MISSING: { http: 400, grpc: 3, retryable: false },
  FLEET_INVALID: { http: 400, grpc: 3, retryable: false },
  FLEET_REQUIRED: { http: 400, grpc: 3, retryable: false },
  FLEET_UNKNOWN_KEY: { http: 400, grpc: 3, retryable: false },
  FLEET_UNKNOWN_SERVICE: { http: 400, grpc: 3, retryable: false },
  FLEET_CYCLE: { http: 400, grpc: 3, retryable: false },
  FLEET_COMMAND_MISSING: { http: 400, grpc: 3, retryable: false },
  FLEET_PORT_CONFLICT: { http: 400, grpc: 3, retryable: false },
  FLEET_SEALED: { http: 400, grpc: 3, retryable: false },
  FLEET_NOT_READY: { http: 503, grpc: 14, retryable: true },
  FLEET_RUNNING: { http: 409, grpc: 6, retryable: false },
  FLEET_NOT_RUNNING: { http: 404, grpc: 5, retryable: false },

  // deploy, lsp and cli
  DEPLOY_UNSUPPORTED: { http: 400, grpc: 3, retryable: false },
  LSP_PACKAGES: { http: 501, grpc: 12, retryable: false },
  CLI_USAGE: { http: 400, grpc: 3, retryable: false },
  CLI_CANNOT_WRITE: { http: 500, grpc: 13, retryable: false },
} as const satisfies Record<string, CodeRow>;

/** What one code means on the wires. */
export interface CodeRow {
  /** HTTP status. */
  readonly http: number;
  /** gRPC status number, 0–16. */
  readonly grpc: number;
  /** True when the same request may be sent again without harm. */
  readonly retryable: boolean;
}

/** A permanent code, one of the table. */
export type Code = keyof typeof codes;

/** True when `text` is one of our codes; the border at which a code from a wire becomes typed. */
export function isCode(text: unknown): text is Code {
  return typeof text === "string" && Object.hasOwn(codes, text);
}
