import { type Clock, messageOf, type Random, TuskerError } from "../kernel/index.ts";
import { type DiscoveryLog, type RegistryHttp, refused, unreachable, wireUrl } from "./http.ts";

/** What holding a lease needs. */
export interface HoldOptions {
  /** Base address of the registry. */
  readonly url: string;
  readonly http: RegistryHttp;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: DiscoveryLog;
  /** The registry forgets the instance when nobody held its lease for this long; one minute at least. Default: never. */
  readonly deregisterAfterMs?: number;
}

const firstRetryMs = 100;
const longestRetryMs = 5_000;

/**
 * Binds a registered instance to this process: it is healthy as long as a connection from here to the registry is
 * open, and critical the moment it breaks, whatever ended the process. Comes back by itself when the registry was away.
 *
 * Resolves false at once where the registry knows no leases (a Consul): let a `ttl` check speak for the instance there.
 * Else true once the signal has fired. Deregister before that: letting go is no goodbye.
 *
 * @example scope.run((signal) => holdLease("user-service-001", { url, http, clock, random, log }, signal));
 */
export async function holdLease(id: string, options: HoldOptions, signal: AbortSignal): Promise<boolean> {
  const { clock, random, log, url } = options;
  for (let failures = 0; !signal.aborted; failures++) {
    const since = clock.now();
    try {
      if (!(await hold(id, options, signal))) return false;
    } catch (error) {
      if (signal.aborted) break;
      // Two who take the same lease from each other must not do so ten times a second.
      if (clock.now() - since > longestRetryMs) failures = 0;
      if (failures === 0)
        log.warn(`the lease of ${id} was lost`, { registry: url, reason: messageOf(error) });
    }
    const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** failures);
    // Between half and whole: everybody who lost the registry at the same moment must not return at the same moment.
    await clock.sleep(longest * (0.5 + random.next() / 2), signal).catch(() => {});
  }
  return true;
}

/** Holds it until it breaks; false where there are none. */
async function hold(
  id: string,
  { url, http, deregisterAfterMs }: HoldOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const after =
    deregisterAfterMs === undefined ? {} : { DeregisterCriticalServiceAfter: `${deregisterAfterMs}ms` };
  const request = {
    method: "PUT",
    url: wireUrl(url, `/v1/tusker/lease/${encodeURIComponent(id)}`),
    headers: ["Content-Type", "application/json"],
    body: JSON.stringify(after),
    headTimeoutMs: 10_000,
    signal,
  };
  try {
    const answer = await http.request(request);
    if (answer.status !== 200) {
      const words = await answer.text(1_024);
      // An unknown path says nothing, an unknown instance does.
      if (answer.status === 404 && words === "") return false;
      throw refused(request, answer.status, words);
    }
    for await (const _beat of answer.body) if (signal.aborted) break;
  } catch (error) {
    throw unreachable(url, error);
  }
  throw new TuskerError("DISCOVERY_UNREACHABLE", `the registry at ${url} ended the lease`);
}
