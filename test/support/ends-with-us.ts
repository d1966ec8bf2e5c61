import type { ChildProcess } from "node:child_process";
import { type Keeper, startKeeper } from "../../src/fleet/supervise/keeper.ts";

let keeper: Keeper | undefined;

/**
 * Sees to it that a process does not outlive this one, however this one ends: a run that is cut short leaves nobody who
 * holds ports.
 *
 * @param child started with `detached: true`: it is ended with its group
 */
export function endsWithUs(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  keeper ??= startKeeper();
  const kept = keeper;
  kept.add(pid);
  child.once("exit", () => kept.remove(pid));
}
