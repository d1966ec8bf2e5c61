import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemCode } from "../kernel/index.ts";

/** Where a running fleet can be spoken to; written by `tusker up`, read by the other commands. */
const runFile = z.object({
  pid: z.number().int(),
  /** When that process was started, as the system counts; a later process with the same id is another one. */
  started: z.string().optional(),
  name: z.string(),
  /** Address of the control API. */
  control: z.string(),
  /** Address that signs a browser in. */
  link: z.string(),
  /** Bearer token of the operator. */
  token: z.string(),
  gateway: z.string().optional(),
  registry: z.string().optional(),
  /** What the registry wants to be shown. */
  registryToken: z.string().optional(),
});

export type RunFile = z.output<typeof runFile>;

/** Writes it for the owner's eyes only: the token in it may stop services. */
export function writeRunFile(runDir: string, run: Omit<RunFile, "pid" | "started">): void {
  mkdirSync(runDir, { recursive: true });
  const path = join(runDir, "run.json");
  const own: RunFile = { ...run, pid: process.pid, started: startOf(process.pid) };
  writeFileSync(`${path}.new`, JSON.stringify(own), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The run file of a fleet that is alive; undefined when none is. */
export function readRunFile(runDir: string): RunFile | undefined {
  const text = readText(join(runDir, "run.json"));
  if (text === undefined) return undefined;
  const run = runFile.safeParse(safeJson(text));
  if (!run.success || run.data.pid === process.pid || !isAlive(run.data.pid)) return undefined;
  // In a container every start has the same small ids: the number alone proves nothing.
  return run.data.started === startOf(run.data.pid) ? run.data : undefined;
}

/** Removes our own run file; never that of a fleet that was started since. */
export function removeRunFile(runDir: string): void {
  const run = runFile.safeParse(safeJson(readText(join(runDir, "run.json")) ?? ""));
  if (run.success && run.data.pid !== process.pid) return;
  rmSync(join(runDir, "run.json"), { force: true });
}

/** True when a process has this id and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: somebody else's process has the number; a fleet of another user.
    return systemCode(error) === "EPERM";
  }
}

/** Ended, but its parent has not looked yet: in containers that can take seconds. */
function isZombie(pid: number): boolean {
  return /^[ZX]/.test(statOf(pid)[0] ?? "");
}

/** When a process was started, in the system's own count (field 22 of proc(5) stat); undefined where there is no /proc. */
function startOf(pid: number): string | undefined {
  return statOf(pid)[19];
}

/** The fields of /proc/<pid>/stat from the third on: the second is a name that may hold anything. */
function statOf(pid: number): readonly string[] {
  const text = readText(`/proc/${pid}/stat`) ?? "";
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
