import type { Discovery } from "../discovery/index.ts";
import type { Clock, Random } from "../kernel/index.ts";
import type { Pool, Server } from "../net/index.ts";
import { type BreakerSettings, type BreakerState, backoff, concurrencyLimit } from "../resilience/index.ts";
import type { Logger, Metrics, Tracer } from "../telemetry/index.ts";
import type { Door } from "./door.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { travel } from "./journey.ts";
import { gatewayMeters, type Meters } from "./meters.ts";
import { type GatewaySettings, gatewayRestartKeys, type RoutesSettings } from "./section.ts";
import { compileSnapshot, type LimitStore, limitStore, type NamedLimit, type Snapshot } from "./snapshot.ts";
import { transportOf } from "./transport.ts";
import { type Upstream, upstream } from "./upstream.ts";

/** Everything written about a gateway. */
export interface GatewayConfig {
  readonly gateway: GatewaySettings;
  readonly routes: RoutesSettings;
  /** Breakers of endpoints: the `circuit_breaker_*` words of `[api_communication]`; "off" for none. */
  readonly breaker?: BreakerSettings | "off";
}

export interface GatewayPorts {
  readonly discovery: Discovery;
  readonly tracer: Tracer;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes the connections of `compat` to one origin; default: `http1Pool`. */
  readonly pools?: (origin: string) => Pool;
}

/** A running gateway. Disposing it drains at once. */
export interface Gateway extends AsyncDisposable {
  readonly server: Server;
  /**
   * Takes over new settings between two requests. Running requests, and the state of whatever did not change, carry
   * on. Gives back the keys of `[gateway]` that only a restart can change.
   */
  adopt(next: GatewayConfig): readonly string[];
  /** Resolves once every service a route names has had an endpoint. */
  reachable(): Promise<void>;
  /** What is known now, for the dashboard and `tusker ps`. */
  stats(): GatewayStats;
  /** Stops accepting, lets running requests end for `graceMs`, then closes everything. */
  drain(graceMs: number): Promise<void>;
}

export interface GatewayStats {
  readonly inFlight: number;
  readonly connections: number;
  /** Clients remembered by rate limits now, and forgotten to make room since the start. */
  readonly rateLimitKeys: number;
  readonly rateLimitForgotten: number;
  readonly services: readonly ServiceStats[];
}

export interface ServiceStats {
  readonly service: string;
  readonly endpoints: readonly EndpointStats[];
}

export interface EndpointStats {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly inFlight: number;
  readonly costMs: number;
  readonly breaker: BreakerState;
}

/** How much of request bodies all requests together may keep for retries. */
const replayRoomBytes = 16 * 1024 * 1024;

/**
 * Opens the front door of a fleet.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 * @example const gateway = await startGateway({ gateway: gatewaySection.parse({}), routes: {} }, ports);
 */
export async function startGateway(config: GatewayConfig, ports: GatewayPorts): Promise<Gateway> {
  const meters = gatewayMeters(ports.metrics);
  const { gateway } = config;
  const { clock, log, pools } = ports;
  const transport = transportOf({ settings: gateway, clock, log, meters, pools });
  const state = new GatewayState(config, ports, meters, transport.forwarder);
  const door: Door = {
    snapshot: state.compile(config),
    forwarder: state.forwarder,
    inFlight: concurrencyLimit(gateway.max_connections),
    replayRoom: { used: 0, max: replayRoomBytes },
    backoff: backoff({}, ports.random),
    pseudonym: `tusker-${ports.random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, "0")}`,
    tracer: ports.tracer,
    meters,
    strayMeter: meters.route(""),
    log: ports.log,
    clock: ports.clock,
  };
  const server = await transport
    .listen(door, (exchange) => travel(door, exchange))
    .catch(async (error) => {
      await state.close();
      throw error;
    });
  observe(ports.metrics, door, state, server);
  return gatewayOf(config, door, state, server);
}

function gatewayOf(config: GatewayConfig, door: Door, state: GatewayState, server: Server): Gateway {
  let current = config;
  let ending: Promise<void> | undefined;
  const drain = async (graceMs: number): Promise<void> => {
    await server.drain(graceMs);
    await state.close();
  };
  const gateway: Gateway = {
    server,
    adopt(next) {
      door.snapshot = state.compile(next);
      door.inFlight.resize(next.gateway.max_connections);
      const fixed = gatewayRestartKeys.filter((key) => next.gateway[key] !== current.gateway[key]);
      current = next;
      return fixed;
    },
    reachable: () => state.reachable(),
    stats: () => ({
      inFlight: door.inFlight.inFlight,
      connections: server.connections,
      rateLimitKeys: state.limits.keys,
      rateLimitForgotten: state.limits.forgotten,
      services: state.services(),
    }),
    drain: (graceMs) => (ending ??= drain(graceMs)),
    [Symbol.asyncDispose]: () => gateway.drain(0),
  };
  return gateway;
}

