import { type FleetSettings, gatewayFile } from "../fleet/index.ts";
import { ServiceRef } from "../kernel/index.ts";
import { type DeployGateway, deployAddresses } from "./fleet.ts";

/** What the gateway's container is told: the same as a supervisor tells its child, with the addresses of containers. */
export function gatewayOf(settings: FleetSettings): DeployGateway {
  const { service_discovery, tracing, gateway } = settings.sections;
  const inContainers: FleetSettings = {
    ...settings,
    // Without discovery the gateway goes by these addresses: in compose the name of a service is its host.
    services: settings.services.map((service) => ({
      ...service,
      id: `${service.name}-001`,
      host: service.name,
    })),
    written: {
      ...settings.written,
      gateway: { ...mapOf(settings.written.gateway), bind: "0.0.0.0" },
      tracing: tracingInContainers(settings),
    },
  };
  const told = gatewayFile(inContainers, {
    registry: service_discovery.enabled ? deployAddresses.registry : undefined,
    otlp: tracing.enabled ? deployAddresses.otlp : undefined,
  });
  return { port: gateway.port, settings: mapOf(told) };
}

/** `[tracing]` without the addresses of this machine. */
export function tracingInContainers({ written }: FleetSettings): Readonly<Record<string, unknown>> {
  const entries = Object.entries(mapOf(written.tracing)).map(
    ([key, value]) => [key, value instanceof ServiceRef ? value.address : value] as const,
  );
  return Object.fromEntries(
    entries.filter(
      ([key, value]) => !(key.endsWith("_endpoint") && typeof value === "string" && leftOut(value)),
    ),
  );
}

/** True for an address on this machine, which inside a container is another one. */
export function leftOut(address: string): boolean {
  if (!URL.canParse(address)) return false;
  return /^(?:localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])$/.test(new URL(address).hostname);
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
