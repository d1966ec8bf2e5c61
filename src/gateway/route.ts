import type { Clock, Random } from "../kernel/index.ts";
import type { Priority, RateLimit } from "../resilience/index.ts";
import type { AuthPorts } from "./auth/guard.ts";
import type { LimitWords } from "./head/rate-limit.ts";
import type { Matchable } from "./match/table.ts";
import type { Meters, RouteMeter } from "./meters.ts";
import type { Mirror } from "./policy/mirror.ts";
import type { RetryReason } from "./policy/retry-on.ts";
import type { Split } from "./policy/split.ts";
import type { Sticky } from "./policy/sticky.ts";
import type { Transform } from "./policy/transform.ts";
import type { Guard } from "./policy/visit.ts";
import type { RouteSettings } from "./section.ts";
import type { Upstream } from "./upstream.ts";

/** One route with what it leads to. What a route does not use is undefined, and costs its requests nothing. */
export interface Route extends Matchable {
  /** Service or services, for messages; empty for a route that is answered here. */
  readonly service: string;
  /** Undefined for a route that is answered here. */
  readonly upstream: Upstream | undefined;
  readonly timeoutMs: number;
  /** Longest time of one try; undefined means an equal share of the whole. */
  readonly tryTimeoutMs: number | undefined;
  readonly retries: number;
  readonly retryOn: ReadonlySet<RetryReason>;
  /** The HTTP statuses among them. */
  readonly retryStatuses: ReadonlySet<number>;
  readonly retryUnsafe: boolean;
  readonly hedge: boolean;
  /** Empty: nothing is taken off. */
  readonly stripPrefix: string;
  readonly addPrefix: string;
  readonly maxBodyBytes: number;
  readonly limit: NamedLimit | undefined;
  readonly meter: RouteMeter;
  /** Before everything else: CORS. */
  readonly guard: Guard | undefined;
  /** Who asks. After the limit, so that guessing is limited too, unless the limit counts by consumer. */
  readonly auth: Guard | undefined;
  /** After the limit: faults on purpose, answers of our own. */
  readonly lateGuard: Guard | undefined;
  /** Chooses among several services. */
  readonly split: Split<Upstream> | undefined;
  /** What hashing balancers choose by. */
  readonly hash: string | undefined;
  readonly sticky: Sticky | undefined;
  readonly priority: Priority;
  /** Rewrites the request's fields, and the answer's. */
  readonly edit: Transform | undefined;
  readonly reply: Transform | undefined;
  readonly compress: boolean;
  readonly shadow: Mirror | undefined;
  readonly fallback: RouteSettings["fallback"];
  readonly fallbackUpstream: Upstream | undefined;
  /** True when none of the above that stands beside the plain way of a request is used. */
  readonly plain: boolean;
}

/** A rate limit with the name clients see. */
export interface NamedLimit {
  readonly name: string;
  readonly rate: RateLimit;
  /** Who is counted; see `keyOf`. */
  readonly key: string;
  readonly words: LimitWords;
}

/** What routes are compiled with. */
export interface RouteParts {
  readonly upstreamOf: (service: string) => Upstream;
  readonly limits: LimitStore;
  readonly meters: Meters;
  readonly auth: AuthPorts;
  readonly mirrorTo: (upstream: Upstream, share: number) => Mirror;
  readonly onFault: (path: string, kind: "delay" | "abort") => void;
  readonly clock: Clock;
  readonly random: Random;
}

/** A limit as it is written. */
export interface WantedLimit {
  readonly name: string;
  /** What tells its route from others of the same name; default: nothing. */
  readonly route?: string;
  readonly requests: number;
  readonly windowMs: number;
  /** Who is counted; default "client". */
  readonly key?: string;
}

/** Rate limits that outlive a reload: the same name with the same numbers is the same limit. State. */
export interface LimitStore {
  get(wanted: WantedLimit): NamedLimit;
  /** Forgets the limits that are not in use. */
  keep(used: ReadonlySet<NamedLimit>): void;
  readonly keys: number;
  readonly forgotten: number;
}
