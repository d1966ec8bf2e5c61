import { TuskerError } from "../kernel/index.ts";
import type { FleetSettings } from "./file/settings.ts";
import { portTaken } from "./supervise/free-port.ts";

/**
 * Looks whether every port of the file that must be ours is free, before anything is started. The registry and the
 * collector are not asked: they make use of what is there.
 *
 * @throws TuskerError NET_PORT_TAKEN, naming every taken port and whose it is
 */
export async function assertPortsFree(settings: FleetSettings): Promise<void> {
  const wanted: [key: string, port: number, host: string][] = [
    ["gateway.port", settings.sections.gateway.port, settings.sections.gateway.bind],
    ["control.port", settings.control.port, settings.control.bind],
  ];
  for (const service of settings.services) {
    if (service.run === undefined) continue;
    wanted.push([`services.${service.name}.port`, service.port, "127.0.0.1"]);
    if (service.grpcPort !== undefined)
      wanted.push([`the gRPC port of ${service.name}`, service.grpcPort, "127.0.0.1"]);
  }
  const taken: string[] = [];
  for (const [key, port, host] of wanted) {
    if (port !== 0 && (await portTaken(port, host))) taken.push(`${port} (${key})`);
  }
  if (taken.length === 0) return;
  const which = taken.length === 1 ? `port ${taken[0]} is` : `ports ${taken.join(", ")} are`;
  throw new TuskerError(
    "NET_PORT_TAKEN",
    `${which} taken by another process; stop it, or choose others with --set or --free-ports`,
    {
      details: { taken },
    },
  );
}
