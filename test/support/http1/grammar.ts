import type { Random } from "../../../src/kernel/index.ts";

/** A part of a message: how it should be, and how it should not. */
export interface Part {
  readonly right: readonly string[];
  readonly wrong: readonly string[];
}

/** Bytes changed, lost, doubled or put in, wherever. */
export function mutated(random: Random, bytes: Buffer): Buffer {
  const list = [...bytes];
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(list.length);
    const value = pick(random, [0, 9, 10, 13, 32, 44, 48, 58, 59, 127, 255, random.below(256)]);
    const kind = random.below(4);
    if (kind === 0) list[at] = value;
    else if (kind === 1) list.splice(at, 1 + random.below(4));
    else if (kind === 2) list.splice(at, 0, value);
    else list.splice(at, 0, ...list.slice(at, at + random.below(40)));
  }
  return Buffer.from(list);
}

export function pick<T>(random: Random, list: readonly [T, ...T[]] | readonly T[]): T {
  const found = list[random.below(list.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => [random.next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
