/** The words of the admin API: types only, shared with the dashboard and the command line. */

/** `GET /control/fleet` */
export interface FleetView {
  readonly name: string;
  readonly environment: string;
  readonly pid: number;
  /** Address of the gateway; absent while it is not ready. */
  readonly gateway?: string;
  readonly registry?: string;
  readonly otlp?: string;
  /** The gateway's own process. */
  readonly gatewayProcess: InstanceView;
  readonly services: readonly ServiceView[];
  readonly externals: readonly { readonly name: string; readonly address?: string }[];
  readonly routes: readonly RouteView[];
}

export interface ServiceView {
  readonly name: string;
  readonly version: string;
  readonly dependencies: readonly string[];
  /** False when it runs elsewhere and Tusker only knows it. */
  readonly supervised: boolean;
  readonly instances: readonly InstanceView[];
}

export interface InstanceView {
  readonly id: string;
  readonly state: "waiting" | "starting" | "ready" | "restarting" | "stopping" | "stopped";
  readonly pid?: number;
  readonly port?: number;
  readonly grpcPort?: number;
  readonly restarts: number;
  /** True when it ended so often in a row that starting it again is not expected to help. */
  readonly crashLoop: boolean;
}

/** One row of `GET /control/services/{name}/connections`: who is connected to a process over HTTP/2. */
export interface ConnectionsView {
  readonly instance: string;
  readonly connections: readonly ConnectionView[];
}

/** Counts are since the connection was made. */
export interface ConnectionView {
  readonly remoteAddress: string;
  readonly ageMs: number;
  /** Since the last byte of the client. */
  readonly quietMs: number;
  /** Open now. */
  readonly streams: number;
  readonly streamsBegun: number;
  readonly streamsSucceeded: number;
  readonly streamsFailed: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** PINGs of the client. */
  readonly keepalives: number;
  /** How often something had to wait for the client, and whether it does now. */
  readonly stalls: number;
  readonly stalled: boolean;
}

export interface RouteView {
  readonly path: string;
  readonly methods: readonly string[];
  readonly service: string;
}

/** Answer of `POST /control/fleet/stop`. */
export interface StoppingView {
  readonly stopping: true;
  /** How long it may take until everything is gone. */
  readonly limitMs: number;
}

/** One line of `GET /control/logs`, and of its live form with `follow=1` (application/x-ndjson). */
export interface LogView {
  readonly at: number;
  readonly service: string;
  readonly instance: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

/** One row of `GET /control/traces`, newest first. */
export interface TraceSummaryView {
  readonly traceId: string;
  /** Of the root, or of the earliest span while the root is missing. */
  readonly name: string;
  readonly service: string;
  /** Microseconds since the epoch. */
  readonly startUs: number;
  readonly durationUs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly { readonly service: string; readonly spanCount: number }[];
}

/** `GET /control/traces/:id`: one trace as a tree. */
export interface TraceView {
  readonly traceId: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  readonly services: readonly string[];
  readonly roots: readonly SpanNodeView[];
}

export interface SpanNodeView {
  readonly span: SpanView;
  /** It names a parent that never arrived. */
  readonly orphan: boolean;
  /** It failed; a call that the server refused (4xx) did not. */
  readonly failed: boolean;
  readonly children: readonly SpanNodeView[];
}

export interface SpanView {
  readonly resource: { readonly service: string; readonly attributes: AttributesView };
  readonly spanId: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client" | "producer" | "consumer";
  readonly startUs: number;
  readonly durationUs: number;
  readonly attributes: AttributesView;
  readonly events: readonly {
    readonly timeUs: number;
    readonly name: string;
    readonly attributes: AttributesView;
  }[];
  readonly status: { readonly code: "unset" | "ok" | "error"; readonly message?: string };
}

export type AttributesView = Readonly<Record<string, unknown>>;

/** One row of `GET /control/dependencies`: calls between services, over the traces that are kept. */
export interface DependencyView {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  readonly errors: number;
}

/** One `data:` of `GET /control/events`: what happened in the fleet; which fields there are depends on the type. */
export interface EventView {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly type:
    | "assumed"
    | "external"
    | "state"
    | "ready"
    | "exited"
    | "crash-loop"
    | "slow-start"
    | "notice";
  readonly service?: string;
  readonly instance?: string;
  readonly state?: InstanceView["state"];
  readonly port?: number;
  readonly tookMs?: number;
  readonly reason?: string;
  readonly retryMs?: number;
  readonly exits?: number;
  readonly afterMs?: number;
  readonly lastWords?: readonly string[];
  readonly external?: string;
  readonly address?: string;
  readonly reachable?: boolean;
  readonly text?: string;
}
