import type { RunningFleet } from "../fleet/index.ts";
import type { FleetView, InstanceView, ServiceView } from "./api.ts";

/** The fleet as the admin API shows it: state and addresses, never configuration values. */
export function fleetView(fleet: RunningFleet): FleetView {
  const { settings, gateway } = fleet;
  const externals = new Set(settings.services.flatMap((service) => service.needsExternals));
  return {
    name: settings.name,
    environment: settings.environment,
    pid: process.pid,
    ...(gateway.ready === undefined ? {} : { gateway: `http://localhost:${gateway.ready.port}` }),
    ...(fleet.registryUrl === undefined ? {} : { registry: fleet.registryUrl }),
    ...(fleet.otlpUrl === undefined ? {} : { otlp: fleet.otlpUrl }),
    gatewayProcess: instanceView(gateway),
    services: settings.services.map((service): ServiceView => {
      const group = fleet.groups.find((one) => one.settings.name === service.name);
      return {
        name: service.name,
        version: service.version,
        dependencies: service.dependencies,
        supervised: group !== undefined,
        instances: (group?.instances ?? []).map(instanceView),
      };
    }),
    externals: [...externals].map((name) => {
      const address = settings.externals[name]?.address;
      return { name, ...(address === undefined ? {} : { address }) };
    }),
    routes: Object.entries(settings.sections.routes).flatMap(([path, routes]) =>
      routes.flatMap(({ method = [], service, services = {} }) =>
        (service === undefined ? Object.keys(services) : [service]).map((name) => ({
          path,
          methods: method,
          service: name,
        })),
      ),
    ),
  };
}

function instanceView(instance: RunningFleet["gateway"]): InstanceView {
  return {
    id: instance.spec.id,
    state: instance.state,
    ...(instance.pid === undefined ? {} : { pid: instance.pid }),
    ...(instance.ready === undefined ? {} : { port: instance.ready.port }),
    ...(instance.ready?.grpcPort === undefined ? {} : { grpcPort: instance.ready.grpcPort }),
    restarts: instance.restarts,
    crashLoop: instance.crashLoop,
  };
}
