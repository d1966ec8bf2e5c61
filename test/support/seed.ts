import { systemClock } from "../../src/kernel/index.ts";

/** The seed of a long run: the one of that environment variable, else a new one. Whoever uses it prints it. */
export function seedOf(variable: string): number {
  const written = process.env[variable];
  return written === undefined ? systemClock.wall() >>> 0 : Number(written);
}
