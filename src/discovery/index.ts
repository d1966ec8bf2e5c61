// for users
export type { Discovery, EndpointListener } from "./discovery.ts";
export type { Endpoint, EndpointSet } from "./endpoint.ts";
// for other rooms
export { endpointSet, grpcPortOf } from "./endpoint.ts";
export type { InstanceCheck, InstanceRegistration, InstanceStatus, Registrar } from "./registrar.ts";
export { type StaticDiscovery, staticDiscovery } from "./static.ts";
