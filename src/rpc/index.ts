// for users
export {
  type Contract,
  type ContractOptions,
  contract,
  type FaultCode,
  type Method,
  type MethodInput,
  type MethodOutput,
  type MethodSpec,
  type MethodSpecs,
  type Protocol,
  type Verb,
} from "./contract.ts";
export { Fault, fail, isFault } from "./fault.ts";
export type { FieldProblem, Schema } from "./schema.ts";
// for other rooms
export {
  type ApiCommunicationSettings,
  apiCommunicationSection,
  type GrpcSettings,
  grpcSection,
} from "./section.ts";
