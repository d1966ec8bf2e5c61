import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname, join, resolve } from "node:path";
import { isEtcd } from "../discovery/index.ts";
import { referencesIn, Secret, ServiceRef } from "../kernel/index.ts";
import { merged, type Values } from "../rpc/index.ts";
import { type FleetSettings, instanceId, type ServiceSettings } from "./file/settings.ts";

/** Addresses the supervisor knows once its own parts run. */
export interface FleetAddresses {
  /** Address of the registry's HTTP API; undefined when discovery is off. */
  readonly registry: string | undefined;
  /** Shown to it; undefined when it asks for nothing. */
  readonly registryToken?: Secret | undefined;
  /** Base address of an OTLP/HTTP receiver; undefined when tracing is off. */
  readonly otlp: string | undefined;
}

/** Where one process listens and who it is. */
export interface ChildIdentity {
  readonly instance: string;
  readonly port: number;
  readonly grpcPort: number | undefined;
  /** What was published for its service. */
  readonly published: Values;
}

/**
 * Writes what one service process may know as JSON, for its owner's eyes only, and returns the path. Here, and only
 * here, the service's own secrets become plain text.
 */
export function writeChildConfig(
  settings: FleetSettings,
  service: ServiceSettings,
  child: ChildIdentity,
  addresses: FleetAddresses,
): string {
  const { grpc, api_communication, tracing } = settings.written;
  return writeConfig(settings, child.instance, {
    service: {
      name: service.name,
      version: service.version,
      instance: child.instance,
      port: child.port,
      grpcPort: child.grpcPort ?? null,
      healthEndpoint: service.health_endpoint,
      ...configOf(service, child.published),
    },
    grpc: grpc ?? {},
    api_communication: api_communication ?? {},
    tracing: withAddresses(tracing ?? {}),
    registry: registryOf(settings, addresses),
    endpoints: staticEndpoints(settings),
    dataDir: dataDirOf(settings, service.name),
    lockFile: join(settings.root, "tusker.lock"),
    environment: settings.environment,
    envelope: service.envelope,
  });
}

/** Published values lie over those of the file, which stay known: what does not fit a service's schema is passed over. */
function configOf(service: ServiceSettings, published: Values): object {
  const config = revealed(service.config);
  const references = referencesIn(service.config);
  const told = references.length === 0 ? { config } : { config, references };
  if (!isValues(config) || Object.keys(published).length === 0) return told;
  return { ...told, config: merged(config, published), fileConfig: config, published };
}

/** Writes the gateway process's share and returns the path. */
export function writeGatewayConfig(settings: FleetSettings, addresses: FleetAddresses): string {
  // Its folder is of this machine: a gateway elsewhere is told of its own.
  const cacheDir = join(settings.runDir, "gateway");
  return writeConfig(settings, "gateway", { ...gatewayFile(settings, addresses), cacheDir });
}

/** What a gateway process is told: its own sections and where to find the others. */
export function gatewayFile(settings: FleetSettings, addresses: FleetAddresses): object {
  const { routes, api_communication, tracing } = settings.written;
  return {
    fleet: settings.name,
    gateway: withAddresses(gatewayKeys(settings)),
    routes: withAddresses(routes ?? {}),
    api_communication: api_communication ?? {},
    tracing: withAddresses(tracing ?? {}),
    registry: registryOf(settings, addresses),
    otlp: addresses.otlp ?? null,
    endpoints: staticEndpoints(settings),
  };
}

/** The path of the access log is seen from the fleet file, whatever the folder of the process that opens it. */
function gatewayKeys({ written, sections, root }: FleetSettings): object {
  const to = sections.gateway.access_log_to;
  return { ...Object(written.gateway), access_log_to: to === "stdout" ? to : resolve(root, to) };
}

/** The addresses of the file itself: what everybody uses when discovery is switched off. */
function staticEndpoints(settings: FleetSettings): readonly object[] {
  return settings.services.map((service) => ({
    service: service.name,
    id: instanceId(service, 0),
    host: service.host,
    port: service.port,
    tags: service.tags,
    ...(service.grpcPort === undefined ? {} : { grpcPort: service.grpcPort }),
  }));
}

