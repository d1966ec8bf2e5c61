import type { Secret } from "../kernel/index.ts";
import type { ClientTls } from "../net/index.ts";
import type { Discovery } from "./discovery.ts";
import type { EtcdWire } from "./engine/etcd/etcd-wire.ts";
import { type FollowingOptions, followingDiscovery } from "./following.ts";
import { isEtcd, type RegistryHttp, withToken } from "./http.ts";
import { questions } from "./questions/questions.ts";
import type { Source } from "./source.ts";
import { streamSource } from "./stream/stream-source.ts";

/** Where the registry is and what discovery may use. `url` is its base address: "http://127.0.0.1:8500". */
export interface ConsulDiscoveryOptions extends FollowingOptions {
  /** Must allow one connection per followed service. */
  readonly http: RegistryHttp;
  /** How long one question stays open; default 30,000. */
  readonly updateIntervalMs?: number;
  /** Shown to the registry; to an etcd that asks who one is, `user:password`. */
  readonly token?: Secret | undefined;
  /** For etcds://; default the certificates Node trusts. */
  readonly tls?: ClientTls;
}

/**
 * Discovery over the blocking queries of a registry that speaks Consul's HTTP API. One question per service is open
 * at any time, however many listen; the last one to leave ends it a second later. While the registry is away the last sets stay in use.
 */
export function consulDiscovery(options: ConsulDiscoveryOptions): Discovery {
  const shown = { ...options, http: withToken(options.http, options.token) };
  return followingDiscovery(options, (service) => [asked(service, shown)]);
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
  if (isEtcd(options.url)) return etcdDiscovery(options);
  const shown = { ...options, http: withToken(options.http, options.token), streams: { offered: true } };
  return followingDiscovery(options, (service) => [streamSource(service, shown), asked(service, shown)]);
}

/** Loaded when it is used: few processes are. */
function etcdDiscovery(options: ConsulDiscoveryOptions): Discovery {
  let wire: EtcdWire | undefined;
  const source = (service: string): Source => ({
    async run(hear, signal) {
      const [{ etcdSource }, { etcdWire }] = await Promise.all([
        import("./engine/etcd/etcd-source.ts"),
        import("./engine/etcd/etcd-wire.ts"),
      ]);
      wire ??= etcdWire(options);
      await etcdSource(service, wire).run(hear, signal);
    },
  });
  const discovery = followingDiscovery(options, (service) => [source(service)]);
  return {
    ...discovery,
    async [Symbol.asyncDispose]() {
      await discovery[Symbol.asyncDispose]();
      await wire?.[Symbol.asyncDispose]();
    },
  };
}

function asked(service: string, options: ConsulDiscoveryOptions): Source {
  return questions(service, { ...options, waitMs: options.updateIntervalMs ?? 30_000 });
}
