import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Clock, messageOf, type Random, type Timer, TuskerError } from "../../kernel/index.ts";
import type { Command } from "./command.ts";
import type { Keeper } from "./keeper.ts";
import { type LogBook, lineSplitter } from "./lines.ts";
import { type RestartPolicy, restartPolicy } from "./restart.ts";

/** Where a process stands: started by us, answering, ended and to be started again, ended for good. */
export type InstanceState = "waiting" | "starting" | "ready" | "restarting" | "stopping" | "stopped";

/** One process to keep alive. */
export interface InstanceSpec {
  readonly id: string;
  readonly service: string;
  readonly command: Command;
  readonly cwd: string;
  /** Chooses ports and builds the environment, anew for each start. */
  readonly prepare: () => Promise<Prepared>;
  /** Resolves when a process that does not report by itself answers; rejects when the signal fires. */
  readonly probe?: (prepared: Prepared, signal: AbortSignal) => Promise<void>;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

export interface Prepared {
  readonly env: Readonly<Record<string, string>>;
  readonly port: number;
  readonly grpcPort?: number;
}

/** A process that answers, and where. */
export interface Ready {
  readonly port: number;
  readonly grpcPort?: number;
  readonly pid: number;
  readonly tookMs: number;
}

/** What the owner of an instance hears. Promises are awaited before the instance goes on. */
export interface InstanceListener {
  state(state: InstanceState, pid: number | undefined): void;
  ready(ready: Ready): Promise<void>;
  /** It was ready and is no more: take it out of the registry. */
  gone(): Promise<void>;
  exited(exit: Exit): void;
  slow(afterMs: number): void;
}

export interface Exit {
  readonly pid: number;
  readonly reason: string;
  readonly uptimeMs: number;
  readonly retryMs: number;
  readonly loop: { readonly exits: number; readonly withinMs: number } | undefined;
}

export interface InstancePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly keeper: Keeper;
  readonly logs: LogBook;
  readonly listener: InstanceListener;
}

