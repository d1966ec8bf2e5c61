import type { Clock, Random, Secret } from "../../kernel/index.ts";
import type { ClientTls } from "../../net/index.ts";
import type { DiscoveryLog, RegistryHttp } from "../http.ts";

/** What every engine needs. */
export interface EngineOptions {
  /** "http://host:8500" for a registry on Consul's wire, "etcd://host:2379" (or "etcds://…") for etcd. */
  readonly url: string;
  /** Must allow one connection per followed service, watch and waiting lock, and some more. */
  readonly http: RegistryHttp;
  /** Shown to the registry; to an etcd that asks who one is, `user:password`. */
  readonly token?: Secret | undefined;
  /** For etcds://; default the certificates Node trusts. */
  readonly tls?: ClientTls;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  /** How long one question stays open; default 30,000. */
  readonly updateIntervalMs?: number;
  /** How long after an outage removals of instances do not count yet; default 15,000. */
  readonly graceMs?: number;
}
