import { tuskerCommand } from "./dockerfile.ts";
import {
  type DeployFile,
  type DeployFleet,
  type DeployService,
  type DeployValue,
  deployAddresses,
  SecretReference,
} from "./fleet.ts";
import { gatewayPath } from "./gateway.ts";
import { generatedFrom } from "./generated.ts";
import { toYaml, type YamlValue } from "./yaml.ts";

/** A container per service and per part of Tusker, started in the order of their dependencies, gated on health. */
export function composeFile(fleet: DeployFleet): DeployFile {
  const parts = { registry, register, collector, gateway: gateway(fleet) };
  const services = Object.fromEntries(
    fleet.services.map((service) => [service.name, container(service, fleet.environment)]),
  );
  const compose: YamlValue = {
    name: fleet.name,
    services: { ...parts, ...services, ...(fleet.metrics.length === 0 ? {} : { prometheus }) },
    configs: Object.fromEntries(
      fleet.services.map((service) => [
        configName(service),
        { content: `${interpolated(service.configuration)}\n` },
      ]),
    ),
    volumes: Object.fromEntries(fleet.services.map((service) => [volumeName(service), {}])),
  };
  return { path: "compose.yaml", text: `${generatedFrom(fleet.file)}${toYaml(compose)}` };
}

/** What every container has: the image, a real init for signals, and as few rights as it can live with. */
const base = {
  image: `\${TUSKER_IMAGE:-tusker-fleet}`,
  build: ".",
  init: true,
  restart: "unless-stopped",
  cap_drop: ["ALL"],
  security_opt: ["no-new-privileges:true"],
} as const;

const healthy = { condition: "service_healthy" } as const;

/** Parts of Tusker write nothing. A service does, and compose cannot put inline configs on a read-only root. */
const sealed = { ...base, read_only: true, tmpfs: ["/tmp"] } as const;

const registry: YamlValue = {
  ...sealed,
  command: [...tuskerCommand, "registry", "--bind", "0.0.0.0"],
  environment: { HEALTH_URL: "http://127.0.0.1:8500/v1/status/leader" },
};

/** Makes the services known, again when the registry was restarted. */
const register: YamlValue = {
  ...sealed,
  command: ["node", "deploy/register.mjs"],
  environment: { TUSKER_REGISTRY_URL: deployAddresses.registry },
  healthcheck: { disable: true },
  depends_on: { registry: healthy },
};

const collector: YamlValue = {
  ...sealed,
  command: [...tuskerCommand, "collector", "--bind", "0.0.0.0"],
  environment: { HEALTH_URL: "http://127.0.0.1:4318/" },
};

const prometheus: YamlValue = {
  image: "prom/prometheus:v3.5.0",
  restart: "unless-stopped",
  volumes: ["./deploy/prometheus.yml:/etc/prometheus/prometheus.yml:ro"],
  ports: ["127.0.0.1:9090:9090"],
};

function gateway(fleet: DeployFleet): YamlValue {
  const { port } = fleet.gateway;
  return {
    ...sealed,
    command: [...tuskerCommand, "gateway", "--settings", gatewayPath],
    environment: { HEALTH_URL: `http://127.0.0.1:${port}/` },
    depends_on: { registry: healthy },
    // Loopback: whether the world may come in is decided by whoever puts something in front.
    ports: [`127.0.0.1:\${GATEWAY_PORT:-${port}}:${port}`],
  };
}

function container(service: DeployService, environment: string | undefined): YamlValue {
  const { name, version, port, grpcPort } = service;
  const needs = service.dependencies.map((dependency) => [dependency, healthy]);
  return {
    ...base,
    command: literal(service.run),
    environment: {
      TUSKER_BIND: "0.0.0.0",
      PORT: String(port),
      ...(grpcPort === undefined ? {} : { GRPC_PORT: String(grpcPort) }),
      HEALTH_URL: `http://127.0.0.1:${port}${literal(service.healthEndpoint)}`,
      ...(environment === undefined ? {} : { TUSKER_ENV: literal(environment) }),
      TUSKER_SERVICE: name,
      TUSKER_INSTANCE: `${name}-001`,
      TUSKER_REGISTRY_URL: deployAddresses.registry,
      TUSKER_CONFIG_FILE: "/run/tusker/config.json",
      TUSKER_DATA_DIR: "/data",
      CONSUL_HTTP_ADDR: new URL(deployAddresses.registry).host,
      OTEL_SERVICE_NAME: name,
      OTEL_EXPORTER_OTLP_ENDPOINT: deployAddresses.otlp,
      OTEL_RESOURCE_ATTRIBUTES: literal(`service.instance.id=${name}-001,service.version=${version}`),
      ...Object.fromEntries(
        Object.entries(service.environment).map(([key, value]) => [
          key,
          value instanceof SecretReference ? reference(value) : literal(value),
        ]),
      ),
    },
    healthcheck: { test: healthTest },
    depends_on: { registry: healthy, ...Object.fromEntries(needs) },
    configs: [{ source: configName(service), target: "/run/tusker/config.json" }],
    volumes: [`${volumeName(service)}:/data`],
  };
}

/** A service is well when its own endpoint says so with 2xx; what is well enough for a gateway is not for it. */
const healthTest = [
  "CMD",
  "node",
  "-e",
  "fetch(process.env.HEALTH_URL).then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))",
];

function configName(service: DeployService): string {
  return `${service.name}-config`;
}

function volumeName(service: DeployService): string {
  return `${service.name}-data`;
}

/** Compose puts variables into every text; a dollar that is meant is written twice. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/** The value of the variable, and a refusal to start without it: a deployed fleet has no secrets by default. */
function reference({ variable }: SecretReference): string {
  return `\${${variable}:?set ${variable}}`;
}

/** JSON in which secrets stand as variables. Compose puts them in as they are: no quote or backslash may be in one. */
function interpolated(value: DeployValue): string {
  const references = new Map<string, SecretReference>();
  const json = JSON.stringify(
    value,
    (_key, inner: unknown) => {
      if (!(inner instanceof SecretReference)) return inner;
      // A text that cannot be in data: lone surrogates are escaped by JSON.stringify, U+FFFF is no character.
      const stand = `\uffff${references.size}\uffff`;
      references.set(stand, inner);
      return stand;
    },
    2,
  );
  return literal(json).replaceAll(/\uffff\d+\uffff/g, (stand) => {
    const found = references.get(stand);
    return found === undefined ? stand : reference(found);
  });
}
