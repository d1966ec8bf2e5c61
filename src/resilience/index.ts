// for users
export { type Backoff, type BackoffSettings, backoff } from "./backoff.ts";
// for other rooms
export type { Balanced, Balancer, BalancerName } from "./balance/balancer.ts";
export { balancerNames } from "./balance/balancer.ts";
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
  type Lease,
  type Located,
  type MemberView,
  type Picked,
} from "./cluster.ts";
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
export { type Load, type LoadSettings, peakEwma } from "./load.ts";
export { type RateDecision, type RateLimit, type RateLimitSettings, rateLimit } from "./rate-limit.ts";
export {
  type Retried,
  type RetryEnd,
  type RetryPolicy,
  type RetryRequest,
  retry,
  type Tried,
} from "./retry.ts";
export { formatRetryAfter, parseRetryAfter } from "./retry-after.ts";
export { type RetryBudget, type RetryBudgetSettings, retryBudget } from "./retry-budget.ts";
export { type Failure, isRepeatable, mayRetry, type RepeatTraits } from "./retryable.ts";
export { type TimeLimit, type TimeLimitOptions, timeLimit } from "./time-limit.ts";