/** Environment of a child: ours, the names every language knows, and the path of its configuration. */
export function childEnvironment(
  settings: FleetSettings,
  service: ServiceSettings,
  child: ChildIdentity,
  addresses: FleetAddresses,
): Record<string, string> {
  const configFile = writeChildConfig(settings, service, child, addresses);
  const own: Record<string, string | undefined> = {
    PORT: String(child.port),
    GRPC_PORT: child.grpcPort === undefined ? undefined : String(child.grpcPort),
    TUSKER_SERVICE: service.name,
    TUSKER_INSTANCE: child.instance,
    TUSKER_REGISTRY_URL: addresses.registry,
    TUSKER_CONFIG_FILE: configFile,
    TUSKER_DATA_DIR: dataDirOf(settings, service.name),
    TUSKER_ENV: settings.environment,
    // Clients of that API have nothing to say to an etcd.
    CONSUL_HTTP_ADDR: consulAddress(addresses.registry),
    CONSUL_HTTP_TOKEN: addresses.registryToken?.reveal(),
    OTEL_SERVICE_NAME: service.name,
    OTEL_EXPORTER_OTLP_ENDPOINT: addresses.otlp,
    OTEL_RESOURCE_ATTRIBUTES: resourceAttributes({
      "service.instance.id": child.instance,
      "service.version": service.version,
      "deployment.environment.name": settings.environment,
    }),
    ...plainTexts(service.env),
  };
  return { ...inherited(settings, service.name), ...defined(own) };
}

function consulAddress(registry: string | undefined): string | undefined {
  return registry === undefined || isEtcd(registry) ? undefined : registry.replace(/^http:\/\//, "");
}

/**
 * Our own environment as a child may see it: without what belongs to us alone, and without the variables that hold
 * secrets of others.
 *
 * @param service who the child is; undefined for a process that owns no secret
 */
export function inherited(settings: FleetSettings, service?: string): Record<string, string> {
  const {
    NODE_TEST_CONTEXT: _test,
    NODE_CHANNEL_FD: _channel,
    NODE_OPTIONS: _options,
    // They open the sealed values of every service.
    TUSKER_SECRET_KEY: _key,
    TUSKER_SECRET_KEY_FILE: _keyFile,
    ...rest
  } = process.env;
  const mine = (name: string): boolean => {
    const owners = settings.secretVariables[name];
    return owners === undefined || (service !== undefined && owners.includes(service));
  };
  const seen = Object.entries(rest).filter(([name]) => !name.startsWith("TUSKER__") && mine(name));
  // Children share our cache of compiled code: a restart costs a third of the first start. The folder is named without
  // its last part, the version of Node, which every process adds for itself.
  const cache = getCompileCacheDir();
  const shared = cache === undefined ? undefined : dirname(cache);
  return defined({ NODE_COMPILE_CACHE: shared, ...Object.fromEntries(seen) });
}

/** OpenTelemetry resource SDK: values are percent-encoded. */
function resourceAttributes(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`)
    .join(",");
}

function writeConfig(settings: FleetSettings, name: string, config: object): string {
  const folder = join(settings.runDir, "processes");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.json`);
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** Takes the written files away again: there are secrets in them. */
export function removeConfigs(settings: FleetSettings): void {
  rmSync(join(settings.runDir, "processes"), { recursive: true, force: true });
}

function registryOf(settings: FleetSettings, addresses: FleetAddresses): object | null {
  if (addresses.registry === undefined) return null;
  const discovery = settings.written.service_discovery;
  const interval =
    typeof discovery === "object" && discovery !== null && "update_interval" in discovery
      ? discovery.update_interval
      : "30s";
  // In a file of mode 0600, like every other secret of a process.
  const token = addresses.registryToken?.reveal();
  return { url: addresses.registry, updateInterval: interval, ...(token === undefined ? {} : { token }) };
}

function dataDirOf(settings: FleetSettings, service: string): string {
  const folder = join(settings.dataDir, "data", service);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function isValues(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The same data for a process that asks the registry itself: of references to services the address. */
function withAddresses(value: unknown): unknown {
  if (value instanceof ServiceRef) return value.address;
  if (Array.isArray(value)) return value.map(withAddresses);
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withAddresses(inner)]));
}

/** The same data with every secret in plain text. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return revealed(value.reveal());
  if (value instanceof ServiceRef) return value.text;
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

function plainTexts(env: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([key, value]) => [
      key,
      String(value instanceof Secret ? value.reveal() : value),
    ]),
  );
}

function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
