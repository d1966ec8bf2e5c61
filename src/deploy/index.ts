// For users and the command line: files from a fleet.
export { deployFiles } from "./files.ts";
export {
  type DeployFile,
  type DeployFleet,
  type DeployGateway,
  type DeployService,
  type DeployValue,
  deployAddresses,
  type MetricsTarget,
  SecretReference,
} from "./fleet.ts";
export { deployFleetOf } from "./from-fleet.ts";
export { deployNotices } from "./notices.ts";
