import type { Failure } from "../../resilience/index.ts";

/** The words of `retry_on`. */
export const retryReasons = [
  "connect",
  "refused",
  "reset",
  "timeout",
  "429",
  "500",
  "502",
  "503",
  "504",
] as const;

export type RetryReason = (typeof retryReasons)[number];

/** What is tried again where a route does not say. */
export const usualReasons: ReadonlySet<RetryReason> = new Set<RetryReason>([
  "connect",
  "refused",
  "reset",
  "timeout",
  "502",
  "503",
  "504",
]);

/** True when the route tries again after such a failure; whether that is safe is another question (`mayRetry`). */
export function retriesOn(reasons: ReadonlySet<RetryReason>, failure: Failure): boolean {
  switch (failure.kind) {
    case "unsent":
      return reasons.has("connect");
    case "refused":
    case "reset":
    case "timeout":
      return reasons.has(failure.kind);
    case "status":
      return retryReasons.some((reason) => reason === String(failure.status) && reasons.has(reason));
    case "grpc":
      return true;
    case "final":
      return false;
    default:
      return failure satisfies never;
  }
}

/** The statuses among the reasons. */
export function statusesOf(reasons: ReadonlySet<RetryReason>): ReadonlySet<number> {
  return new Set([...reasons].map(Number).filter((status) => !Number.isNaN(status)));
}
