// for users
export { type ServiceInstance, ServiceRef } from "../kernel/index.ts";
export type { CallOptions } from "./caller.ts";
export {
  type Client,
  type ClientMethod,
  type ClientOptions,
  type ClientTable,
  client,
  type Inputs,
} from "./client.ts";
export type { RpcContext } from "./context.ts";
// for other rooms
export {
  type CallSpec,
  type Contract,
  type ContractOptions,
  contract,
  type FaultCode,
  type FaultStatus,
  infoOf,
  type Method,
  type MethodInput,
  type MethodOutput,
  type MethodSpec,
  type MethodSpecs,
  type Protocol,
  type SpecsOf,
  type Streaming,
  type StreamSpec,
  type Verb,
} from "./contract.ts";
export { Fault, fail, isFault } from "./fault.ts";
export type { Metadata } from "./fields/metadata.ts";
export type { FieldValue, FieldValues } from "./fields/values.ts";
export { bindGrpc, type GrpcBinding } from "./grpc/binding.ts";
export { type LiveSettings, liveSettings } from "./live/live-settings.ts";
export { merged, toOverlay, type Values } from "./live/overlay.ts";
export { openApi } from "./openapi.ts";
export {
  type Assignment,
  assignFields,
  emptyLock,
  type Lock,
  type LockChange,
  type LockProblem,
} from "./proto/lock.ts";
export { findLockFile, printLock, readLock } from "./proto/lock-file.ts";
export { serviceShape } from "./proto/shape.ts";
export { protoText } from "./proto/text.ts";
export { dataFile, log, type Parts, settings } from "./runtime.ts";
export type { FieldProblem, InputOf, OutputOf, Schema } from "./schema.ts";
export {
  type ApiCommunicationSettings,
  apiCommunicationSection,
  type GrpcSettings,
  grpcSection,
} from "./section.ts";
export {
  type Handler,
  type Handlers,
  type HandlerTable,
  type ServeOptions,
  type Serving,
  serve,
} from "./serve.ts";
