// for users
export { type ConsulDiscoveryOptions, consulDiscovery, registryDiscovery } from "./consul-discovery.ts";
export { type ConsulRegistrarOptions, consulRegistrar } from "./consul-registrar.ts";
export type { Discovery, EndpointListener } from "./discovery.ts";
export type { Endpoint, EndpointSet } from "./endpoint.ts";
// for other rooms
export { endpointSet, grpcPortOf } from "./endpoint.ts";
export type {
  Authorship,
  Configuration,
  KeyVersion,
  Publication,
  PublicationNote,
  PublicationStep,
  Published,
  RollbackOrder,
} from "./engine/configuration.ts";
export type {
  Capabilities,
  EngineName,
  Held,
  Kv,
  KvCondition,
  KvEntry,
  KvEvent,
  KvList,
  KvStep,
  KvWatchOptions,
  Lease,
  LeasedInstance,
  LeaseOptions,
  Mutex,
  Registry,
  RegistryEngine,
} from "./engine/engine.ts";
export { openEngine } from "./engine/open.ts";
export type { EngineOptions } from "./engine/options.ts";
export type { Version } from "./engine/version.ts";
export { type DiscoveryLog, isEtcd, type RegistryHttp, withToken } from "./http.ts";
export { type LastKnown, lastKnown } from "./last-known.ts";
export { type HoldOptions, holdLease } from "./lease.ts";
export type { InstanceCheck, InstanceRegistration, InstanceStatus, Registrar } from "./registrar.ts";
export type { ServiceDiscoverySettings } from "./section.ts";
export { type StaticDiscovery, staticDiscovery } from "./static.ts";
export { addressResolver, serviceResolver, tagged } from "./targets.ts";
