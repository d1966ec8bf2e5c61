import type { CheckPolicy, CheckStatus } from "../state/model.ts";

/** Decides when results of a check become its status. */
export interface StatusMachine {
  /** Takes one result; returns the status to apply now, or undefined to leave it as it is. */
  next(result: CheckStatus): CheckStatus | undefined;
}

/**
 * Successes and failures are counted in a row. Both counts begin at their threshold, so that the very first result
 * applies at once: a fresh instance must not wait for three intervals to be seen.
 */
export function statusMachine(
  policy: Pick<CheckPolicy, "successBeforePassing" | "failuresBeforeWarning" | "failuresBeforeCritical">,
): StatusMachine {
  let successes = policy.successBeforePassing;
  let failures = policy.failuresBeforeCritical;
  return {
    next(result) {
      if (result !== "critical") {
        successes++;
        failures = 0;
        return successes >= policy.successBeforePassing ? result : undefined;
      }
      failures++;
      successes = 0;
      if (failures >= policy.failuresBeforeCritical) return "critical";
      return failures >= policy.failuresBeforeWarning ? "warning" : undefined;
    },
  };
}
