export { type Call, type CallContext, type Layer, stack } from "./call.ts";
export {
  aborted,
  type Clock,
  type ManualClock,
  manualClock,
  systemClock,
  type Timer,
  type TimerOptions,
  threadClock,
} from "./clock.ts";
export { type Code, type CodeRow, codes, isCode } from "./codes.ts";
export { formatDuration, parseDuration, tryDuration } from "./duration.ts";
export {
  type ErrorDetails,
  messageOf,
  systemCode,
  TuskerError,
  type TuskerErrorOptions,
  toTuskerError,
} from "./error.ts";
export { deepFreeze, type Frozen } from "./freeze.ts";
export { fromProblem, type Problem, problemMediaType, toProblem } from "./problem.ts";
export { type Random, seededRandom, systemRandom } from "./random.ts";
export {
  type PlacedReference,
  referencesIn,
  validatedWithServices,
  withoutReferences,
  withReferences,
} from "./references.ts";
export { type Scope, taskScope } from "./scope.ts";
export { Secret } from "./secret.ts";
export {
  type ServiceInstance,
  ServiceRef,
  type ServiceResolver,
  type ServiceTarget,
  serviceUrl,
  targetText,
  tryServiceUrl,
} from "./service-ref.ts";
export { formatSize, parseSize, trySize } from "./size.ts";
