import { addressResolver, type Discovery, serviceResolver } from "../discovery/index.ts";
import { type Clock, messageOf, type Random } from "../kernel/index.ts";
import { type HttpClient, httpClient, type Pool, type Server } from "../net/index.ts";
import {
  type BreakerSettings,
  type BreakerState,
  backoff,
  concurrencyLimit,
  type SharedMemory,
  sharedConcurrencyLimit,
  sharedRateLimit,
} from "../resilience/index.ts";
import { createLogger, type Logger, type Metrics, type Tracer } from "../telemetry/index.ts";
import { apiKeys } from "./auth/api-keys.ts";
import { type Tokens, tokens } from "./auth/tokens.ts";
import type { Door } from "./door.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import { travel } from "./journey.ts";
import { type EndpointGauges, endpointGauges, gatewayMeters, gauges, type Meters } from "./meters.ts";
import { type LineQueue, lineFile } from "./policy/access-lines.ts";
import { mirror } from "./policy/mirror.ts";
import type { LimitStore, NamedLimit, RouteParts } from "./route.ts";
import {
  changedForRestart,
  type GatewaySettings,
  type RoutesSettings,
  targetOf,
  type UpstreamSettings,
  upstreamDefaults,
} from "./section.ts";
import { compileSnapshot, limitStore, type Snapshot } from "./snapshot.ts";
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
  /** Takes the access log where it goes to no file; default: `log`. */
  readonly access?: Logger;
  /** Lines that `access` could not write, since the start. */
  readonly accessDropped?: () => number;
  readonly clock: Clock;
  readonly random: Random;
  /** What this gateway shares with others in threads of the same process; undefined when it is alone. */
  readonly shared?: SharedState | undefined;
  /** Makes the connections of `compat` to one origin; default: `http1Pool`. */
  readonly pools?: (origin: string) => Pool;
}

/** Limits that are exact over several threads on one port. */
export interface SharedState {
  readonly memory: SharedMemory;
  /** Number of this thread, from 0, and how many there are. */
  readonly thread: number;
  readonly threads: number;
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
  /** The routes as they are now, in the order of the file. */
  routes(): readonly RouteStats[];
  /** What is known now, for the dashboard and `tusker ps`. */
  stats(): GatewayStats;
  /**
   * Lets running requests end for `graceMs`, takes no new connection behind a moment (decision 0062), then closes
   * everything.
   *
   * @param streamsMs answers that have begun, and tunnels, have this long instead; default `graceMs`
   */
  drain(graceMs: number, streamsMs?: number): Promise<void>;
}

export interface GatewayStats {
  readonly inFlight: number;
  readonly connections: number;
  /** Clients remembered by rate limits now, and forgotten to make room since the start. */
  readonly rateLimitKeys: number;
  readonly rateLimitForgotten: number;
  readonly services: readonly ServiceStats[];
}

/** A route as operators see it. */
export interface RouteStats {
  readonly path: string;
  readonly methods: readonly string[] | undefined;
  readonly hosts: readonly string[] | undefined;
  /** Empty for a route that is answered by the gateway itself. */
  readonly service: string;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly priority: string;
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
  /** False while active checks fail. */
  readonly up: boolean;
  /** True while it is left out because it fails more than its fellows. */
  readonly ejected: boolean;
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
  const { clock, log, pools, shared } = ports;
  const transport = transportOf({
    settings: gateway,
    threads: shared?.threads ?? 1,
    clock,
    log,
    meters,
    pools,
  });
  const state = new GatewayState(ports, meters, transport.forwarder);
  const { access, file } = accessLog(gateway.access_log_to, ports);
  const door: Door = {
    snapshot: state.compile(config),
    forwarder: state.forwarder,
    inFlight:
      shared === undefined
        ? concurrencyLimit(gateway.max_connections)
        : sharedConcurrencyLimit(shared.memory, shared.thread, gateway.max_connections),
    tunnels: { open: 0 },
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
    access,
    clock: ports.clock,
    random: ports.random,
  };
  const server = await transport
    .listen(door, (exchange) => travel(door, exchange))
    .catch(async (error) => {
      await state.close();
      throw error;
    });
  gauges(ports, {
    inFlight: () => door.inFlight.inFlight,
    connections: () => server.connections,
    tunnels: () => door.tunnels.open,
    rateLimitKeys: () => state.limits.keys,
    rateLimitForgotten: () => state.limits.forgotten,
    accessLinesDropped: () => file?.dropped ?? ports.accessDropped?.() ?? 0,
  });
  return gatewayOf(config, { door, state, server, file });
}

