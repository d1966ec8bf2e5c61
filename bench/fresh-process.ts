import { execFileSync } from "node:child_process";
import { z } from "zod";

/** CPU of one round, of the process with all its threads and of the one that does the work, in milliseconds. */
export interface RoundTime {
  readonly all: number;
  readonly thread: number;
}

/**
 * Runs something again and again in a new process.
 *
 * @param setup lines of a module that define `round()`, which gives true when it did what it should
 */
export function inFreshProcess(setup: string, rounds: number): readonly RoundTime[] {
  const script = `
    ${setup}
    const timed = () => {
      const [before, own] = [process.cpuUsage(), process.threadCpuUsage()];
      const done = round();
      const ms = ({ user, system }) => (done ? (user + system) / 1000 : NaN);
      return { all: ms(process.cpuUsage(before)), thread: ms(process.threadCpuUsage(own)) };
    };
    console.log(JSON.stringify(Array.from({ length: ${rounds} }, timed)));`;
  const args = ["--conditions=tusker-source", "--input-type=module", "--eval", script];
  const times: unknown = JSON.parse(
    execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: "utf8" }),
  );
  return z.array(z.object({ all: z.number(), thread: z.number() })).parse(times);
}

export function leastOf(times: readonly number[]): number {
  return Math.min(...times);
}

export function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}
