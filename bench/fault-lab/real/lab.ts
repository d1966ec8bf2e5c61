import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Pool } from "undici";
import { systemClock } from "../../../src/kernel/index.ts";

/** Servers of a child process. Disposing it ends the process. */
export interface Origins extends Disposable {
  readonly ports: readonly number[];
  /** How long every answer takes from now on. */
  slow(answerMs: number): void;
  /** kill -9. */
  kill(): void;
}

export async function origins(count: number): Promise<Origins> {
  const child = start("origins.ts", { COUNT: String(count) });
  const { ports } = await message<{ ports: number[] }>(child);
  return {
    ports,
    slow: (answerMs) => void child.send({ answerMs }),
    kill: () => void child.kill("SIGKILL"),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** How a gateway of the lab is set up. */
export interface Manner {
  readonly gateway: object;
  readonly routes: object;
  readonly breaker: boolean;
  /** Share of requests that are traced; default 0. */
  readonly sampling?: number;
}

/** A gateway in a process of its own. */
export interface LabGateway extends Disposable {
  readonly port: number;
  readonly pid: number;
  /** Gives the heap in use after a collection. */
  adopt(manner: Manner): Promise<number>;
}

export async function labGateway(manner: Manner): Promise<LabGateway> {
  const child = start("gateway.ts", {});
  child.send(manner);
  const { port } = await message<{ port: number }>(child);
  return {
    port,
    pid: child.pid ?? 0,
    async adopt(next) {
      child.send(next);
      return (await message<{ heapBytes: number }>(child)).heapBytes;
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** Default policies in front of these addresses, and plain round robin: no breaker, no retry. */
export function manners(ports: readonly number[]): { readonly ours: Manner; readonly plain: Manner } {
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  const routes = (more: object): object => ({ "/*": { service: "users", ...more } });
  const upstreams = { users: { endpoints } };
  return {
    ours: { gateway: { max_connections: 5_000, upstreams }, routes: routes({}), breaker: true },
    plain: {
      gateway: { max_connections: 5_000, balance: "round_robin", upstreams },
      routes: routes({ retries: 0 }),
      breaker: false,
    },
  };
}

/** What clients saw. */
export interface Seen {
  readonly sent: number;
  readonly failed: number;
  /** Of the good answers; sorted. */
  readonly tookMs: readonly number[];
  readonly statuses: ReadonlyMap<number, number>;
}

/** Sends so many requests a second, whether or not the ones before are answered. */
export async function openLoop(port: number, perSecond: number, seconds: number): Promise<Seen> {
  await using pool = closing(new Pool(`http://127.0.0.1:${port}`, { connections: 256, pipelining: 1 }));
  const statuses = new Map<number, number>();
  const tookMs: number[] = [];
  const running: Promise<void>[] = [];
  let failed = 0;
  const ask = async (): Promise<void> => {
    const from = systemClock.now();
    try {
      const { statusCode, body } = await pool.it.request({ method: "GET", path: "/" });
      await body.dump();
      statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
      if (statusCode === 200) tookMs.push(systemClock.now() - from);
      else failed++;
    } catch {
      failed++;
    }
  };
  const startMs = systemClock.now();
  for (let sent = 0; sent < perSecond * seconds; ) {
    const due = Math.min(perSecond * seconds, ((systemClock.now() - startMs) * perSecond) / 1_000);
    for (; sent < due; sent++) running.push(ask());
    await systemClock.sleep(2);
  }
  await Promise.all(running);
  return { sent: running.length, failed, tookMs: tookMs.sort((a, b) => a - b), statuses };
}

function closing(it: Pool): AsyncDisposable & { readonly it: Pool } {
  return { it, [Symbol.asyncDispose]: () => it.destroy() };
}

function start(file: string, env: Readonly<Record<string, string>>): ChildProcess {
  return fork(new URL(file, import.meta.url), {
    env: { ...process.env, ...env },
    execArgv: ["--conditions=tusker-source", "--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

async function message<T>(child: ChildProcess): Promise<T> {
  const ended = new AbortController();
  const gone = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new Error("a process of the lab ended before it answered");
  });
  try {
    const [told] = await Promise.race([once(child, "message"), gone]);
    return told;
  } finally {
    ended.abort();
    gone.catch(() => {});
  }
}
