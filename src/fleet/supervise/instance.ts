import { type Clock, messageOf, type Random, type Timer } from "../../kernel/index.ts";
import type { ConnectionFigures } from "../../net/index.ts";
import { Child, type ReadyReport } from "./child.ts";
import type { Command } from "./command.ts";
import type { Keeper } from "./keeper.ts";
import type { LogBook } from "./lines.ts";
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
  /** Hears the type of every message a process sends by its channel. */
  readonly onMessage?: (type: string) => void;
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
  /** When it was started, milliseconds since the epoch. */
  readonly startedAt: number;
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
  /** Fires when the fleet is told to stop: from then on no life begins. */
  readonly stopping: AbortSignal;
}

/** Keeps one process running until it is stopped: start, gate on readiness, restart with back-off. */
export class Instance {
  readonly spec: InstanceSpec;
  readonly #ports: InstancePorts;
  readonly #policy: RestartPolicy;
  #state: InstanceState = "waiting";
  #child: Child | undefined;
  #life: Life | undefined;
  #restarts = 0;
  #crashLoop = false;
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

  /** True while it ends so often in a row that starting it again is not expected to help. */
  get crashLoop(): boolean {
    return this.#crashLoop && this.#state !== "ready";
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Resolves once the process answers; stays pending while it crashes and comes back. */
  whenReady(): Promise<void> {
    return this.#firstReady.promise;
  }

  /** The process's metrics as Prometheus text; undefined when it runs none, or does not answer within `limitMs`. */
  async metrics(limitMs: number = 1_000): Promise<string | undefined> {
    return this.#child?.metrics(this.#ports.clock, limitMs);
  }

  /** Who is connected to it over HTTP/2; undefined when it does not run, or does not tell within `limitMs`. */
  async connections(limitMs: number = 1_000): Promise<readonly ConnectionFigures[] | undefined> {
    return this.#child?.connections(this.#ports.clock, limitMs);
  }

  /** Begins a life. While one is ending, the next begins after it: there are never two. None begins in a fleet that stops. */
  start(): void {
    if (this.#ports.stopping.aborted) return;
    if (this.#life !== undefined && !this.#life.stop.signal.aborted) return;
    const stop = new AbortController();
    const done = (this.#life?.done ?? Promise.resolve()).then(() => this.#live(stop.signal));
    this.#life = { stop, done };
  }

  /** Asks the process to finish, kills it after `stop_timeout`; resolves when it is gone. */
  async stop(): Promise<void> {
    const life = this.#life;
    life?.stop.abort();
    await life?.done;
    if (this.#life === life) this.#enter("stopped");
  }

  /** Ends the process at once; for a second Ctrl-C. */
  kill(): void {
    this.#life?.stop.abort();
    this.#child?.signal("SIGKILL");
  }

  /** Processes one after another, until told to stop. */
  async #live(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const exit = await this.#run(stop);
      if (stop.aborted) return;
      this.#restarts++;
      const { delayMs, loop } = this.#policy.exited(exit.uptimeMs);
      this.#crashLoop = loop !== undefined;
      this.#enter("restarting");
      this.#ports.listener.exited({ ...exit, retryMs: delayMs, loop });
      await this.#ports.clock.sleep(delayMs, stop).catch(() => {});
    }
  }

  /** One process, from ports to exit. */
  async #run(stop: AbortSignal): Promise<Pick<Exit, "pid" | "startedAt" | "reason" | "uptimeMs">> {
    const { clock, listener, keeper } = this.#ports;
    const started = clock.now();
    const startedAt = clock.wall();
    const over = new AbortController();
    const told = aborts(stop, over.signal);
    let pid = 0;
    try {
      const prepared = await this.spec.prepare();
      if (stop.aborted) return { pid, startedAt, reason: "not started", uptimeMs: 0 };
      const child = this.#spawn(prepared);
      this.#child = child;
      const leaving = child.leaving();
      pid = child.pid ?? 0;
      if (pid !== 0) keeper.add(pid);
      this.#enter("starting");
      const ready = await Promise.race([
        child.exit,
        told,
        this.#readiness(child, prepared, started, over.signal),
      ]);
      if (typeof ready === "object" && !stop.aborted) {
        await listener.ready(ready);
        this.#ready = ready;
        this.#enter("ready");
        this.#firstReady.resolve();
      }
      const leaves = await Promise.race([child.exit, told, leaving]);
      if (leaves === "leaving") {
        await this.#goes();
        await Promise.race([child.exit, told]);
      }
      if (stop.aborted) await this.#end(child);
      const reason = await child.exit;
      await child.cleanUp(clock);
      return { pid, startedAt, reason, uptimeMs: clock.now() - started };
    } catch (error) {
      return { pid, startedAt, reason: messageOf(error), uptimeMs: clock.now() - started };
    } finally {
      over.abort();
      this.#child = undefined;
      if (pid !== 0) keeper.remove(pid);
      await this.#leave();
    }
  }

  #spawn({ env }: Prepared): Child {
    const { command, cwd, service, id, onMessage } = this.spec;
    const { clock, logs } = this.#ports;
    return new Child({
      command,
      cwd,
      env,
      ...(onMessage === undefined ? {} : { onMessage }),
      onLine: (stream, text) => logs.add({ at: clock.wall(), service, instance: id, stream, text }),
    });
  }

  /** Ready is what the process reports, or else what the probe sees, whichever comes first. */
  async #readiness(child: Child, prepared: Prepared, started: number, signal: AbortSignal): Promise<Ready> {
    const { clock, listener } = this.#ports;
    const { startTimeoutMs, probe } = this.spec;
    const slow: Timer = clock.after(startTimeoutMs, () => listener.slow(startTimeoutMs));
    signal.addEventListener("abort", () => slow.cancel(), { once: true });
    const probing = new AbortController();
    // What does not report is not known to speak gRPC: that port is not told to anybody.
    const seen = probe?.(prepared, AbortSignal.any([signal, probing.signal])).then(
      (): ReadyReport => ({ port: prepared.port }),
      () => new Promise<never>(() => {}),
    );
    const { port, grpcPort } = await Promise.race([child.reported(), ...(seen === undefined ? [] : [seen])]);
    probing.abort();
    slow.cancel();
    return {
      port,
      ...(grpcPort === undefined ? {} : { grpcPort }),
      pid: child.pid ?? 0,
      tookMs: clock.now() - started,
    };
  }

  /** Out of the registry first: who is asked for it from now on finds another, while it finishes its work. */
  async #goes(): Promise<void> {
    this.#enter("stopping");
    await this.#leave();
  }

  async #end(child: Child): Promise<void> {
    await this.#goes();
    await child.end(this.#ports.clock, this.spec.stopTimeoutMs);
  }

  async #leave(): Promise<void> {
    if (this.#ready === undefined) return;
    this.#ready = undefined;
    this.#firstReady = Promise.withResolvers();
    await this.#ports.listener.gone();
  }

  #enter(state: InstanceState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#ports.listener.state(state, this.#child?.pid);
  }
}

/** From a start to the stop that ends it. */
interface Life {
  readonly stop: AbortController;
  readonly done: Promise<void>;
}

/** Resolves when `signal` fires; lets go of it when `over` does. */
function aborts(signal: AbortSignal, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true, signal: over });
  });
}
