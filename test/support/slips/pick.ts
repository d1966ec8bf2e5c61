import type { Random } from "../../../src/kernel/index.ts";
import type { Tree } from "../../../src/tsk/index.ts";

/** A text with one slip of the hand in it. */
export interface Slipped {
  /** What happened, for a person. */
  readonly what: string;
  readonly text: string;
}

/** Makes one; undefined where there is nothing to slip on. */
export type Slip = (text: string, tree: Tree, random: Random) => Slipped | undefined;

/** Any of a list. */
export function pick<T>(from: readonly T[], random: Random): T {
  const found = from[random.below(from.length)];
  if (found === undefined) throw new Error("nothing to pick from");
  return found;
}

/** A place for a person. */
export function shown(text: string, at: number): string {
  const line = text.slice(0, at).split("\n").length;
  return `${JSON.stringify(text.slice(at, at + 2))} on line ${line}`;
}
