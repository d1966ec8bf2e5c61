import { type Clock, TuskerError } from "../../kernel/index.ts";
import type { JSONWebKeySet, LocalJWKSet } from "./jose.ts";

/** The keys an issuer publishes, kept fresh. State: it outlives reloads. */
export interface IssuerKeys {
  /**
   * The keys as they are known, fetched when there are none or they are old.
   *
   * @throws TuskerError GATEWAY_KEYS_UNAVAILABLE when none are known and none can be had
   */
  current(): Promise<LocalJWKSet>;
  /** Asks again, because a token names a key that is not there; at most every thirty seconds. */
  renew(): Promise<LocalJWKSet>;
}

export interface IssuerKeysPorts {
  /** Gives the document, or rejects within its own time. */
  readonly fetch: () => Promise<unknown>;
  readonly compile: (keys: JSONWebKeySet) => LocalJWKSet;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

/** Keys are asked for again after this; those we have go on counting while the issuer does not answer. */
const maxAgeMs = 600_000;
const renewPauseMs = 30_000;
/** Pause after a failed fetch, so that an issuer that is down is not asked by every request. */
const failurePauseMs = 5_000;

export function issuerKeys({ fetch, compile, clock, onFailure }: IssuerKeysPorts): IssuerKeys {
  let known: LocalJWKSet | undefined;
  let fetchedMs = Number.NEGATIVE_INFINITY;
  let failedMs = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;

  const load = async (): Promise<void> => {
    try {
      known = compile(parseKeySet(await fetch()));
      fetchedMs = clock.now();
      failedMs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      failedMs = clock.now();
      onFailure(error);
    } finally {
      running = undefined;
    }
  };
  const ask = (): Promise<void> => (running ??= load());
  const mayAsk = (): boolean => clock.now() - failedMs >= failurePauseMs;
  const held = (): LocalJWKSet => {
    if (known !== undefined) return known;
    throw new TuskerError("GATEWAY_KEYS_UNAVAILABLE", "the keys that tokens are checked with cannot be had", {
      details: { retry_after_ms: failurePauseMs },
    });
  };
  return {
    async current() {
      const old = clock.now() - fetchedMs >= maxAgeMs;
      // Whoever has keys does not wait for newer ones: an issuer that hangs must not hold requests up.
      if (known !== undefined) {
        if (old && mayAsk()) void ask();
        return known;
      }
      if (running !== undefined || mayAsk()) await ask();
      return held();
    },
    async renew() {
      const due = clock.now() - fetchedMs >= renewPauseMs && mayAsk();
      if (running !== undefined || due) await ask();
      return held();
    },
  };
}

/** RFC 7517 §5; what the keys themselves must be is checked where they are used. */
function parseKeySet(document: unknown): JSONWebKeySet {
  if (
    typeof document === "object" &&
    document !== null &&
    "keys" in document &&
    Array.isArray(document.keys)
  ) {
    const keys: unknown[] = document.keys;
    return { keys: keys.filter(isKey) };
  }
  throw new TuskerError("GATEWAY_KEYS_UNAVAILABLE", "the issuer answered with something that is no JWK set");
}

/** A shared secret has no place in a published set, and one that slipped in must not verify anything. */
function isKey(key: unknown): key is JSONWebKeySet["keys"][number] {
  return (
    typeof key === "object" &&
    key !== null &&
    "kty" in key &&
    typeof key.kty === "string" &&
    key.kty !== "oct"
  );
}
