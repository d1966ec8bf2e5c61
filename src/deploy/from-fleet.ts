import type { LoadedFleet, ServiceSettings } from "../fleet/index.ts";
import { type FleetSettings, instanceId } from "../fleet/index.ts";
import { referencesIn, Secret, ServiceRef, TuskerError } from "../kernel/index.ts";
import {
  type DeployFleet,
  type DeployService,
  type DeployValue,
  deployAddresses,
  SecretReference,
} from "./fleet.ts";
import { gatewayOf, tracingInContainers } from "./gateway-settings.ts";
import { secretVariable } from "./secret-variable.ts";

type Path = readonly string[];
/** Names the variable that will hold the secret at a path of the fleet file. */
type NameSecret = (path: Path) => string;

/**
 * What the artefacts need to know, from a fleet that was read without errors. Secrets become references to the
 * variables the file reads them from.
 *
 * @param file the fleet file, relative to the folder the image is built from
 * @throws TuskerError DEPLOY_UNSUPPORTED for a service that one container cannot be
 */
export function deployFleetOf(
  settings: FleetSettings,
  document: LoadedFleet["document"],
  file: string,
): DeployFleet {
  const nameSecret: NameSecret = (path) => secretVariable(document, path);
  const environment = overlayOf(settings, document);
  return {
    name: settings.name,
    file,
    nodeMajor: 26,
    ...(environment === undefined ? {} : { environment }),
    services: settings.services.map((service) => containerOf(settings, service, nameSecret)),
    gateway: gatewayOf(settings),
    metrics: [],
  };
}

function containerOf(
  settings: FleetSettings,
  service: ServiceSettings,
  nameSecret: NameSecret,
): DeployService {
  const { name, version, run, port, grpcPort, instances, health_endpoint: healthEndpoint } = service;
  if (run === undefined) throw unsupported(name, "nothing says how to run it; it runs elsewhere");
  if (instances > 1) throw unsupported(name, `it has ${instances} instances; scale it where it is deployed`);
  const at = ["services", name];
  return {
    name,
    version,
    run,
    port,
    ...(grpcPort === undefined ? {} : { grpcPort }),
    healthEndpoint,
    dependencies: service.needs,
    environment: Object.fromEntries(
      Object.entries(service.env).map(([key, value]) => [
        key,
        value instanceof Secret ? new SecretReference(nameSecret([...at, "env", key])) : String(value),
      ]),
    ),
    configuration: configurationOf(settings, service, nameSecret),
  };
}

/** The same file a supervisor writes for its child, with the addresses of the containers. */
function configurationOf(
  settings: FleetSettings,
  service: ServiceSettings,
  nameSecret: NameSecret,
): DeployValue {
  const written: FleetSettings["written"] = { ...settings.written, tracing: tracingInContainers(settings) };
  const section = (name: string): DeployValue => plain(written[name] ?? {}, [name], nameSecret);
  return {
    service: {
      name: service.name,
      version: service.version,
      instance: instanceId({ name: service.name, id: undefined }, 0),
      port: service.port,
      grpcPort: service.grpcPort ?? null,
      healthEndpoint: service.health_endpoint,
      config: plain(service.config, ["services", service.name, "config"], nameSecret),
      ...referencesOf(service),
    },
    grpc: section("grpc"),
    api_communication: section("api_communication"),
    tracing: section("tracing"),
    registry: { url: deployAddresses.registry, updateInterval: "30s" },
    environment: settings.environment,
    envelope: service.envelope,
  };
}

function referencesOf({ config }: ServiceSettings): Readonly<Record<string, DeployValue>> {
  const references = referencesIn(config);
  return references.length === 0
    ? {}
    : { references: references.map((one) => Object.fromEntries(Object.entries(one))) };
}

function plain(value: unknown, path: Path, nameSecret: NameSecret): DeployValue {
  if (value instanceof Secret) return new SecretReference(nameSecret(path));
  if (value instanceof ServiceRef) return value.text;
  if (Array.isArray(value)) return value.map((inner, i) => plain(inner, [...path, String(i)], nameSecret));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, plain(inner, [...path, key], nameSecret)]),
    );
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** The environment, when a file of that name was merged. Without one nothing is said, as nothing was asked for. */
function overlayOf({ environment }: FleetSettings, document: LoadedFleet["document"]): string | undefined {
  const merged = [...document.sources.values()].some((source) => source.layer === "environment");
  return merged ? environment : undefined;
}

function unsupported(service: string, why: string): TuskerError {
  return new TuskerError("DEPLOY_UNSUPPORTED", `${service} cannot be deployed: ${why}`, {
    details: { service },
  });
}
