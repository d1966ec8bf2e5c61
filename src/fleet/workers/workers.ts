import { Worker } from "node:worker_threads";
import { type Code, isCode, TuskerError } from "../../kernel/index.ts";
import { forgetThread, type SharedMemory, sharedMemory } from "../../resilience/index.ts";
import type { GatewayProcessPorts, Grace, RunningGateway } from "../gateway-process.ts";
import { growing, mergeMetrics } from "./merge-metrics.ts";
import { mergeServices } from "./merge-services.ts";
import type { WorkerNews, WorkerOrder, WorkerStart } from "./messages.ts";

/** What the workers need to know of the file; the rest is theirs. */
export interface WorkersPlan {
  readonly threads: number;
  /** How long a stop may take, as the file says. */
  readonly grace: Grace;
  /** The file with another port: 0 becomes what the first thread was given. */
  readonly fileFor: (port: number | undefined) => unknown;
  /** Checks another file, and gives what only a restart can change. */
  readonly check: (file: unknown) => readonly string[];
}

/**
 * A gateway of several threads that listen on one port. Limits are exact over all of them; a thread that dies is
 * replaced, and what it held is given back.
 *
 * @throws TuskerError what the first thread that cannot start says, for example NET_PORT_TAKEN
 */
export async function runWorkers(plan: WorkersPlan, ports: GatewayProcessPorts): Promise<RunningGateway> {
  const crew = new Crew(plan, ports);
  try {
    const first = await crew.start(0);
    await Promise.all(Array.from({ length: plan.threads - 1 }, (_, i) => crew.start(i + 1)));
    return processOf(crew, plan, first);
  } catch (error) {
    await crew.end();
    throw error;
  }
}

function processOf(crew: Crew, plan: WorkersPlan, first: Ready): RunningGateway {
  return {
    port: first.port,
    grace: plan.grace,
    adopt(file) {
      const restart = plan.check(file);
      crew.adopt(file);
      return restart;
    },
    reachable: () => crew.reachable,
    // Every thread has the same file.
    routes: async () => (await crew.states())[0]?.routes ?? [],
    services: async () => mergeServices((await crew.states()).map(({ services }) => services)),
    metrics: () => crew.metrics(),
    drain: (grace) => crew.drain(grace),
    [Symbol.asyncDispose]: () => crew.end(),
  };
}

type Ready = Extract<WorkerNews, { type: "ready" }>;

/** How long a thread that died at once waits for its successor, at first and at most; milliseconds. */
const pauseMs = { first: 100, most: 10_000 } as const;

class Crew {
  readonly reachable: Promise<void>;
  readonly #plan: WorkersPlan;
  readonly #ports: GatewayProcessPorts;
  readonly #memory: SharedMemory;
  readonly #threads: (Worker | undefined)[];
  readonly #ending = new AbortController();
  readonly #reached = Promise.withResolvers<void>();
  /** Threads that have not yet said that they reach every service. */
  readonly #reaching: Set<number>;
  #port: number | undefined;
  /** The file in force, where it is not the first one. */
  #adopted: unknown;
  #deaths = 0;
  /** The metrics of each thread as they were last asked for, and what those have counted that are gone. */
  readonly #counted = new Map<number, string>();
  #countedBefore = "";

  constructor(plan: WorkersPlan, ports: GatewayProcessPorts) {
    this.#plan = plan;
    this.#ports = ports;
    this.#threads = Array.from({ length: plan.threads }, () => undefined);
    this.#reaching = new Set(this.#threads.keys());
    this.#memory = sharedMemory({ threads: plan.threads, seed: ports.random.below(2 ** 32) });
    this.reachable = this.#reached.promise;
  }

