import { TuskerError } from "../../kernel/index.ts";
import { isEtcd, withToken } from "../http.ts";
import type { RegistryEngine } from "./engine.ts";
import type { EngineOptions } from "./options.ts";

/**
 * Opens the engine an address names: `etcd://` and `etcds://` are etcd, `http://` and `https://` a registry on
 * Consul's wire, which is ours or another. Engines are loaded when they are opened.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
 * @example
 * await using engine = await openEngine({ url: "etcd://127.0.0.1:2379", http, clock, random, log });
 * await using held = await engine.mutex.acquire("nightly", { leaseMs: 15_000 });
 */
export async function openEngine(options: EngineOptions): Promise<RegistryEngine> {
  if (!URL.canParse(options.url)) {
    throw new TuskerError(
      "DISCOVERY_PROTOCOL",
      `"${options.url}" is no address of a registry; write http://host:8500 or etcd://host:2379`,
    );
  }
  if (isEtcd(options.url)) return (await import("./etcd/etcd-engine.ts")).etcdEngine(options);
  const { token, ...shown } = { ...options, http: withToken(options.http, options.token) };
  return (await import("./consul/consul-engine.ts")).consulEngine(shown);
}