/** Given to the socket when it was opened. */

/** What outlives a reload, by stable name: services by name, limits by name and numbers. */
class GatewayState {
  readonly forwarder: Forwarder;
  readonly limits: LimitStore;
  readonly #ports: GatewayPorts;
  readonly #meters: Meters;
  #upstreams = new Map<string, Upstream>();
  #manner = "";

  constructor(config: GatewayConfig, ports: GatewayPorts, meters: Meters, forwarder: Forwarder) {
    this.#ports = ports;
    this.#meters = meters;
    this.#manner = mannerOf(config);
    this.limits = limitStore(ports.clock);
    this.forwarder = forwarder;
  }

  /** Builds a snapshot on the state that is there, adds what is missing and lets go of what nobody refers to. */
  compile(config: GatewayConfig): Snapshot {
    const manner = mannerOf(config);
    const before = this.#upstreams;
    const kept = manner === this.#manner ? before : new Map<string, Upstream>();
    const now = new Map<string, Upstream>();
    const upstreamOf = (service: string): Upstream => {
      const found = now.get(service) ?? kept.get(service) ?? this.#follow(service, config);
      now.set(service, found);
      return found;
    };
    const snapshot = compileSnapshot(config.gateway, config.routes, {
      upstreamOf,
      limits: this.limits,
      meters: this.#meters,
    });
    this.limits.keep(
      new Set(
        snapshot.routes.map(({ limit }) => limit).filter((limit): limit is NamedLimit => limit !== undefined),
      ),
    );
    this.#upstreams = now;
    this.#manner = manner;
    for (const old of before.values()) if (now.get(old.service) !== old) old[Symbol.dispose]();
    return snapshot;
  }

  services(): readonly ServiceStats[] {
    return [...this.#upstreams.values()].map((one) => ({
      service: one.service,
      endpoints: one.members().map(({ endpoint, inFlight, costMs, breaker }) => ({
        id: endpoint.id,
        host: endpoint.host,
        port: endpoint.port,
        inFlight,
        costMs,
        breaker,
      })),
    }));
  }

  async reachable(): Promise<void> {
    await Promise.all(Array.from(this.#upstreams.values(), (one) => one.reachable));
  }

  async close(): Promise<void> {
    for (const one of this.#upstreams.values()) one[Symbol.dispose]();
    this.#upstreams.clear();
    await this.forwarder[Symbol.asyncDispose]();
  }

  #follow(service: string, config: GatewayConfig): Upstream {
    const { discovery, clock, random, log } = this.#ports;
    return upstream({
      service,
      balance: config.gateway.balance,
      breaker: config.breaker === "off" ? undefined : (config.breaker ?? {}),
      discovery,
      forwarder: this.forwarder,
      clock,
      random,
      onBreaker: (endpoint, state) => {
        this.#meters.breaker(service, endpoint.id, state);
        log.warn(`breaker of ${endpoint.id} is ${state}`, { service, endpoint: endpoint.id });
      },
      onGone: (endpoint) => this.#meters.breaker(service, endpoint.id, "closed"),
    });
  }
}

/** Settings that are built into the state of a service: when they change, it begins afresh. */
function mannerOf({ gateway, breaker }: GatewayConfig): string {
  return JSON.stringify([gateway.balance, breaker ?? {}]);
}

function observe(metrics: Metrics, door: Door, state: GatewayState, server: Server): void {
  metrics.observe("tusker_gateway_in_flight", { help: "Requests under way." }, () => door.inFlight.inFlight);
  metrics.observe(
    "tusker_gateway_connections",
    { help: "Open client connections." },
    () => server.connections,
  );
  metrics.observe(
    "tusker_gateway_rate_limit_keys",
    { help: "Clients remembered by rate limits." },
    () => state.limits.keys,
  );
  metrics.observe(
    "tusker_gateway_rate_limit_keys_forgotten",
    { help: "Clients forgotten by rate limits to make room, since the start." },
    () => state.limits.forgotten,
  );
}
