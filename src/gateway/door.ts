import type { Clock, Random } from "../kernel/index.ts";
import type { Backoff, ConcurrencyLimit } from "../resilience/index.ts";
import type { Logger, Tracer } from "../telemetry/index.ts";
import type { ReplayRoom } from "./body.ts";
import type { Forwarder } from "./forward/forwarder.ts";
import type { Meters, RouteMeter } from "./meters.ts";
import type { Snapshot } from "./snapshot.ts";

/** What every request of one gateway shares. */
export interface Door {
  /** Replaced whole by a reload; a request uses the one it began with. */
  snapshot: Snapshot;
  readonly forwarder: Forwarder;
  readonly inFlight: ConcurrencyLimit;
  /** How many tunnels are open: they outlive their requests, and reloads. */
  readonly tunnels: { open: number };
  readonly replayRoom: ReplayRoom;
  readonly backoff: Backoff;
  /** Our name in Via, different in every process. */
  readonly pseudonym: string;
  readonly tracer: Tracer;
  readonly meters: Meters;
  /** For requests that found no route. */
  readonly strayMeter: RouteMeter;
  readonly log: Logger;
  /** Takes the lines of the access log. */
  readonly access: Logger;
  readonly clock: Clock;
  readonly random: Random;
}
