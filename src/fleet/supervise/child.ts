import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Clock, messageOf, TuskerError } from "../../kernel/index.ts";
import { type ConnectionFigures, isConnectionFigures } from "../../net/index.ts";
import type { Command } from "./command.ts";
import { type LogLine, lineSplitter } from "./lines.ts";

/** What one process is started with. */
export interface ChildSpec {
  readonly command: Command;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (stream: LogLine["stream"], text: string) => void;
  /** Hears the type of every message the process sends by its channel. */
  readonly onMessage?: (type: string) => void;
}

/** What a process of ours says once it listens. */
export interface ReadyReport {
  readonly port: number;
  readonly grpcPort?: number;
}

/** One process from spawn to exit. */
export class Child {
  readonly #process: ChildProcess;
  readonly #exit: Promise<string>;
  /** It reported by its channel. Whoever did not will not answer there either. */
  #reported = false;

  constructor({ command, cwd, env, onLine, onMessage }: ChildSpec) {
    this.#process = spawn(command.file, command.args, {
      cwd,
      env,
      // A group of its own: Ctrl-C reaches us alone and we drain in order; and what it spawned ends with it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe", ...(command.node ? (["ipc"] as const) : [])],
    });
    if (onMessage !== undefined)
      this.#process.on("message", (message: unknown) => isTyped(message) && onMessage(message.type));
    this.#exit = exitOf(this.#process);
    // Whoever starts a child waits for its exit a moment later; a failed spawn must not be unhandled until then.
    this.#exit.catch(() => {});
    for (const stream of ["stdout", "stderr"] as const) {
      const splitter = lineSplitter((text) => onLine(stream, text));
      this.#process[stream]?.on("data", splitter.push);
      this.#process[stream]?.on("end", splitter.flush);
    }
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** "code 1" or "SIGKILL". Rejects when it could not be started. */
  get exit(): Promise<string> {
    return this.#exit;
  }

  /** Resolves when the process reports by its channel that it is ready; never, when it has no such habit. */
  reported(): Promise<ReadyReport> {
    return new Promise((resolve) => {
      this.#process.on("message", (message: unknown) => {
        if (!isReadyMessage(message)) return;
        this.#reported = true;
        resolve({ port: message.port, ...(message.grpcPort == null ? {} : { grpcPort: message.grpcPort }) });
      });
    });
  }

  /** Resolves when the process says by its channel that it ends of its own accord, or because of a signal. */
  leaving(): Promise<"leaving"> {
    return new Promise((resolve) => {
      this.#process.on("message", (message: unknown) => {
        if (isTyped(message) && message.type === "tusker:leaving") resolve("leaving");
      });
    });
  }

  /** The process's metrics as Prometheus text; undefined when it does not answer within `limitMs`. */
  async metrics(clock: Clock, limitMs: number): Promise<string | undefined> {
    if (!this.#reported) return undefined;
    const answer = await this.#ask("tusker:metrics", isMetricsMessage, { clock, limitMs });
    return answer?.text;
  }

  /** Who is connected over HTTP/2; undefined when it does not answer within `limitMs`. */
  async connections(clock: Clock, limitMs: number): Promise<readonly ConnectionFigures[] | undefined> {
    if (!this.#reported) return undefined;
    const answer = await this.#ask("tusker:connections", isConnectionsMessage, { clock, limitMs });
    return answer?.connections;
  }

  /** Asks by the channel; the answer has the type of the question. */
  async #ask<T>(
    type: string,
    isAnswer: (message: unknown) => message is T,
    { clock, limitMs }: { readonly clock: Clock; readonly limitMs: number },
  ): Promise<T | undefined> {
    const child = this.#process;
    if (!child.connected) return undefined;
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    const onMessage = (message: unknown): void => {
      if (isAnswer(message)) resolve(message);
    };
    child.on("message", onMessage);
    const late = clock.after(limitMs, () => resolve(undefined));
    child.send({ type }, () => {});
    return promise.finally(() => {
      late.cancel();
      child.off("message", onMessage);
    });
  }

  /**
   * Asks it to finish: by its channel when it reported by that, else with SIGTERM; kills it after `limitMs`.
   * Resolves when it is gone.
   */
  async end(clock: Clock, limitMs: number): Promise<void> {
    // Less than the limit: after draining there must be time to send the last spans.
    if (this.#reported && this.#process.connected) {
      this.#process.send({ type: "tusker:drain", graceMs: limitMs * 0.8 }, () => {});
    } else this.signal("SIGTERM");
    const hard = clock.after(limitMs, () => this.signal("SIGKILL"));
    await this.#exit.catch(() => {});
    hard.cancel();
  }

  /** Signals the process and everything it spawned. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // Gone already: that is what we wanted.
    }
  }

  /** After its exit: ends what it left behind, which may hold its port, and reads the last output from the pipes. */
  async cleanUp(clock: Clock): Promise<void> {
    this.signal("SIGKILL");
    if (this.#process.stdout?.closed === true) return;
    await Promise.race([once(this.#process, "close"), clock.sleep(200)]);
  }
}

async function exitOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal]: unknown[] = await once(child, "exit");
    return typeof signal === "string" ? signal : `code ${String(code)}`;
  } catch (error) {
    throw new TuskerError("FLEET_COMMAND_MISSING", `the process could not be started: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isReadyMessage(message: unknown): message is { port: number; grpcPort?: number | null } {
  return (
    isTyped(message) &&
    message.type === "tusker:ready" &&
    "port" in message &&
    typeof message.port === "number"
  );
}

function isMetricsMessage(message: unknown): message is { text: string } {
  return (
    isTyped(message) &&
    message.type === "tusker:metrics" &&
    "text" in message &&
    typeof message.text === "string"
  );
}

function isConnectionsMessage(message: unknown): message is { connections: readonly ConnectionFigures[] } {
  return (
    isTyped(message) &&
    message.type === "tusker:connections" &&
    "connections" in message &&
    Array.isArray(message.connections) &&
    message.connections.every(isConnectionFigures)
  );
}

function isTyped(message: unknown): message is { readonly type: string } {
  return (
    typeof message === "object" && message !== null && "type" in message && typeof message.type === "string"
  );
}
