import { type Clock, messageOf, type Random } from "../../kernel/index.ts";
import type { DiscoveryLog } from "../http.ts";

export interface RetryingOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  /** Named in the log. */
  readonly what: string;
  readonly signal: AbortSignal;
}

const [firstRetryMs, longestRetryMs] = [100, 5_000];

/**
 * What `open` gives, opened again whenever it ends or fails, until the signal fires. Pauses are jittered: everybody
 * who lost the registry at the same moment must not return at the same moment.
 */
export async function* retrying<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { clock, random, log, what, signal }: RetryingOptions,
): AsyncGenerator<T> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      for await (const item of open(signal)) {
        if (failures > 0) log.info(`${what} goes on`);
        failures = 0;
        yield item;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (failures === 0) log.warn(`${what} lost its registry`, { reason: messageOf(error) });
    }
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** failures++);
    await clock.sleep(longest * (0.5 + random.next() / 2), signal).catch(() => undefined);
  }
}
