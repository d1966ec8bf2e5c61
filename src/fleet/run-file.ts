import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { systemCode } from "../kernel/index.ts";

/** Where a running fleet can be spoken to; written by `tusker up`, read by the other commands. */
const runFile = z.object({
  pid: z.number().int(),
  name: z.string(),
  /** Address of the control API. */
  control: z.string(),
  /** Bearer token of the operator. */
  token: z.string(),
  gateway: z.string().optional(),
  registry: z.string().optional(),
});

export type RunFile = z.output<typeof runFile>;

/** Writes it for the owner's eyes only: the token in it may stop services. */
export function writeRunFile(dataDir: string, run: RunFile): void {
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "run.json");
  writeFileSync(`${path}.new`, JSON.stringify(run), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** The run file of a fleet that is alive; undefined when none is. */
export function readRunFile(dataDir: string): RunFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(dataDir, "run.json"), "utf8");
  } catch {
    return undefined;
  }
  const run = runFile.safeParse(safeJson(text));
  return run.success && isAlive(run.data.pid) ? run.data : undefined;
}

export function removeRunFile(dataDir: string): void {
  rmSync(join(dataDir, "run.json"), { force: true });
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
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
