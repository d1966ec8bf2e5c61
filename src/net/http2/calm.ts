import type { Clock } from "../../kernel/index.ts";
import { errorCode, Http2Error } from "./words.ts";

/**
 * How many frames of the kinds that cost the sender nothing a connection may send: a bucket for each kind of flood.
 * What real clients do (a PING for every read, a cancelled call now and then) stays far below.
 */
export class Calm {
  readonly #clock: Clock;
  readonly #kinds = new Map<Flood, Bucket>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one. @throws Http2Error ENHANCE_YOUR_CALM (RFC 9113 §10.5) */
  count(kind: Flood): void {
    const { burst, perSecond } = floods[kind];
    const now = this.#clock.now();
    const bucket = this.#kinds.get(kind) ?? { left: burst, at: now };
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1_000) * perSecond) - 1;
    bucket.at = now;
    this.#kinds.set(kind, bucket);
    if (bucket.left < 0) throw new Http2Error(errorCode.ENHANCE_YOUR_CALM, `too many ${kind}`);
  }
}

export type Flood = keyof typeof floods;

interface Bucket {
  left: number;
  at: number;
}

/** Counted apart so that the error names what it was. */
const floods = {
  /** CVE-2023-44487: requests that are begun and reset at once cost us a handler each. */
  "streams reset by the peer": { burst: 1_000, perSecond: 33 },
  /** The same the other way round: frames that make us reset (the "made you reset" attack of 2025). */
  "streams reset for what the peer sent": { burst: 200, perSecond: 20 },
  "PING and SETTINGS frames": { burst: 1_000, perSecond: 200 },
  /** Frames without payload or effect: CVE-2019-9518 and the priority churn of CVE-2019-9513. */
  "frames that say nothing": { burst: 1_000, perSecond: 200 },
} as const;