/** Keeps one process running until it is stopped: start, gate on readiness, restart with back-off. */
export class Instance {
  readonly spec: InstanceSpec;
  readonly #ports: InstancePorts;
  readonly #policy: RestartPolicy;
  #state: InstanceState = "waiting";
  #child: ChildProcess | undefined;
  #life: Promise<void> | undefined;
  #wanted = false;
  #pause: AbortController | undefined;
  #restarts = 0;
  #ready: Ready | undefined;
  #firstReady: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(spec: InstanceSpec, ports: InstancePorts) {
    this.spec = spec;
    this.#ports = ports;
    this.#policy = restartPolicy(ports.clock, ports.random);
  }

  get state(): InstanceState {
    return this.#state;
  }

  /** Where it listens, while it is ready. */
  get ready(): Ready | undefined {
    return this.#ready;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves once the process answers; stays pending while it crashes and comes back. */
  whenReady(): Promise<void> {
    return this.#firstReady.promise;
  }

  /**
   * The process's metrics in Prometheus text; undefined when it runs none, or does not answer within `limitMs`.
   *
   * @param limitMs default 1,000
   */
  async metrics(limitMs: number = 1_000): Promise<string | undefined> {
    const child = this.#child;
    if (child === undefined || !child.connected) return undefined;
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const onMessage = (message: unknown): void => {
      if (isMetricsMessage(message)) resolve(message.text);
    };
    child.on("message", onMessage);
    const late = this.#ports.clock.after(limitMs, () => resolve(undefined));
    child.send({ type: "tusker:metrics" }, () => {});
    return promise.finally(() => {
      late.cancel();
      child.off("message", onMessage);
    });
  }

  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#life = this.#live();
  }

  /** Asks the process to finish, kills it after `stop_timeout`; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#pause?.abort();
    if (this.#child !== undefined) await this.#end(this.#child);
    await this.#life;
    this.#enter("stopped");
  }

  /** Ends the process at once; for a second Ctrl-C. */
  kill(): void {
    this.#wanted = false;
    this.#pause?.abort();
    if (this.#child?.pid !== undefined) signalGroup(this.#child.pid, "SIGKILL");
  }

  async #live(): Promise<void> {
    while (this.#wanted) {
      const exit = await this.#run();
      if (!this.#wanted) return;
      this.#restarts++;
      const { delayMs, loop } = this.#policy.exited(exit.uptimeMs);
      this.#enter("restarting");
      this.#ports.listener.exited({ ...exit, retryMs: delayMs, loop });
      this.#pause = new AbortController();
      await this.#ports.clock.sleep(delayMs, this.#pause.signal).catch(() => {});
    }
  }

  /** One life of the process, from spawn to exit. */
  async #run(): Promise<{ pid: number; reason: string; uptimeMs: number }> {
    const { clock, listener } = this.#ports;
    const started = clock.now();
    const over = new AbortController();
    let slow: Timer | undefined;
    try {
      const prepared = await this.spec.prepare();
      if (!this.#wanted) return { pid: 0, reason: "not started", uptimeMs: 0 };
      const child = this.#spawn(prepared);
      this.#child = child;
      this.#enter("starting");
      const ended = exitOf(child);
      slow = clock.after(this.spec.startTimeoutMs, () => listener.slow(this.spec.startTimeoutMs));
      const ready = await Promise.race([ended, this.#readiness(child, prepared, started, over.signal)]);
      slow.cancel();
      if ("port" in ready && this.#wanted) {
        await listener.ready(ready);
        this.#ready = ready;
        this.#enter("ready");
        this.#firstReady.resolve();
      }
      const { reason } = await ended;
      await this.#cleanUp(child);
      return { pid: child.pid ?? 0, reason, uptimeMs: clock.now() - started };
    } catch (error) {
      return { pid: 0, reason: messageOf(error), uptimeMs: clock.now() - started };
    } finally {
      slow?.cancel();
      over.abort();
      this.#child = undefined;
      if (this.#ready !== undefined) {
        this.#ready = undefined;
        this.#firstReady = Promise.withResolvers();
        await listener.gone();
      }
    }
  }

  #spawn(prepared: Prepared): ChildProcess {
    const { command, cwd } = this.spec;
    const child = spawn(command.file, command.args, {
      cwd,
      env: prepared.env,
      // A group of its own: Ctrl-C reaches us alone and we drain in order; and what it spawned ends with it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", ...(command.node ? (["ipc"] as const) : [])],
    });
    if (child.pid !== undefined) this.#ports.keeper.add(child.pid);
    for (const stream of ["stdout", "stderr"] as const) {
      const splitter = lineSplitter((text) =>
        this.#ports.logs.add({
          at: this.#ports.clock.wall(),
          service: this.spec.service,
          instance: this.spec.id,
          stream,
          text,
        }),
      );
      child[stream]?.on("data", splitter.push);
      child[stream]?.on("end", splitter.flush);
    }
    return child;
  }

  /** The last output is still in the pipe when a process is gone, and what it spawned may hold its port. */
  async #cleanUp(child: ChildProcess): Promise<void> {
    if (child.pid === undefined) return;
    signalGroup(child.pid, "SIGKILL");
    await Promise.race([
      child.stdout?.closed === true ? undefined : once(child, "close"),
      this.#ports.clock.sleep(200),
    ]);
    this.#ports.keeper.remove(child.pid);
  }

  /** Ready is what the process reports by IPC, or else what the probe sees, whichever comes first. */
  #readiness(child: ChildProcess, prepared: Prepared, started: number, signal: AbortSignal): Promise<Ready> {
    const { clock } = this.#ports;
    const { promise, resolve } = Promise.withResolvers<Ready>();
    const at = (port: number, grpcPort: number | undefined): void =>
      resolve({
        port,
        ...(grpcPort === undefined ? {} : { grpcPort }),
        pid: child.pid ?? 0,
        tookMs: clock.now() - started,
      });
    child.on("message", (message: unknown) => {
      if (isReadyMessage(message)) at(message.port, message.grpcPort ?? undefined);
    });
    this.spec.probe?.(prepared, signal).then(
      () => at(prepared.port, prepared.grpcPort),
      () => {},
    );
    return promise;
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    this.#enter("stopping");
    const { pid } = child;
    const ended = exitOf(child);
    if (child.connected) child.send({ type: "tusker:drain", graceMs: this.spec.stopTimeoutMs }, () => {});
    else signalGroup(pid, "SIGTERM");
    // A Node process that does not know our message still knows the signal.
    const polite = this.#ports.clock.after(this.spec.stopTimeoutMs / 20, () => signalGroup(pid, "SIGTERM"));
    const hard = this.#ports.clock.after(this.spec.stopTimeoutMs, () => signalGroup(pid, "SIGKILL"));
    await ended;
    polite.cancel();
    hard.cancel();
  }

  #enter(state: InstanceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#ports.listener.state(state, this.#child?.pid);
  }
}

function exitOf(child: ChildProcess): Promise<{ reason: string }> {
  if (child.exitCode !== null) return Promise.resolve({ reason: `code ${child.exitCode}` });
  if (child.signalCode !== null) return Promise.resolve({ reason: child.signalCode });
  const exited = once(child, "exit").then(([code, signal]: unknown[]) => ({
    reason: typeof signal === "string" ? signal : `code ${String(code)}`,
  }));
  return exited.catch((error: unknown) => {
    throw new TuskerError("FLEET_COMMAND_MISSING", `the process could not be started: ${messageOf(error)}`, {
      cause: error,
    });
  });
}

function isReadyMessage(message: unknown): message is { port: number; grpcPort?: number | null } {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    message.type === "tusker:ready" &&
    "port" in message &&
    typeof message.port === "number"
  );
}

function isMetricsMessage(message: unknown): message is { text: string } {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    message.type === "tusker:metrics" &&
    "text" in message &&
    typeof message.text === "string"
  );
}

/** Signals the process and everything it spawned. */
function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already: that is what we wanted.
  }
}
