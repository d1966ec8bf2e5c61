import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks of /proc: fixed at 100 a second on every Linux that runs Node. */
const microsPerTick = 10_000;

/** CPU a process has used so far, all its threads, user and system; in steps of 10 ms. Linux only. */
export function cpuMicrosOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // proc(5): the name stands in brackets and may hold anything; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * microsPerTick;
}

/** Memory of a process that is in use now. Linux only. */
export function residentMegabytesOf(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(found?.[1]) / 1024;
}

/** CPU the threads a process has now have used so far, to the nanosecond the scheduler counts. Linux only. */
export function threadMicrosOf(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  return nanos / 1_000;
}
