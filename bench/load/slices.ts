import { readFileSync } from "node:fs";
import { systemClock } from "../../src/kernel/index.ts";
import { threadMicrosOf } from "./process-cost.ts";

/** So long that a gateway answers hundreds of requests in one, so short that a host takes nothing in most of them. */
const sliceMs = 20;
/** A slice with fewer is the beginning or the end of a load. */
const fewestWrites = 100;

export interface LoadInSlices {
  readonly requests: number;
  /** CPU per request in each slice, in microseconds. */
  readonly micros: readonly number[];
}

/**
 * CPU of a process per request, slice by slice while `load` runs. Slices in which the host of a virtual machine took a processor
 * away (proc(5), `steal`) are left out: such time counts as the process's own. How many requests a slice had is told by how often
 * the process wrote, which is as often for each. Linux only.
 *
 * @param load gives how many requests were answered
 */
export async function inSlices(pid: number, load: () => Promise<number>): Promise<LoadInSlices> {
  const looks = [look(pid)];
  const next = () => {
    looks.push(look(pid));
    timer = systemClock.after(sliceMs, next);
  };
  let timer = systemClock.after(sliceMs, next);
  const requests = await load();
  timer.cancel();
  const [first, last] = [looks[0], looks.at(-1)];
  const writes = (last?.writes ?? 0) - (first?.writes ?? 0);
  const micros: number[] = [];
  for (const [at, to] of looks.entries()) {
    const from = looks[at - 1];
    if (from === undefined || to.steal !== from.steal || to.writes - from.writes < fewestWrites) continue;
    micros.push(((to.micros - from.micros) * writes) / requests / (to.writes - from.writes));
  }
  return { requests, micros };
}

interface Look {
  readonly micros: number;
  /** System calls that wrote. */
  readonly writes: number;
  /** Ticks the host took from the machine. */
  readonly steal: number;
}

function look(pid: number): Look {
  const io = readFileSync(`/proc/${pid}/io`, "utf8");
  const [machine = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  return {
    micros: threadMicrosOf(pid),
    writes: Number(/^syscw: (\d+)$/m.exec(io)?.[1]),
    steal: Number(machine.trim().split(/\s+/)[8] ?? 0),
  };
}