/** The parts of a gateway that runs. */
interface Parts {
  readonly door: Door;
  readonly state: GatewayState;
  readonly server: Server;
  /** Of the access log; undefined where it goes to none. */
  readonly file: LineQueue | undefined;
}

function accessLog(
  to: string,
  { log, access = log, clock }: GatewayPorts,
): { readonly access: Logger; readonly file: LineQueue | undefined } {
  if (to === "stdout") return { access, file: undefined };
  const file = lineFile(to, log, clock);
  return { access: createLogger({ service: "gateway", write: (line) => file.write(line), clock }), file };
}

function gatewayOf(config: GatewayConfig, { door, state, server, file }: Parts): Gateway {
  let current = config;
  let ending: Promise<void> | undefined;
  const drain = async (graceMs: number, streamsMs: number | undefined): Promise<void> => {
    await server.drain(graceMs, streamsMs);
    await state.close();
    await file?.[Symbol.asyncDispose]();
  };
  const gateway: Gateway = {
    server,
    adopt(next) {
      door.snapshot = state.compile(next);
      door.inFlight.resize(next.gateway.max_connections);
      const fixed = changedForRestart(current.gateway, next.gateway);
      current = next;
      return fixed;
    },
    reachable: () => state.reachable(),
    routes: () =>
      door.snapshot.routes.map(({ path, methods, hosts, service, timeoutMs, retries, priority }) => ({
        ...{ path, methods, hosts, service, timeoutMs, retries, priority },
      })),
    stats: () => ({
      inFlight: door.inFlight.inFlight,
      connections: server.connections,
      rateLimitKeys: state.limits.keys,
      rateLimitForgotten: state.limits.forgotten,
      services: state.services(),
    }),
    drain: (graceMs, streamsMs) => (ending ??= drain(graceMs, streamsMs)),
    [Symbol.asyncDispose]: () => gateway.drain(0),
  };
  return gateway;
}

/** What outlives a reload, by stable name: services by name, limits by name and numbers. */
class GatewayState {
  readonly forwarder: Forwarder;
  readonly limits: LimitStore;
  readonly #ports: GatewayPorts;
  readonly #meters: Meters;
  #upstreams = new Map<string, Upstream>();
  /** How each of them was made: when that changes, it begins afresh. */
  #manners = new Map<string, string>();
  #issuer: { readonly key: string; readonly tokens: Tokens } | undefined;
  #http: HttpClient | undefined;
  readonly #endpoints: EndpointGauges;

  constructor(ports: GatewayPorts, meters: Meters, forwarder: Forwarder) {
    this.#ports = ports;
    this.#meters = meters;
    const { clock, shared } = ports;
    this.limits = limitStore(
      clock,
      shared &&
        ((name, settings) =>
          sharedRateLimit(shared.memory, name, settings, { clock, thread: shared.thread })),
    );
    this.forwarder = forwarder;
    this.#endpoints = endpointGauges(meters);
    ports.metrics.refresh(() =>
      this.#endpoints.show(
        [...this.#upstreams.values()].map((one) => ({ ...statsOf(one), checked: one.checked })),
      ),
    );
  }

  /** Builds a snapshot on the state that is there, adds what is missing and lets go of what nobody refers to. */
  compile(config: GatewayConfig): Snapshot {
    const before = this.#upstreams;
    const manners = new Map<string, string>();
    const now = new Map<string, Upstream>();
    const upstreamOf = (service: string): Upstream => {
      const manner = mannerOf(service, config);
      const kept = this.#manners.get(service) === manner ? before.get(service) : undefined;
      const found = now.get(service) ?? kept ?? this.#follow(service, manner, config);
      now.set(service, found);
      manners.set(service, manner);
      return found;
    };
    const snapshot = compileSnapshot(config.gateway, config.routes, this.#parts(config, upstreamOf));
    this.limits.keep(
      new Set(
        snapshot.routes.map(({ limit }) => limit).filter((limit): limit is NamedLimit => limit !== undefined),
      ),
    );
    this.#upstreams = now;
    this.#manners = manners;
    for (const old of before.values()) if (now.get(old.service) !== old) old[Symbol.dispose]();
    return snapshot;
  }

  /** What routes are compiled with. */
  #parts(config: GatewayConfig, upstreamOf: (service: string) => Upstream): RouteParts {
    const { clock, random, log } = this.#ports;
    const { forwarder, limits } = this;
    const meters = this.#meters;
    const onCopy = meters.copied;
    return {
      upstreamOf,
      limits,
      meters,
      auth: {
        keys: apiKeys(config.gateway.api_keys),
        keyHeader: config.gateway.api_key_header,
        tokens: this.#tokens(config.gateway.jwt),
        clock,
      },
      mirrorTo: (to, share) => mirror(to, share, { forwarder, clock, random, onCopy }),
      onFault(route, kind) {
        meters.fault(route, kind);
        log.info("a failure was made on purpose", { route, fault: kind });
      },
      clock,
      random,
    };
  }

