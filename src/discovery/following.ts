import {
  aborted,
  type Clock,
  type Random,
  type Scope,
  type Timer,
  TuskerError,
  taskScope,
} from "../kernel/index.ts";
import type { Discovery } from "./discovery.ts";
import type { EndpointSet } from "./endpoint.ts";
import { Followed } from "./follow.ts";
import type { DiscoveryLog } from "./http.ts";
import { lastKnown } from "./last-known.ts";
import type { Source } from "./source.ts";

/** What every discovery that follows a registry needs. */
export interface FollowingOptions {
  /** Address of the registry, as the log names it. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  /** How long after an outage of the registry removals do not count yet; default 15,000. */
  readonly graceMs?: number;
  /** Where sets are kept for a process that starts while the registry is away; default: nowhere. */
  readonly cacheDir?: string | undefined;
}

/**
 * Discovery over sources: one follower per service, however many listen; it ends a moment after the last one left.
 *
 * @param sources ways to learn of a service, the best first
 */
export function followingDiscovery(
  options: FollowingOptions,
  sources: (service: string) => readonly Source[],
): Discovery {
  const known = options.cacheDir === undefined ? undefined : lastKnown(options.cacheDir, options.clock);
  const follow = { ...options, graceMs: options.graceMs ?? 15_000, known, sources };
  const onError = (error: unknown): void =>
    options.log.warn("discovery stopped following a service", { error });
  const scope = taskScope(onError);
  const services = new Map<string, Entry>();

  const entryOf = (service: string): Entry => {
    const known = services.get(service);
    if (known !== undefined) return known;
    if (scope.signal.aborted) throw new TuskerError("KERNEL_ABORTED", "discovery was closed");
    const entry: Entry = {
      followed: new Followed(service, follow),
      scope: taskScope(onError, scope.signal),
      users: 0,
      linger: undefined,
    };
    services.set(service, entry);
    entry.scope.run((signal) => entry.followed.run(signal));
    return entry;
  };

  /** Takes part in following a service; dispose the part when it is no longer wanted. */
  const join = (service: string): { readonly followed: Followed } & Disposable => {
    const entry = entryOf(service);
    entry.users++;
    entry.linger?.cancel();
    let joined = true;
    return {
      followed: entry.followed,
      [Symbol.dispose]() {
        if (!joined) return;
        joined = false;
        entry.users--;
        if (entry.users === 0 && !scope.signal.aborted)
          entry.linger = options.clock.after(lingerMs, () => end(service, entry));
      },
    };
  };

  const end = (service: string, entry: Entry): void => {
    services.delete(service);
    scope.run(() => entry.scope.close());
  };

  return {
    watch(service, listener) {
      const part = join(service);
      const heard = part.followed.listen(listener);
      return {
        [Symbol.dispose]() {
          heard[Symbol.dispose]();
          part[Symbol.dispose]();
        },
      };
    },
    async lookup(service, signal) {
      using part = join(service);
      return await orAborted(part.followed.current(), signal);
    },
    known: (service) => services.get(service)?.followed.set,
    async [Symbol.asyncDispose]() {
      const entries = [...services.values()];
      for (const { linger } of entries) linger?.cancel();
      await Promise.all([scope.close(), ...entries.map((entry) => entry.scope.close())]);
      await known?.[Symbol.asyncDispose]();
    },
  };
}

/** One followed service and how many want it. */
interface Entry {
  readonly followed: Followed;
  readonly scope: Scope;
  users: number;
  linger: Timer | undefined;
}

/** Who comes back within this, as one lookup after the other does, finds the service still followed. */
const lingerMs = 1_000;

async function orAborted(set: Promise<EndpointSet>, signal: AbortSignal | undefined): Promise<EndpointSet> {
  if (signal === undefined) return set;
  if (signal.aborted) throw aborted(signal);
  const gone = Promise.withResolvers<never>();
  const onAbort = (): void => gone.reject(aborted(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([set, gone.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