  /** Starts a thread; resolves when it listens. */
  async start(thread: number): Promise<Ready> {
    const shared = { memory: this.#memory, thread, threads: this.#plan.threads };
    const start: WorkerStart = { file: this.#plan.fileFor(this.#port), adopted: this.#adopted, shared };
    // From a checkout the file beside this one ends in .ts, from the package in .js.
    const file = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
    const worker = new Worker(new URL(file, import.meta.url), { workerData: start });
    this.#threads[thread] = worker;
    const ready = Promise.withResolvers<Ready>();
    worker.on("message", (news: WorkerNews) => this.#hear(thread, news, ready));
    worker.on("error", (error) => {
      this.#ports.log.error("a worker of the gateway failed", { thread, error: String(error) });
      ready.reject(error);
    });
    worker.once("exit", () => {
      ready.reject(new TuskerError("KERNEL_INTERNAL", "a worker of the gateway ended before it listened"));
      this.#gone(thread);
    });
    const { port } = await ready.promise;
    this.#port = port;
    return { type: "ready", port };
  }

  adopt(file: unknown): void {
    this.#adopted = file;
    for (const worker of this.#alive()) this.#tell(worker, { type: "adopt", file });
  }

  async metrics(): Promise<string> {
    const told = await this.#askAll("metrics");
    // What goes to standard output is written by the process, which alone knows what it could not write.
    const dropped = `tusker_gateway_access_lines_dropped ${this.#ports.accessDropped?.() ?? 0}`;
    return mergeMetrics([
      ...told.map(({ text }) => text),
      this.#countedBefore,
      `# HELP tusker_gateway_access_lines_dropped\n${dropped}\n`,
    ]);
  }

  states(): Promise<Extract<WorkerNews, { type: "state" }>[]> {
    return this.#askAll("state");
  }

  async drain(grace: Grace): Promise<void> {
    this.#ending.abort();
    await Promise.all(
      this.#alive().map(async (worker) => {
        const drained = heard(worker, "drained");
        this.#tell(worker, { type: "drain", grace });
        await drained;
        await worker.terminate();
      }),
    );
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#alive().map((worker) => worker.terminate()));
  }

  #alive(): Worker[] {
    return this.#threads.filter((worker) => worker !== undefined);
  }

  #hear(thread: number, news: WorkerNews, ready: PromiseWithResolvers<Ready>): void {
    if (news.type === "ready") ready.resolve(news);
    else if (news.type === "metrics") this.#counted.set(thread, news.text);
    else if (news.type === "reachable") {
      this.#reaching.delete(thread);
      if (this.#reaching.size === 0) this.#reached.resolve();
    } else if (news.type === "log" || news.type === "access")
      this.#ports[news.type][news.level](news.message, news.fields);
    else if (news.type === "failed") ready.reject(new TuskerError(codeOf(news.code), news.message));
  }

  /** Its places are given back, and another thread takes its place. */
  #gone(thread: number): void {
    this.#threads[thread] = undefined;
    forgetThread(this.#memory, thread);
    // A sum that shrinks is taken for a counter that began anew, and so for many requests at once.
    this.#countedBefore = mergeMetrics([this.#countedBefore, growing(this.#counted.get(thread) ?? "")]);
    this.#counted.delete(thread);
    if (this.#ending.signal.aborted || this.#port === undefined) return;
    const { clock, log } = this.#ports;
    const waitMs = Math.min(pauseMs.most, pauseMs.first * 2 ** this.#deaths++);
    log.error("a worker of the gateway is gone; another one takes its place", { thread, waitMs });
    clock.after(waitMs, () => {
      if (this.#ending.signal.aborted) return;
      this.start(thread).catch((error) =>
        log.error("a worker of the gateway could not be replaced", { thread, error: String(error) }),
      );
    });
  }

  #tell(worker: Worker, order: WorkerOrder): void {
    worker.postMessage(order);
  }

  /** What every thread says to a question; those that die over it say nothing. */
  async #askAll<T extends "metrics" | "state">(type: T): Promise<Extract<WorkerNews, { type: T }>[]> {
    const told = await Promise.all(
      this.#alive().map((worker) => {
        const answer = heard(worker, type);
        this.#tell(worker, { type });
        return answer;
      }),
    );
    return told.filter((news) => news !== undefined);
  }
}

/** The next news of a kind; undefined when the thread ends without it. */
function heard<T extends WorkerNews["type"]>(
  worker: Worker,
  type: T,
): Promise<Extract<WorkerNews, { type: T }> | undefined> {
  return new Promise((resolve) => {
    const over = (news: Extract<WorkerNews, { type: T }> | undefined): void => {
      worker.off("message", onMessage);
      worker.off("exit", onExit);
      resolve(news);
    };
    const onMessage = (news: WorkerNews): void => {
      if (isOf(news, type)) over(news);
    };
    const onExit = (): void => over(undefined);
    worker.on("message", onMessage);
    worker.once("exit", onExit);
  });
}

function isOf<T extends WorkerNews["type"]>(
  news: WorkerNews,
  type: T,
): news is Extract<WorkerNews, { type: T }> {
  return news.type === type;
}

function codeOf(code: string): Code {
  return isCode(code) ? code : "KERNEL_INTERNAL";
}
