import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, messageOf, type Random, TuskerError } from "../kernel/index.ts";
import {
  authority,
  connectionMeters,
  isLoopback,
  refuseRebinding,
  type Server,
  serveHttp1,
} from "../net/index.ts";
import { accessOf } from "./acl/access.ts";
import { type AclSettings, openToAll, tokensOf } from "./acl/tokens.ts";
import { type Agent, aliveCheckId, localAgent } from "./agent.ts";
import { type Checker, checker } from "./checks/checker.ts";
import { grpcProbe } from "./checks/grpc-probe.ts";
import { httpProbe } from "./checks/http-probe.ts";
import type { Probes } from "./checks/probe.ts";
import { scriptProbe } from "./checks/script-probe.ts";
import { tcpProbe } from "./checks/tcp-probe.ts";
import { loadSchemas, schemaFolder } from "./config/schemas.ts";
import type { DnsServer } from "./dns/dns-server.ts";
import { openDns } from "./dns/open.ts";
import { eventRing } from "./events/event-ring.ts";
import { instanceCheckId, type LocalInstance, rowsOf } from "./instance.ts";
import { type SessionKeeper, sessionKeeper } from "./kv/session-keeper.ts";
import { type Leases, leases } from "./leases.ts";
import { type ChangeLog, type LogEntry, memoryLog } from "./state/log.ts";
import type { Change, CheckStatus, ServiceRow } from "./state/model.ts";
import { openStore, type Store } from "./state/store.ts";
import { Tables } from "./state/tables.ts";
import { type RegistryStats, statsOf } from "./stats.ts";
import { diskLog } from "./storage/disk-log.ts";
import { sqliteDisk } from "./storage/sqlite-disk.ts";
import { fromStored } from "./storage/stored.ts";
import { uuid } from "./uuid.ts";
import { type Feeds, feeds } from "./watch/feeds.ts";
import { wireHandler } from "./wire/handler.ts";
import { noReplies, replyCache } from "./wire/reply-cache.ts";
import { worstOf } from "./wire/rows.ts";

/** Where the registry listens and what it may use. */
export interface RegistryOptions {
  /**
   * Address to listen on; default 127.0.0.1: whoever reaches the port can change what is registered. On loopback it
   * answers to localhost and to addresses only (403 else), so that no web page reaches it by a name of its own.
   */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: RegistryLog;
  /** Folder of `registry.db`, made if need be. Default: everything is in memory and ends with this process. */
  readonly dataDir?: string;
  /** Port of DNS, on UDP and TCP at `host`; 0 lets the system choose. Absent: no DNS. One that is taken is only told. */
  readonly dnsPort?: number;
  /** Default "dc1". */
  readonly datacenter?: string;
  /** Name of this node; default the machine's. */
  readonly node?: string;
  /** Address of this node as told to clients; default the address it listens on. */
  readonly advertise?: string;
  /** Blocking queries that may wait at once, and delta streams likewise; more are answered 429. Default 10,000. */
  readonly maxWaiting?: number;
  /** How instances are reached; default over the network. */
  readonly probes?: Partial<Probes>;
  /**
   * Takes script checks. Whoever may register an instance may then run any program as this user: only on loopback.
   * Default false.
   */
  readonly scriptChecks?: boolean;
  /** Tokens and what each allows. Absent: everybody who reaches the port may do everything. */
  readonly acl?: AclSettings;
}

/** What the registry says to the operator. */
export interface RegistryLog {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A running registry. In-process it is used directly, by everybody else over its wire. */
export interface Registry extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  /** The real port, also when 0 was asked for. */
  readonly port: number;
  /** The real port of DNS; undefined when there is none. */
  readonly dnsPort: number | undefined;
  /** Adds or replaces an instance; it ends with this process. @throws TuskerError REGISTRY_INVALID, REGISTRY_STORAGE */
  register(instance: LocalInstance): Promise<void>;
  /** Removes an instance with its checks. An unknown id is fine. */
  deregister(id: string): Promise<void>;
  /** Sets the status of an instance that has a check. @throws TuskerError REGISTRY_UNKNOWN */
  setStatus(id: string, status: CheckStatus, note?: string): Promise<void>;
  /** All instances with their status, by service, node and id. */
  instances(): readonly InstanceView[];
  /** What changed after an index, oldest first; undefined when that is no longer known. */
  changesSince(index: number): readonly LogEntry[] | undefined;
  /** Counts for metrics. */
  readonly stats: RegistryStats;
  /** Stops accepting, answers all waiting queries with what they have, stops checking, closes the database. */
  drain(graceMs: number): Promise<void>;
}

