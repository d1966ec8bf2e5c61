import { TuskerError } from "../../kernel/index.ts";
import type { Held } from "./engine.ts";

/** One that releases once, however often it is asked. */
export function held(fencingToken: bigint, lost: AbortSignal, giveUp: () => Promise<void>): Held {
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => (released ??= giveUp());
  return { fencingToken, lost, release, [Symbol.asyncDispose]: release };
}

/** Why nobody can say any more who holds a name. */
export function lostError(name: string): TuskerError {
  return new TuskerError("DISCOVERY_LEASE_LOST", `the lease of the lock "${name}" was not renewed in time`);
}
