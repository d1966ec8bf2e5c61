import {
  type ServiceInstance,
  type ServiceResolver,
  type ServiceTarget,
  TuskerError,
  targetText,
  tryServiceUrl,
} from "../kernel/index.ts";
import type { Discovery } from "./discovery.ts";
import { type Endpoint, type EndpointSet, endpointSet, grpcPortOf } from "./endpoint.ts";

/** The same discovery, of the instances alone that bear a tag. Disposing it leaves the other as it is. */
export function tagged(discovery: Discovery, tag: string): Discovery {
  const of = (set: EndpointSet): EndpointSet => {
    const bearing = set.endpoints.filter(({ tags }) => tags.includes(tag));
    return bearing.length === set.endpoints.length ? set : endpointSet(set.service, set.version, bearing);
  };
  return {
    watch(service, listener) {
      let before: string | undefined;
      return discovery.watch(service, (set) => {
        const bearing = of(set);
        const now = JSON.stringify(bearing.endpoints);
        // The others may have changed.
        if (now === before) return;
        before = now;
        listener(bearing);
      });
    },
    lookup: async (service, signal) => of(await discovery.lookup(service, signal)),
    known(service) {
      const set = discovery.known(service);
      return set && of(set);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Finds the instances that `@service` means. */
export function serviceResolver(discovery: Discovery): ServiceResolver {
  const of = ({ tag }: ServiceTarget): Discovery => (tag === undefined ? discovery : tagged(discovery, tag));
  return {
    async instances(target, signal) {
      const { endpoints } = await of(target).lookup(target.name, signal);
      return instancesOf(endpoints, target);
    },
    watch: (target, listener) =>
      of(target).watch(target.name, ({ endpoints }) => listener(instancesOf(endpoints, target))),
  };
}

/** Instances without the port that is meant are passed over. */
function instancesOf(endpoints: readonly Endpoint[], { port: which }: ServiceTarget): ServiceInstance[] {
  return endpoints.flatMap((endpoint): ServiceInstance[] => {
    const { id, host } = endpoint;
    const port = which === "grpc" ? grpcPortOf(endpoint) : endpoint.port;
    if (port === undefined) return [];
    return [{ id, host, port, url: `http://${host.includes(":") ? `[${host}]` : host}:${port}` }];
  });
}

/**
 * Gives the address to ask now: of `service://name/path` that of an instance, each in turn; any other as it is.
 *
 * @param path behind a service that is named without one; default none
 * @example const address = addressResolver(serviceResolver(discovery));
 * await address("service://auth/keys"); // "http://127.0.0.1:8085/keys"
 */
export function addressResolver(
  resolver: ServiceResolver,
  path = "",
): (address: string, signal?: AbortSignal) => Promise<string> {
  let turn = 0;
  return async (address, signal) => {
    const service = tryServiceUrl(address);
    if (service === undefined) return address;
    const found = await resolver.instances(service.target, signal);
    const chosen = found[turn++ % Math.max(1, found.length)];
    if (chosen !== undefined) return chosen.url + (service.path || path);
    const message = `no instance of ${targetText(service.target)} takes traffic`;
    throw new TuskerError("DISCOVERY_NO_ENDPOINT", message);
  };
}