/** One instance as seen from outside. */
export interface InstanceView {
  readonly id: string;
  readonly service: string;
  readonly node: string;
  readonly host: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly status: CheckStatus | "maintenance";
}

/**
 * Starts a registry. Its port opens when everything behind it is ready: what was stored is back, with the status it
 * had.
 *
 * @throws TuskerError NET_PORT_TAKEN (see `probeRegistry` for what is there), NET_BIND, REGISTRY_STORAGE
 * @example await using registry = await startRegistry({ port: 8500, clock, random, log });
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { log, host = "127.0.0.1" } = options;
  if (options.scriptChecks === true && !isLoopback(host)) {
    throw new TuskerError(
      "REGISTRY_INVALID",
      `script checks and the address ${host} do not go together: everybody who reaches the port could run programs here; listen on loopback, or leave script checks off`,
    );
  }
  const history = await openHistory(options);
  try {
    const tokens = options.acl === undefined ? openToAll : tokensOf(options.acl);
    const parts = await prepare(options, history);
    const { store, agent, sessions, onError, identity } = parts;
    let port = options.port;
    const connections = connectionMeters("registry");
    const wire = {
      connections,
      store,
      agent,
      sessions,
      events: eventRing(options.clock),
      feeds: parts.streams,
      leases: parts.held,
      durable: options.dataDir !== undefined,
      identity: { ...identity, port: () => port },
      checkRules: { scripts: options.scriptChecks === true },
      clock: options.clock,
      random: options.random,
      tokens,
      stats: () => statsOf(parts),
      // What is kept for one who may see it must not reach another who may not.
      replies: tokens.enforced ? noReplies : replyCache(store.version),
    };
    const handler = wireHandler(wire, onError);
    const server = await serveHttp1(refuseRebinding("this registry", host, handler), {
      host,
      port,
      onError,
      // A lease is held by its connection, and who waits for a change may be gone: both are missed at once.
      halfClosedTimeoutMs: 0,
      ...connections.hooks,
      clock: options.clock,
    });
    port = server.port;
    if (!isLoopback(host)) {
      log.info(`the registry listens on ${host}: everybody who reaches port ${port} can register instances`);
    }
    const dns = await openDns(options, { store, identity, access: tokens.find("")?.access ?? accessOf({}) });
    return registryOf({ ...parts, server, dns });
  } catch (error) {
    await history.log.close();
    throw error;
  }
}

/** The log and the tables it led to. */
interface History {
  readonly log: ChangeLog;
  readonly tables: Tables;
}

async function openHistory({ dataDir, clock, log }: RegistryOptions): Promise<History> {
  const start = clock.wall();
  const tables = new Tables();
  if (dataDir === undefined) return { log: memoryLog(start), tables };
  const path = join(dataDir, "registry.db");
  const disk = await sqliteDisk(path);
  try {
    for await (const rows of disk.rows) for (const row of rows) tables.restore(fromStored(row), row);
  } catch (error) {
    await disk.close();
    throw error;
  }
  if (tables.kv.under(schemaFolder).length > 0) await loadSchemas();
  const onFailure = ({ message }: TuskerError): void => log.error(message);
  return { log: diskLog(disk, { start, path, onFailure }), tables };
}

