import type { Checker } from "./checks/checker.ts";
import type { Leases } from "./leases.ts";
import type { Store } from "./state/store.ts";
import type { Feeds } from "./watch/feeds.ts";

/** Counts of a registry. */
export interface RegistryStats {
  /** Index of the last change. */
  readonly index: number;
  readonly instances: number;
  /** Checks run here. */
  readonly checks: number;
  /** Blocking queries waiting now. */
  readonly waiting: number;
  /** Delta streams open now. */
  readonly watching: number;
  /** Leases held now. */
  readonly leases: number;
  /** Blocking queries turned away since the start. */
  readonly refused: number;
}

/** What is counted. */
export interface Counted {
  readonly store: Store;
  readonly checks: Checker;
  readonly streams: Feeds;
  readonly held: Leases;
}

/** The counts of this moment. */
export function statsOf({ store, checks, streams, held }: Counted): RegistryStats {
  const { tables, log, waits } = store;
  return {
    index: log.last,
    instances: tables.listing().reduce((sum, [name]) => sum + tables.instances(name).length, 0),
    checks: checks.running,
    waiting: waits.waiting,
    watching: streams.watching,
    leases: held.held,
    refused: waits.refused,
  };
}
