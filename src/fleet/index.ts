import type { FleetSettings } from "./file/settings.ts";
import type { GatewayProcess, GatewayProcessPorts } from "./gateway-process.ts";
import type { RunningFleet, StartOptions } from "./start.ts";

// For users: a whole system from one file.

export { gatewayFile } from "./child-config.ts";
export type { FleetEvent, TimedEvent } from "./events.ts";
export { type Effect, effectsOf } from "./file/changes/effects.ts";
// For control, deploy and the command line.
export { saysTheSame, waitingForRestart } from "./file/changes/waiting.ts";
export { withConfigSchemas } from "./file/check/config-json-schema.ts";
export { defaultAt, fleetJsonSchema, type JsonSchema } from "./file/json-schema.ts";
export { type KeyInfo, keyAt, keysAt } from "./file/key-info.ts";
export { type LoadedFleet, type LoadFleetOptions, loadFleet } from "./file/load.ts";
export { machinePorts, readFile, secretKeys } from "./file/machine.ts";
export { pathText } from "./file/problems.ts";
export type { ReadFrom } from "./file/read-from.ts";
export { fleetSchema } from "./file/schema.ts";
export {
  generateSealKeys,
  publicKeyOf,
  type SealKeys,
  seal,
  secretKeysIn,
  unseal,
} from "./file/sealed.ts";
export { type FleetSettings, instanceId, type ServiceSettings } from "./file/settings.ts";
export type { GatewayProcess } from "./gateway-process.ts";
export { isAlive, type RunFile, readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";
export { nodeFlags } from "./self.ts";
export type { ServiceGroup } from "./service-group.ts";
export type { RunningFleet, StartOptions } from "./start.ts";
export type { LogLine } from "./supervise/lines.ts";

/** Brings a fleet up. Loaded when called: to read a file, no server need be loaded. */
export async function startFleet(settings: FleetSettings, options: StartOptions): Promise<RunningFleet> {
  const { startFleet: start } = await import("./start.ts");
  return start(settings, options);
}

/** Runs a gateway in this process, from what a supervisor wrote. Loaded when called. */
export async function runGateway(file: unknown, ports: GatewayProcessPorts): Promise<GatewayProcess> {
  const { startGatewayProcess } = await import("./workers/start.ts");
  return startGatewayProcess(file, ports);
}
