import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { z } from "zod";
import { cleanEnvironment } from "../../scripts/run.ts";
import { contract } from "../../src/rpc/index.ts";

/** A service of tests that stop, cut off and replace its processes. */
export const Jobs = contract("job-service", {
  work: { http: "POST /work", in: z.object({ n: z.int() }), out: z.object({ n: z.int() }) },
});

/** A process that serves `Jobs`. */
export interface JobProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly port: number;
  readonly grpcPort: number;
}

export async function startJobs(): Promise<JobProcess> {
  const child = fork(new URL("jobs-process.ts", import.meta.url).pathname, {
    execPath: process.execPath,
    execArgv: ["--conditions=tusker-source"],
    env: cleanEnvironment(),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const [ports] = await once(child, "message");
  return {
    child,
    ...ports,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const over = once(child, "exit");
      // Also one that was stopped ends.
      child.kill("SIGKILL");
      await over;
    },
  };
}
