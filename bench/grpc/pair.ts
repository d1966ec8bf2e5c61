import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Order, Report } from "./party.ts";

/** What one round cost, over both ends. */
export interface Round {
  readonly clientMicros: number;
  readonly serverMicros: number;
  readonly medianMs: number;
}

/** A client and a server of their own stacks, each in its own process. */
export class Pair implements AsyncDisposable {
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;

  private constructor(server: ChildProcess, client: ChildProcess) {
    this.#server = server;
    this.#client = client;
  }

  static async of(clientStack: string, serverStack: string = clientStack): Promise<Pair> {
    const server = start(serverStack);
    const { port } = await heard<{ port: number }>(server);
    const client = start(clientStack, String(port));
    await heard(client);
    return new Pair(server, client);
  }

  /** The server alone, for clients that are no stack. */
  static async serverOf(
    stack: string,
  ): Promise<AsyncDisposable & { readonly pid: number; readonly port: number }> {
    const server = start(stack);
    const { port } = await heard<{ port: number }>(server);
    return { pid: server.pid ?? 0, port, [Symbol.asyncDispose]: () => end(server) };
  }

  /** Microseconds of CPU per call. */
  async run(order: Order): Promise<Round> {
    const before = await this.#serverCpu();
    this.#client.send(order);
    const report = await heard<Report>(this.#client);
    const serverMicros = (await this.#serverCpu()) - before;
    return {
      clientMicros: report.cpuMicros / order.calls,
      serverMicros: serverMicros / order.calls,
      medianMs: report.medianMs,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#client, this.#server]) await end(child);
  }

  async #serverCpu(): Promise<number> {
    this.#server.send({});
    return (await heard<{ cpuMicros: number }>(this.#server)).cpuMicros;
  }
}

async function end(child: ChildProcess): Promise<void> {
  const over = once(child, "exit");
  child.kill("SIGKILL");
  await over;
}

function start(...args: readonly string[]): ChildProcess {
  const options = { execPath: process.execPath, execArgv: ["--conditions=tusker-source"] };
  return fork(join(import.meta.dirname, "party.ts"), args, options);
}

/** The next message; a party that ends instead is an error. */
async function heard<T>(child: ChildProcess): Promise<T> {
  const stop = new AbortController();
  const gone = once(child, "exit", { signal: stop.signal }).then(([code]) => {
    throw new Error(`a party of the bench ended with ${String(code)}`);
  });
  try {
    const [message] = await Promise.race([once(child, "message", { signal: stop.signal }), gone]);
    return message;
  } finally {
    stop.abort();
    gone.catch(() => {});
  }
}
