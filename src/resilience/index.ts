// for users

// for other rooms
export type { Balanced, Balancer, BalancerName } from "./balance/balancer.ts";
export { balancerNames } from "./balance/balancer.ts";
export { hash32 } from "./balance/hash.ts";
export { balancer } from "./balance/index.ts";
export {
  type Admission,
  type Breaker,
  type BreakerPorts,
  type BreakerSettings,
  type BreakerState,
  breaker,
  type Permit,
  type ProbePace,
} from "./breaker.ts";
export {
  type Cluster,
  type ClusterPorts,
  type ClusterSettings,
  cluster,
  type MemberView,
  type Picked,
  type PickHints,
} from "./cluster.ts";
export type { ClusterMemory } from "./cluster-memory.ts";
export { type ConcurrencyLimit, concurrencyLimit } from "./concurrency.ts";
export {
  deadlineHeader,
  formatRemaining,
  incomingDeadline,
  parseRemaining,
  perTryMs,
  remainingMs,
} from "./deadline.ts";
export { formatGrpcTimeout, parseGrpcTimeout } from "./grpc-timeout.ts";
export { checkPace } from "./health.ts";
export type { Lease } from "./lease.ts";
export { type Load, type LoadSettings, peakEwma } from "./load.ts";
export type { Located } from "./member.ts";
export type { OutlierSettings } from "./outlier.ts";
export {
  type Bulkhead,
  type BulkheadRoom,
  type BulkheadSettings,
  bulkhead,
  type Entry,
  type Priority,
  priorities,
} from "./overload/bulkhead.ts";
export { type AdaptiveLimit, type GradientSettings, gradient } from "./overload/gradient.ts";
export { ownPlaces, type Places } from "./overload/places.ts";
export { type RateDecision, type RateLimit, type RateLimitSettings, rateLimit } from "./rate-limit.ts";
export { type Backoff, type BackoffSettings, backoff } from "./retry/backoff.ts";
export { type HedgeOutcome, type HedgePolicy, hedge } from "./retry/hedge.ts";
export { type LiveQuantile, liveQuantile } from "./retry/quantile.ts";
export {
  nextTry,
  type Retried,
  type RetryEnd,
  type RetryPolicy,
  type RetryRequest,
  retry,
  type Tried,
} from "./retry/retry.ts";
export { formatRetryAfter, parseRetryAfter } from "./retry/retry-after.ts";
export { type RetryBudget, type RetryBudgetSettings, retryBudget } from "./retry/retry-budget.ts";
export { type Failure, isRepeatable, mayRetry, type RepeatTraits } from "./retry/retryable.ts";
export { sharedCluster } from "./shared/cluster.ts";
export { forgetThread, sharedConcurrencyLimit } from "./shared/concurrency.ts";
export { type SharedMemory, sharedMemory } from "./shared/memory.ts";
export { sharedPlaces } from "./shared/places.ts";
export { sharedRateLimit } from "./shared/rate-limit.ts";
export { sharedRetryBudget } from "./shared/retry-budget.ts";
export { type TimeLimit, type TimeLimitOptions, timeLimit } from "./time-limit.ts";
