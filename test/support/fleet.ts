import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { endsWithUs } from "./ends-with-us.ts";

export const root: string = resolve(import.meta.dirname, "../..");
export const shopFile: string = join(root, "examples/shop/tusker.tsk");
const bin = join(root, "bin/tusker.js");

/** One line of `tusker up --json`. */
export type Told = Readonly<Record<string, unknown>> & { readonly type: string };

/** A real fleet in real processes, on free ports, with a data folder of its own. */
export interface TestFleet extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly gateway: string;
  readonly registry: string;
  readonly dataDir: string;
  readonly told: readonly Told[];
  readonly stderr: () => string;
  /** Waits for a line like this, past or coming. */
  saw(match: (line: Told) => boolean): Promise<Told>;
  /** SIGTERM, and the end of everything; gives the exit code. */
  stop(): Promise<number | null>;
  /** Runs another command against this fleet. */
  tusker(...args: string[]): Promise<Ran>;
}

export interface UpOptions {
  readonly file?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Keep the data of an earlier run. */
  readonly dataDir?: string;
  /** Any free port for everything; default true. */
  readonly freePorts?: boolean;
  /** Wait for the `up` line; default true. */
  readonly waitUp?: boolean;
}

export async function upFleet(options: UpOptions = {}): Promise<TestFleet> {
  const own = options.dataDir === undefined ? mkdtempSync(join(tmpdir(), "tusker-e2e-")) : undefined;
  const dataDir = options.dataDir ?? own ?? "";
  const file = options.file ?? shopFile;
  const dataSet = ["--set", `fleet.data_dir=${JSON.stringify(dataDir)}`];
  const child = spawn(
    process.execPath,
    [
      bin,
      "up",
      file,
      "--json",
      ...(options.freePorts === false ? [] : ["--free-ports"]),
      ...dataSet,
      ...(options.args ?? []),
    ],
    {
      env: cleanEnv(options.env),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    },
  );
  endsWithUs(child);
  const told: Told[] = [];
  const waiting = new Set<{
    match: (line: Told) => boolean;
    resolve: (line: Told) => void;
    reject: (error: Error) => void;
  }>();
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Told;
    told.push(line);
    for (const entry of waiting) {
      if (!entry.match(line)) continue;
      waiting.delete(entry);
      entry.resolve(line);
    }
  });
  const ended = once(child, "exit");
  void ended.then(() => {
    for (const { reject } of waiting)
      reject(
        new Error(
          `tusker up ended before that was seen; it said:\n${stderr}${told.map((line) => JSON.stringify(line)).join("\n")}`,
        ),
      );
  });
  const saw = (match: (line: Told) => boolean): Promise<Told> => {
    const past = told.find(match);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolveLine, reject) => waiting.add({ match, resolve: resolveLine, reject }));
  };
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await ended;
    return child.exitCode;
  };
  const up = options.waitUp === false ? {} : await saw((line) => line.type === "up");
  const textOf = (key: string): string => (key in up ? String(Reflect.get(up, key)) : "");
  return {
    child,
    gateway: textOf("gateway").replace("localhost", "127.0.0.1"),
    registry: textOf("registry"),
    dataDir,
    told,
    stderr: () => stderr,
    saw,
    stop,
    tusker: (...args) => tusker(args, { dataDir, file }),
    async [Symbol.asyncDispose]() {
      await stop();
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
    },
  };
}

/** A finished command. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `tusker` to its end. With `of`, the fleet file and data folder of that fleet are named. */
export async function tusker(
  args: readonly string[],
  of?: { readonly dataDir: string; readonly file: string },
  env?: Readonly<Record<string, string>>,
): Promise<Ran> {
  const named = of === undefined ? [] : ["--file", of.file];
  const child = spawn(process.execPath, [bin, ...args, ...named], {
    env: cleanEnv({ ...(of === undefined ? {} : { TUSKER__FLEET__DATA_DIR: of.dataDir }), ...env }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

/** The instance of a service that is ready last. */
export function lastReady(
  fleet: TestFleet,
  service: string,
): { readonly port: number; readonly pid: number; readonly instance: string } {
  const line = fleet.told.findLast((one) => one.type === "ready" && one.service === service);
  assert.ok(line !== undefined, `${service} was never ready`);
  return { port: Number(line.port), pid: Number(line.pid), instance: String(line.instance) };
}

/** Nothing of the test runner, and no environment a developer happens to have, reaches the fleet. */
function cleanEnv(more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const {
    NODE_TEST_CONTEXT: _runner,
    NODE_OPTIONS: _options,
    TUSKER_ENV: _env,
    APP_ENV: _app,
    ...rest
  } = process.env;
  return { ...rest, NO_COLOR: "1", ...more };
}
