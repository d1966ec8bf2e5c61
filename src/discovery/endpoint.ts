/** One instance of a service that takes traffic: where it is, and what it says about itself. */
export interface Endpoint {
  /** Instance id, unique in the registry. */
  readonly id: string;
  readonly service: string;
  /** Host name or address without port and without brackets. */
  readonly host: string;
  readonly port: number;
  /** Free words of the instance. `grpc_port` is the port of its gRPC server, `version` the service's version. */
  readonly meta: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  /** Relative share of traffic, ≥ 1; 1 when nobody said anything. */
  readonly weight: number;
}

/** A snapshot: the endpoints of one service at one moment. Frozen; a change makes a new one. */
export interface EndpointSet {
  readonly service: string;
  /** Changes when the set changes. Opaque: compare for equality only, never order or parse it. */
  readonly version: string;
  /** Ordered by id. Empty when no instance is passing. */
  readonly endpoints: readonly Endpoint[];
}

/** Port of the gRPC server of an endpoint, from its meta; undefined when it has none. */
export function grpcPortOf(endpoint: Endpoint): number | undefined {
  const port = Number(endpoint.meta.grpc_port);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}

/** Makes the frozen snapshot of a service out of its endpoints, in the order every holder may rely on. */
export function endpointSet(service: string, version: string, endpoints: readonly Endpoint[]): EndpointSet {
  const sorted = [...endpoints].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  return Object.freeze({ service, version, endpoints: Object.freeze(sorted) });
}
