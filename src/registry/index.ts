// for users

// for other rooms
export type { AclRules, Policy } from "./acl/access.ts";
export type { AclSettings, AclToken } from "./acl/tokens.ts";
export type { Probe, ProbeResult, Probes } from "./checks/probe.ts";
export type { LocalInstance, LocalInstanceCheck } from "./instance.ts";
export { type Found, probeRegistry } from "./probe.ts";
export {
  type InstanceView,
  type Registry,
  type RegistryLog,
  type RegistryOptions,
  startRegistry,
} from "./registry.ts";
export type { LogEntry } from "./state/log.ts";
export type { Change, Check, CheckSpec, CheckStatus, Node, Service } from "./state/model.ts";
export type { RegistryStats } from "./stats.ts";
