import { spawn } from "node:child_process";
import { once } from "node:events";
import { maxOutputChars, type Probe } from "./probe.ts";

/**
 * Runs a program: 0 is passing, 1 warning, anything else critical, and what it prints is the output. Never through a
 * shell. It runs in a group of its own, so that what it started ends with it when its time is over.
 */
export const scriptProbe: Probe<"script"> = async ({ args: [program = "", ...args] }, signal) => {
  const child = spawn(program, args, { detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const note = (chunk: Buffer): void => {
    if (said.length < maxOutputChars) said = (said + chunk.toString("utf8")).slice(0, maxOutputChars);
  };
  child.stdout.on("data", note);
  child.stderr.on("data", note);
  const end = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It ended by itself in this moment.
    }
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    const [code] = await once(child, "close");
    signal.throwIfAborted();
    return { status: code === 0 ? "passing" : code === 1 ? "warning" : "critical", output: said };
  } finally {
    signal.removeEventListener("abort", end);
  }
};
