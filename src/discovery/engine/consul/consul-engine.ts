import { isFields, parseJson } from "../../json.ts";
import type { Capabilities, RegistryEngine } from "../engine.ts";
import type { EngineOptions } from "../options.ts";
import { consulKv, maxConsulSteps, maxConsulValueBytes } from "./consul-kv.ts";
import { consulMutex } from "./consul-mutex.ts";
import { consulRegistry } from "./consul-registry.ts";
import { send } from "./consul-wire.ts";
import { tuskerConfiguration } from "./tusker-configuration.ts";

const common: Omit<Capabilities, "durableAck" | "resumableWatch" | "history"> = {
  linearizableRead: true,
  maxTxnSteps: maxConsulSteps,
  dns: true,
  maxValueBytes: maxConsulValueBytes,
  minLeaseMs: 10_000,
};

/**
 * A registry on Consul's wire. Ours is asked what it can do beyond that; whoever does not know the question is a
 * Consul.
 *
 * @throws TuskerError DISCOVERY_UNREACHABLE, DISCOVERY_PROTOCOL
 */
export async function consulEngine(options: EngineOptions): Promise<RegistryEngine> {
  const { status, text } = await send(
    options,
    { method: "GET", path: "/v1/tusker/capabilities" },
    [200, 404],
  );
  const own = status === 200;
  const said = own ? parseJson(text) : undefined;
  const durableAck = !own || (isFields(said) && said.durableAck === true);
  const registry = consulRegistry(options, own);
  return {
    name: own ? "embedded" : "consul",
    capabilities: { ...common, durableAck, resumableWatch: own, history: own },
    registry,
    kv: consulKv(options, own),
    mutex: consulMutex(options),
    configuration: own ? tuskerConfiguration(options) : undefined,
    [Symbol.asyncDispose]: () => registry.discovery[Symbol.asyncDispose](),
  };
}
