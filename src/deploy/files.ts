import { TuskerError } from "../kernel/index.ts";
import { composeFile } from "./compose.ts";
import { dockerfile, dockerignore } from "./dockerfile.ts";
import type { DeployFile, DeployFleet } from "./fleet.ts";
import { gatewayFileOf } from "./gateway.ts";
import { prometheusFile } from "./prometheus.ts";
import { registerScript } from "./register.ts";

/** Names the artefacts use themselves. */
const reserved = ["registry", "register", "collector", "gateway", "prometheus"];

/**
 * Everything that brings a fleet up with Docker Compose: one image, a container per service, registry, collector and
 * gateway beside them. Pure: the same fleet gives the same bytes.
 *
 * @throws TuskerError DEPLOY_UNSUPPORTED for a fleet these artefacts cannot express
 */
export function deployFiles(fleet: DeployFleet): readonly DeployFile[] {
  check(fleet);
  return [
    dockerfile(fleet),
    dockerignore(),
    composeFile(fleet),
    gatewayFileOf(fleet),
    registerScript(fleet),
    ...(fleet.metrics.length === 0 ? [] : [prometheusFile(fleet)]),
  ];
}

function check(fleet: DeployFleet): void {
  if (!isPort(fleet.gateway.port))
    throw unsupported("the gateway", "a container needs a fixed port; give it one in [gateway]");
  const names = new Set(fleet.services.map((service) => service.name));
  for (const service of fleet.services) {
    if (reserved.includes(service.name))
      throw unsupported(service.name, "its name is taken by a part of Tusker; rename the service");
    if (![service.port, service.grpcPort ?? 1].every(isPort))
      throw unsupported(service.name, "a container needs a fixed port; give it one in the fleet file");
    const stranger = service.dependencies.find((name) => !names.has(name));
    if (stranger !== undefined)
      throw unsupported(service.name, `it depends on "${stranger}", which is no service`);
  }
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function unsupported(service: string, why: string): TuskerError {
  return new TuskerError("DEPLOY_UNSUPPORTED", `${service} cannot be deployed: ${why}`, {
    details: { service },
  });
}