/** Everything behind the port. */
async function prepare(options: RegistryOptions, { log: history, tables }: History) {
  const { clock, random, log, host = "127.0.0.1" } = options;
  const onError = (error: unknown): void => {
    // Of its disk it complained once, and louder.
    if (error instanceof TuskerError && error.code === "REGISTRY_STORAGE") return;
    log.error("the registry failed to answer", { reason: messageOf(error) });
  };
  const store = openStore({ clock, log: history, tables, maxWaiting: options.maxWaiting ?? 10_000 });
  const node = options.node ?? hostname().toLowerCase();
  const probes = { http: httpProbe, tcp: tcpProbe, grpc: grpcProbe, script: scriptProbe, ...options.probes };
  const checks = checker({ store, node, clock, random, probes, onError });
  const agent = localAgent(node, store, checks);
  const address = options.advertise ?? reachable(host);
  const id = tables.node(node)?.row.id ?? uuid(random);
  await store.commit([...ownRows(node, id, address), ...endedWithUs(tables, node)]);
  checks.resume(tables.node(node)?.checks.values() ?? []);
  const sessions = sessionKeeper({ store, clock, onError });
  sessions.resume();
  const max = options.maxWaiting ?? 10_000;
  const streams = feeds({ store, clock, random, max, onError });
  const held = leases({ store, checks, node, clock, max });
  return {
    store,
    agent,
    checks,
    sessions,
    streams,
    held,
    onError,
    identity: { datacenter: options.datacenter ?? "dc1", node, id, address },
  };
}

/** Instances of the process before: nobody is left who would take them out. */
function endedWithUs(tables: Tables, node: string): Change[] {
  const services = [...(tables.node(node)?.services.values() ?? [])];
  return services.filter(({ bound }) => bound === true).map(({ id }) => ({ kind: "service-gone", node, id }));
}

interface Parts {
  readonly store: Store;
  readonly agent: Agent;
  readonly checks: Checker;
  readonly sessions: SessionKeeper;
  readonly streams: Feeds;
  readonly held: Leases;
  readonly server: Server;
  readonly dns: DnsServer | undefined;
}

function registryOf({ store, agent, checks, sessions, streams, held, server, dns }: Parts): Registry {
  const { tables } = store;
  const stats = (): RegistryStats => statsOf({ store, checks, streams, held });
  const registry: Registry = {
    url: `http://${authority(reachable(server.host), server.port)}`,
    host: server.host,
    port: server.port,
    dnsPort: dns?.port,
    async register(instance) {
      const { service, checks: list } = rowsOf(instance);
      await agent.register(service, list, { replaceChecks: true, setStatus: true });
    },
    deregister: (id) => agent.deregister(id),
    async setStatus(id, status, note = "") {
      const check = tables.check(agent.node, instanceCheckId(id));
      if (check === undefined) {
        throw new TuskerError("REGISTRY_UNKNOWN", `no instance "${id}" with a check is registered here`);
      }
      checks.beat(check.id);
      await store.commit([{ kind: "check", check: { ...check, status, output: note } }]);
    },
    instances: () =>
      tables.listing().flatMap(([name]) => tables.instances(name).map((row) => view(store, row))),
    changesSince: (index) => store.log.since(index),
    get stats() {
      return stats();
    },
    async drain(graceMs) {
      checks[Symbol.dispose]();
      sessions[Symbol.dispose]();
      const closed = Promise.all([server.drain(graceMs), dns?.[Symbol.asyncDispose]()]);
      store.waits.release();
      streams[Symbol.dispose]();
      held[Symbol.dispose]();
      await closed;
      await store.log.close();
    },
    [Symbol.asyncDispose]: () => registry.drain(0),
  };
  return registry;
}

function view({ tables }: Store, row: ServiceRow): InstanceView {
  return {
    id: row.id,
    service: row.name,
    node: row.node,
    host: row.address || (tables.node(row.node)?.row.address ?? ""),
    port: row.port,
    meta: row.meta ?? {},
    tags: row.tags,
    status: worstOf(tables.checksOver(row)),
  };
}

/** The registry's own node, and the check that says it answers. */
function ownRows(node: string, id: string, address: string): Parameters<Store["commit"]>[0] {
  const family = address.includes(":") ? "ipv6" : "ipv4";
  const taggedAddresses = {
    lan: address,
    [`lan_${family}`]: address,
    wan: address,
    [`wan_${family}`]: address,
  };
  return [
    { kind: "node", node: { name: node, id, address, taggedAddresses, meta: {} } },
    {
      kind: "check",
      check: {
        node,
        id: aliveCheckId,
        name: "Serf Health Status",
        status: "passing",
        notes: "",
        output: "Agent alive and reachable",
        serviceId: "",
        serviceName: "",
        serviceTags: [],
        type: "",
      },
    },
  ];
}

/** An address clients can connect to: everybody's address is ours. */
function reachable(host: string): string {
  return host === "0.0.0.0" || host === "::" || host === "" ? "127.0.0.1" : host;
}