  /** The same issuer keeps its keys and what was verified with them. */
  #tokens(settings: GatewaySettings["jwt"]): Tokens | undefined {
    if (settings === undefined) return undefined;
    const key = JSON.stringify(settings);
    if (this.#issuer?.key !== key) {
      const { clock, log } = this.#ports;
      this.#http ??= httpClient();
      const address = addressResolver(serviceResolver(this.#ports.discovery), "/.well-known/jwks.json");
      const onKeysFailure = (error: unknown): void => {
        this.#meters.keysFailed();
        log.warn("the issuer's keys could not be had", { url: settings.jwks_url, error: messageOf(error) });
      };
      this.#issuer = { key, tokens: tokens(settings, { http: this.#http, address, clock, onKeysFailure }) };
    }
    return this.#issuer.tokens;
  }

  services(): readonly ServiceStats[] {
    return [...this.#upstreams.values()].map(statsOf);
  }

  async reachable(): Promise<void> {
    await Promise.all(Array.from(this.#upstreams.values(), (one) => one.reachable));
  }

  async close(): Promise<void> {
    for (const one of this.#upstreams.values()) one[Symbol.dispose]();
    this.#upstreams.clear();
    await this.forwarder[Symbol.asyncDispose]();
    await this.#http?.[Symbol.asyncDispose]();
  }

  #follow(service: string, manner: string, config: GatewayConfig): Upstream {
    const { discovery, clock, random, log, shared } = this.#ports;
    return upstream({
      service,
      manner,
      shared,
      balance: config.gateway.balance,
      settings: settingsOf(service, config),
      zone: config.gateway.zone,
      breaker: config.breaker === "off" ? undefined : (config.breaker ?? {}),
      discovery,
      forwarder: this.forwarder,
      // Connections stay while anybody asks that instance: a service whose manner changed has another state for it.
      retire: (endpoint) => {
        if (![...this.#upstreams.values()].some((one) => one.has(endpoint))) this.forwarder.retire(endpoint);
      },
      clock,
      random,
      onBreaker: (endpoint, state) => {
        this.#endpoints.changed(service, endpoint.id);
        log.warn(`breaker of ${endpoint.id} is ${state}`, { service, endpoint: endpoint.id });
      },
      onHealth: (endpoint, up) => {
        log.warn(`${endpoint.id} is ${up ? "up" : "down"} by its checks`, { service, endpoint: endpoint.id });
      },
    });
  }
}

function statsOf(one: Upstream): ServiceStats {
  return {
    service: one.service,
    endpoints: one.members().map(({ endpoint, inFlight, costMs, breaker, up, ejected }) => ({
      id: endpoint.id,
      host: endpoint.host,
      port: endpoint.port,
      inFlight,
      costMs,
      breaker,
      up,
      ejected,
    })),
  };
}

/** Settings that are built into the state of a service: when they change, it begins afresh. */
function mannerOf(service: string, { gateway, breaker }: GatewayConfig): string {
  return JSON.stringify([gateway.balance, gateway.zone, settingsOf(service, { gateway }), breaker ?? {}]);
}

/** What is written of a service also holds for those of its instances that bear a tag, but for other addresses. */
function settingsOf(service: string, { gateway }: Pick<GatewayConfig, "gateway">): UpstreamSettings {
  const { name, tag } = targetOf(service);
  const written = gateway.upstreams[name];
  if (written === undefined || tag === undefined) return written ?? upstreamDefaults;
  const { endpoints: _, ...rest } = written;
  return rest;
}
