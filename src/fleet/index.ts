// For users: a whole system from one file.

export { gatewayFile } from "./child-config.ts";
// For control, deploy and the command line.
export type { FleetEvent, TimedEvent } from "./events.ts";
export { runGateway } from "./gateway-process.ts";
export { type LoadedFleet, type LoadFleetOptions, loadFleet } from "./load.ts";
export { pathText } from "./problems.ts";
export { type RunFile, readRunFile, removeRunFile, writeRunFile } from "./run-file.ts";
export { fleetSchema } from "./schema.ts";
export { nodeFlags } from "./self.ts";
export type { ServiceGroup } from "./service-group.ts";
export { type FleetSettings, instanceId, type ServiceSettings } from "./settings.ts";
export { type RunningFleet, type StartOptions, startFleet } from "./start.ts";
export type { LogLine } from "./supervise/lines.ts";
