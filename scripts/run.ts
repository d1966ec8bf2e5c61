import { spawn } from "node:child_process";
import { systemClock } from "../src/kernel/index.ts";

/** How a child process ended and what it said, both streams in the order they arrived. */
export interface Ended {
  /** undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
  readonly tookMs: number;
  /** True when it was stopped because it did not end in time. */
  readonly timedOut: boolean;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Runs a script under this very Node and waits for its end. */
export function runNode(args: readonly string[], options: RunOptions): Promise<Ended> {
  return run(process.execPath, args, options);
}

/** Runs a command and waits for its end. Rejects only when it cannot be started. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const startMs = systemClock.now();
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let stdout = "";
  let timedOut = false;
  child.stdout.on("data", (text: string) => {
    stdout += text;
  });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const limit = systemClock.after(options.timeoutMs, () => {
    timedOut = true;
    child.kill("SIGTERM");
  });
  child.once("error", reject);
  child.once("close", (code) => {
    limit.cancel();
    resolve({ exitCode: code ?? undefined, output, stdout, tookMs: systemClock.now() - startMs, timedOut });
  });
  return promise;
}

/** The environment without what belongs to a test runner above us: it must not leak into children. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const {
    NODE_TEST_CONTEXT: _context,
    NODE_TEST_WORKER_ID: _worker,
    NODE_OPTIONS: _options,
    ...rest
  } = process.env;
  return rest;
}
