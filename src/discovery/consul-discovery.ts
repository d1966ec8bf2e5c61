import type { Discovery } from "./discovery.ts";
import { type FollowingOptions, followingDiscovery } from "./following.ts";
import { isEtcd, type RegistryHttp } from "./http.ts";
import { questions } from "./questions/questions.ts";
import type { Source } from "./source.ts";
import { streamSource } from "./stream/stream-source.ts";

/** Where the registry is and what discovery may use. `url` is its base address: "http://127.0.0.1:8500". */
export interface ConsulDiscoveryOptions extends FollowingOptions {
  /** Must allow one connection per followed service. */
  readonly http: RegistryHttp;
  /** How long one question stays open; default 30,000. */
  readonly updateIntervalMs?: number;
}

/**
 * Discovery over the blocking queries of a registry that speaks Consul's HTTP API. One question per service is open
 * at any time, however many listen; the last one to leave ends it a second later. While the registry is away the last sets stay in use.
 */
export function consulDiscovery(options: ConsulDiscoveryOptions): Discovery {
  return followingDiscovery(options, (service) => [asked(service, options)]);
}

/**
 * Discovery over whatever the registry has: the delta stream of one of ours, watches of an etcd, blocking queries of
 * any other. One connection per followed service.
 *
 * @example
 * await using discovery = registryDiscovery({ url: "http://127.0.0.1:8500", http, clock, random, log });
 * const { endpoints } = await discovery.lookup("user-service");
 */
export function registryDiscovery(options: ConsulDiscoveryOptions): Discovery {
  if (isEtcd(options.url)) return followingDiscovery(options, (service) => [inEtcd(service, options)]);
  const streams = { offered: true };
  return followingDiscovery(options, (service) => [
    streamSource(service, { ...options, streams }),
    asked(service, options),
  ]);
}

/** Loaded when it is used: few processes are. */
function inEtcd(service: string, options: ConsulDiscoveryOptions): Source {
  return {
    async run(hear, signal) {
      const { etcdSource } = await import("./engine/etcd/etcd-source.ts");
      const { etcdWire } = await import("./engine/etcd/etcd-wire.ts");
      const wire = etcdWire(options.url, options.http);
      const reopenMs = options.updateIntervalMs ?? 30_000;
      await etcdSource(service, { wire, clock: options.clock, reopenMs }).run(hear, signal);
    },
  };
}

function asked(service: string, options: ConsulDiscoveryOptions): Source {
  return questions(service, { ...options, waitMs: options.updateIntervalMs ?? 30_000 });
}
