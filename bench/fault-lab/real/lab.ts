import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Pool } from "undici";
import { systemClock } from "../../../src/kernel/index.ts";

/** How the servers of a child process answer. */
export interface Behaviour {
  /** How long an answer takes. */
  readonly answerMs: number;
  /** Answers 503 at once. */
  readonly failing: boolean;
  /** Requests all of them work on at once, the others wait; then each takes `answerMs` ± half. 0 means any number. */
  readonly workers: number;
}

/** What reached the servers since they were told something, by number. */
export interface Tally {
  readonly arrived: readonly number[];
  /** When the first one came, wall clock. */
  readonly firstMs: readonly (number | null)[];
}

/** Servers of a child process. Disposing it ends the process. */
export interface Origins extends Disposable {
  readonly ports: readonly number[];
  /** They behave so from now on; gives what reached them since the last order. */
  tell(order: Partial<Behaviour>): Promise<Tally>;
  /** kill -9. */
  kill(): void;
}

export async function origins(count: number): Promise<Origins> {
  const child = start("origins.ts", { COUNT: String(count) });
  const { ports } = await message<{ ports: number[] }>(child);
  return {
    ports,
    tell(order) {
      child.send(order);
      return message<Tally>(child);
    },
    kill: () => void child.kill("SIGKILL"),
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** Clients that are connected and send the head of a request byte by byte, until they are disposed. */
export async function slowHeads(port: number, count: number): Promise<Disposable> {
  const child = start("slow-heads.ts", { PORT: String(port), COUNT: String(count) });
  await message(child);
  return { [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** How a gateway of the lab is set up. */
export interface Manner {
  readonly gateway: object;
  readonly routes: object;
  readonly breaker: boolean;
  /** Share of requests that are traced; default 0. */
  readonly sampling?: number;
  /** Threads; default 1. */
  readonly workers?: number;
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
  child.send({ workers: 1, ...manner });
  const { port } = await message<{ port: number }>(child);
  return {
    port,
    pid: child.pid ?? 0,
    async adopt(next) {
      child.send({ workers: 1, ...next });
      return (await message<{ heapBytes: number }>(child)).heapBytes;
    },
    [Symbol.dispose]: () => void child.kill("SIGKILL"),
  };
}

/** A proxy that is round robin and nothing else, in a process of its own. */
export async function roundRobin(
  ports: readonly number[],
  retries: number,
): Promise<Disposable & { readonly port: number }> {
  const child = start("round-robin.ts", { PORTS: ports.join(","), RETRIES: String(retries) });
  const { port } = await message<{ port: number }>(child);
  return { port, [Symbol.dispose]: () => void child.kill("SIGKILL") };
}

/** The two every scenario sets side by side. */
export const sides = ["ours", "plain"] as const;

/**
 * Default policies in front of these addresses, and plain round robin: no breaker, no retry.
 *
 * @param more settings of the one route
 */
export function manners(
  ports: readonly number[],
  more: object = {},
): { readonly ours: Manner; readonly plain: Manner } {
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  const upstreams = { users: { endpoints } };
  const routes = (own: object): object => ({ "/*": { service: "users", ...more, ...own } });
  return {
    ours: { gateway: { max_connections: 5_000, upstreams }, routes: routes({}), breaker: true },
    plain: {
      gateway: { max_connections: 5_000, balance: "round_robin", upstreams },
      routes: routes({ retries: 0 }),
      breaker: false,
    },
  };
}

/** What the name of a figure says of the threads of its gateway. */
export function inWords(workers: 1 | 2): string {
  return workers === 1 ? "" : ", two workers";
}

/** What clients saw. */
export interface Seen {
  readonly sent: number;
  readonly failed: number;
  /** Of the good answers; sorted. */
  readonly tookMs: readonly number[];
  readonly statuses: ReadonlyMap<number, number>;
  /** When the last failure was told, wall clock; 0 for none. */
  readonly lastFailureMs: number;
}

export interface LoopOptions {
  /** Default "/". */
  readonly path?: string;
  /** Connections at most; default 256. */
  readonly connections?: number;
  /** The first of the seconds, in which requests are sent and not counted; default 0. */
  readonly warmSeconds?: number;
}

/** Sends so many requests a second, whether or not the ones before are answered. */
export async function openLoop(
  port: number,
  perSecond: number,
  seconds: number,
  { path = "/", connections = 256, warmSeconds = 0 }: LoopOptions = {},
): Promise<Seen> {
  await using pool = closing(new Pool(`http://127.0.0.1:${port}`, { connections, pipelining: 1 }));
  const statuses = new Map<number, number>();
  const tookMs: number[] = [];
  const running: Promise<number>[] = [];
  let lastFailureMs = 0;
  /** Status of the answer; 0 when there is none. */
  const ask = async (): Promise<number> => {
    const { statusCode, body } = await pool.it.request({ method: "GET", path });
    await body.dump();
    return statusCode;
  };
  const counted = async (): Promise<number> => {
    const from = systemClock.now();
    const status = await ask().catch(() => 0);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status === 200) tookMs.push(systemClock.now() - from);
    else lastFailureMs = systemClock.wall();
    return status;
  };
  const startMs = systemClock.now();
  const total = perSecond * seconds;
  const warm = perSecond * warmSeconds;
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, ((systemClock.now() - startMs) * perSecond) / 1_000);
    for (; sent < due; sent++) running.push(sent < warm ? ask().catch(() => 0) : counted());
    await systemClock.sleep(2);
  }
  await Promise.all(running);
  tookMs.sort((a, b) => a - b);
  const sent = total - warm;
  return { sent, failed: sent - tookMs.length, tookMs, statuses, lastFailureMs };
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
