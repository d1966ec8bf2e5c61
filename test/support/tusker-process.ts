import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { cleanEnvironment } from "../../scripts/run.ts";
import { systemClock } from "../../src/kernel/index.ts";
import { endsWithUs } from "./ends-with-us.ts";

/** One line of `tusker … --json`. */
export interface JsonLine {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A `tusker` that runs. Disposing asks it to end, and makes it end when it does not. */
export interface TuskerProcess extends AsyncDisposable {
  readonly pid: number;
  /** Everything it printed as JSON so far. */
  readonly lines: readonly JsonLine[];
  /** Everything it printed that was no JSON, standard error included. */
  readonly noise: readonly string[];
  /** The next line, or one already printed, that fits. Rejects when the process ends first, or after `limitMs`. */
  line(fits: (line: JsonLine) => boolean, limitMs?: number): Promise<JsonLine>;
  /** Sends a signal and waits for the end; gives the exit code, or the signal that ended it. */
  end(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

export interface TuskerProcessOptions {
  /** Program and arguments in front of `args`; default: this Node and the checkout's bin. */
  readonly command?: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** It has long hung by then: its own grace is ten seconds, and machines are busy. */
const killAfterMs = 60_000;

/** Starts `tusker` with `args`, which should hold `--json`. */
export function tuskerProcess(args: readonly string[], options: TuskerProcessOptions): TuskerProcess {
  const bin = new URL("../../bin/tusker.js", import.meta.url).pathname;
  const [program = process.execPath, ...before] = options.command ?? [process.execPath, bin];
  const child = spawn(program, [...before, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  endsWithUs(child);
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
  });
  const heard = listen(child);
  return {
    pid: child.pid ?? 0,
    lines: heard.lines,
    noise: heard.noise,
    line: (fits, limitMs = 60_000) => heard.line(fits, ended, limitMs),
    async end(signal = "SIGTERM") {
      child.kill(signal);
      using _limit = systemClock.after(killAfterMs, () => child.kill("SIGKILL"));
      return await ended;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await this.end();
    },
  };
}

interface Heard {
  readonly lines: readonly JsonLine[];
  readonly noise: readonly string[];
  line(fits: (line: JsonLine) => boolean, ended: Promise<unknown>, limitMs: number): Promise<JsonLine>;
}

function listen(child: ChildProcess): Heard {
  const lines: JsonLine[] = [];
  const noise: string[] = [];
  const waiting = new Set<(line: JsonLine) => void>();
  if (child.stdout !== null)
    createInterface(child.stdout).on("line", (text) => {
      const line = parse(text);
      if (line === undefined) return void noise.push(text);
      lines.push(line);
      for (const hear of waiting) hear(line);
    });
  if (child.stderr !== null) createInterface(child.stderr).on("line", (text) => void noise.push(text));
  const story = (): string => [...lines.map((line) => JSON.stringify(line)), ...noise].slice(-20).join("\n");
  return {
    lines,
    noise,
    async line(fits, ended, limitMs) {
      const known = lines.find(fits);
      if (known !== undefined) return known;
      const { promise, resolve, reject } = Promise.withResolvers<JsonLine>();
      const hear = (line: JsonLine): void => {
        if (fits(line)) resolve(line);
      };
      waiting.add(hear);
      ended.then((how) => reject(new Error(`tusker ended (${how}) before it said so:\n${story()}`)), reject);
      using _limit = systemClock.after(limitMs, () =>
        reject(new Error(`tusker did not say so within ${limitMs} ms:\n${story()}`)),
      );
      return await promise.finally(() => waiting.delete(hear));
    },
  };
}

function parse(text: string): JsonLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return { type: "", ...value };
  } catch {
    return undefined;
  }
}
