import { randomBytes } from "node:crypto";
import {
  type Discovery,
  holdLease,
  isEtcd,
  openEngine,
  type Registrar,
  type RegistryHttp,
  registryDiscovery,
  staticDiscovery,
  withToken,
} from "../discovery/index.ts";
import {
  type Clock,
  messageOf,
  type Random,
  type Scope,
  Secret,
  TuskerError,
  taskScope,
} from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import { type AclSettings, probeRegistry, startRegistry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";
import { EngineRegistrar } from "./engine-registrar.ts";
import { type FleetSettings, instanceId } from "./file/settings.ts";
import { ForeignRegistry, type Holder } from "./foreign-registry.ts";
import { portTaken } from "./supervise/free-port.ts";

/** The registry a fleet uses: its own, or one that was there already. */
export interface RegistrySide extends AsyncDisposable {
  readonly url: string;
  /** What processes of the fleet show to it; undefined when it asks for nothing. */
  readonly token: Secret | undefined;
  /** Where a registry of our own answers DNS, "host:port" on UDP and TCP; undefined when it does not. */
  readonly dns: string | undefined;
  readonly registrar: Registrar;
  /** False when another process serves it. */
  readonly own: boolean;
  /** True when somebody else registered an instance of the service on this port. */
  serves(service: string, port: number): Promise<boolean>;
}

export interface RegistrySideOptions {
  /** Name of the fleet. */
  readonly fleet: string;
  /** As written in `registry_url`. */
  readonly url: string;
  /** What is shown to a registry that is there already. */
  readonly token: Secret | undefined;
  /** Who may do what in one that is started here; undefined: everybody everything. */
  readonly acl: AclSettings | undefined;
  /** Take any free port instead of the one in the address. */
  readonly anyPort: boolean;
  /** Where a registry of our own keeps its database. */
  readonly dataDir: string;
  /** Port of DNS for a registry of our own; 0: none. */
  readonly dnsPort: number;
  /** Whether a registry of our own runs script checks. */
  readonly scriptChecks: boolean;
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * Uses what answers at the address; starts a registry there when nothing does and the address is of this machine.
 *
 * @throws TuskerError NET_PORT_TAKEN when something else listens there, DISCOVERY_UNREACHABLE for a dead remote one,
 * REGISTRY_STORAGE
 */
export async function openRegistry(options: RegistrySideOptions): Promise<RegistrySide> {
  const { url, anyPort, dataDir, clock, random, log, token } = options;
  const http = withToken(options.http, token);
  if (isEtcd(url)) return engineSide(options);
  const { hostname, port, protocol } = new URL(url);
  const wanted = anyPort ? 0 : Number(port || (protocol === "https:" ? "443" : "80"));
  const home = loopback.has(hostname);
  // Where nobody listens there is nobody to ask.
  if (!anyPort && !(home && !(await portTaken(wanted)))) {
    const found = await probeRegistry(url, http);
    if (found.kind === "registry") {
      const scope = taskScope((error) =>
        log.warn("the registry is not kept told", { error: messageOf(error) }),
      );
      const registrar = new ForeignRegistry(url, options.fleet, http, holder(scope, { ...options, http }));
      scope.run((signal) => registrar.keepTold(clock, signal));
      const serves = (service: string, at: number): Promise<boolean> => registrar.serves(service, at);
      const close = (): Promise<void> => scope.close();
      return { url, token, dns: undefined, registrar, own: false, serves, [Symbol.asyncDispose]: close };
    }
    if (found.kind === "other") {
      throw new TuskerError(
        "NET_PORT_TAKEN",
        `something that is no registry answers at ${url} (${found.what}); stop it, or set service_discovery.registry_url to another address`,
      );
    }
    if (!home) {
      throw new TuskerError(
        "DISCOVERY_UNREACHABLE",
        `no registry answers at ${url}, and that is not this machine, so none can be started there`,
      );
    }
  }
  const dns = options.dnsPort === 0 ? {} : { dnsPort: anyPort ? 0 : options.dnsPort };
  const own = options.acl === undefined ? undefined : new Secret(randomBytes(24).toString("base64url"));
  const registry = await startRegistry({
    host: "127.0.0.1",
    port: wanted,
    ...dns,
    ...(options.acl === undefined || own === undefined ? {} : { acl: withOurs(options.acl, own) }),
    scriptChecks: options.scriptChecks,
    dataDir,
    clock,
    random,
    log,
  });
  return {
    url: registry.url,
    token: own,
    dns: registry.dnsPort === undefined ? undefined : `127.0.0.1:${registry.dnsPort}`,
    registrar: registry,
    own: true,
    serves: async () => false,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

/** Where the supervisor itself finds services. Nothing is asked before somebody asks for one. */
export function ownDiscovery(
  settings: FleetSettings,
  registry: Pick<RegistrySide, "url" | "token"> | undefined,
  shared: Pick<RegistrySideOptions, "http" | "clock" | "random" | "log">,
): Discovery {
  if (registry !== undefined)
    return registryDiscovery({ ...shared, url: registry.url, token: registry.token });
  return staticDiscovery(
    settings.services.map((service) => ({
      service: service.name,
      id: instanceId(service, 0),
      host: service.host,
      port: service.port,
      meta: {},
      tags: service.tags,
      weight: 1,
    })),
  );
}

/** An etcd keeps what it is told; renewing and checking is done from here. */
async function engineSide(options: RegistrySideOptions): Promise<RegistrySide> {
  const { url, token, fleet, http, clock, random, log } = options;
  const engine = await openEngine({ url, http, token, clock, random, log });
  const registrar = new EngineRegistrar({ engine, fleet, http, clock, log });
  return {
    url,
    token,
    dns: undefined,
    registrar,
    own: false,
    serves: (service, port) => registrar.serves(service, port),
    async [Symbol.asyncDispose]() {
      await registrar[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]);

/** Processes of the fleet find each other and read their configuration; that is all they are for. */
function withOurs(acl: AclSettings, secret: Secret): AclSettings {
  const ours = {
    secret,
    service: { "*": "read" },
    node: { "*": "read" },
    key: { "config/*": "read" },
  } as const;
  return { ...acl, tokens: { ...acl.tokens, "this fleet": ours } };
}

type HeldBy = Pick<RegistrySideOptions, "url" | "clock" | "random" | "log"> & { readonly http: RegistryHttp };

/** When this process dies, whatever way, its instances are critical there at once, not when a check finds out. */
function holder(scope: Scope, options: HeldBy): Holder {
  const { url, http, clock, random, log } = options;
  return (id) => {
    const over = new AbortController();
    scope.run(async (ending) => {
      await holdLease(id, { url, http, clock, random, log }, AbortSignal.any([ending, over.signal]));
    });
    return { [Symbol.dispose]: () => over.abort() };
  };
}
