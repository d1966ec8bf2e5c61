import { consulRegistrar, type Registrar } from "../discovery/index.ts";
import { type Clock, type Random, TuskerError } from "../kernel/index.ts";
import type { HttpClient } from "../net/index.ts";
import { probeRegistry, startRegistry } from "../registry/index.ts";
import type { Logger } from "../telemetry/index.ts";

/** The registry a fleet uses: its own, or one that was there already. */
export interface RegistrySide extends AsyncDisposable {
  readonly url: string;
  readonly registrar: Registrar;
  /** False when another process serves it. */
  readonly own: boolean;
}

export interface RegistrySideOptions {
  /** As written in `registry_url`. */
  readonly url: string;
  /** Take any free port instead of the one in the address. */
  readonly anyPort: boolean;
  /** Where a registry of our own keeps its database. */
  readonly dataDir: string;
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
  const { url, anyPort, dataDir, http, clock, random, log } = options;
  const { hostname, port } = new URL(url);
  const wanted = anyPort ? 0 : Number(port === "" ? "80" : port);
  if (!anyPort) {
    const found = await probeRegistry(url, http);
    if (found.kind === "registry") {
      return {
        url,
        registrar: reaped(consulRegistrar({ url, http })),
        own: false,
        async [Symbol.asyncDispose]() {},
      };
    }
    if (found.kind === "other") {
      throw new TuskerError(
        "NET_PORT_TAKEN",
        `something that is no registry answers at ${url} (${found.what}); stop it, or set service_discovery.registry_url to another address`,
      );
    }
    if (!loopback.has(hostname)) {
      throw new TuskerError(
        "DISCOVERY_UNREACHABLE",
        `no registry answers at ${url}, and that is not this machine, so none can be started there`,
      );
    }
  }
  const registry = await startRegistry({ host: "127.0.0.1", port: wanted, dataDir, clock, random, log });
  return {
    url: registry.url,
    registrar: registry,
    own: true,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]);

/** Long enough for somebody at a breakpoint, short enough that a killed supervisor's instances are not there for good. */
const reapAfterMs = 30 * 60_000;

/** Our own registry ends with us; in another one, instances that nobody took out must end by themselves. */
function reaped(registrar: Registrar): Registrar {
  return {
    register: ({ check, ...rest }, signal) =>
      registrar.register(
        { ...rest, ...(check === undefined ? {} : { check: { ...check, deregisterAfterMs: reapAfterMs } }) },
        signal,
      ),
    deregister: (id, signal) => registrar.deregister(id, signal),
    setStatus: (id, status, note, signal) => registrar.setStatus(id, status, note, signal),
  };
}
