/** A load generator that costs little itself: one request at a time on each of a few kept connections. */
import { once } from "node:events";
import { connect } from "node:net";
import { systemClock } from "../../src/kernel/index.ts";

/** A request, whole, as it goes over the connection. */
export function requestBytes(method: string, target: string, body?: object | string): Buffer {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const length = method === "GET" ? "" : `Content-Length: ${Buffer.byteLength(text)}\r\n`;
  return Buffer.from(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n${text}`);
}

/** What came of a run. */
export interface LoadResult {
  readonly answered: number;
  /** Answers that were not 200. */
  readonly refused: number;
  readonly perSecond: number;
  /** Milliseconds, in order. */
  readonly latenciesMs: Float64Array;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** The next request; undefined: enough. */
  readonly next: () => Buffer | undefined;
}

/** Sends until `next` has no more. @throws when a connection ends early */
export async function httpLoad({ port, connections, next }: LoadOptions): Promise<LoadResult> {
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(port)));
  const latencies: number[] = [];
  let refused = 0;
  const from = systemClock.now();
  await Promise.all(
    lines.map(async (line) => {
      for (let request = next(); request !== undefined; request = next()) {
        const sent = systemClock.now();
        if ((await line.ask(request)).status !== 200) refused++;
        latencies.push(systemClock.now() - sent);
      }
    }),
  );
  const seconds = (systemClock.now() - from) / 1_000;
  for (const line of lines) line.close();
  const latenciesMs = Float64Array.from(latencies).sort();
  return { answered: latencies.length, refused, perSecond: latencies.length / seconds, latenciesMs };
}

/** The same request until the time is over. */
export function forMs(durationMs: number, request: () => Buffer): () => Buffer | undefined {
  const end = systemClock.now() + durationMs;
  return () => (systemClock.now() < end ? request() : undefined);
}

/** Each of these once. */
export function each<T>(items: Iterable<T>, request: (item: T) => Buffer): () => Buffer | undefined {
  const left = items[Symbol.iterator]();
  return () => {
    const item = left.next();
    return item.done === true ? undefined : request(item.value);
  };
}

/** One answer. */
export interface LineAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

/** One kept connection at a time; a server that closes it behind an answer (RFC 9112 §9.6) gets a new one. */
export interface Line {
  /** One request at a time. */
  ask(request: Buffer): Promise<LineAnswer>;
  close(): void;
}

/** Opens a connection to a server on this machine. */
export async function openLine(port: number): Promise<Line> {
  let current = await converse(port);
  return {
    async ask(request) {
      const answer = await current.ask(request);
      if (!/\r\nconnection: *close/i.test(answer.head)) return answer;
      current.close();
      current = await converse(port);
      return answer;
    },
    close: () => current.close(),
  };
}

async function converse(port: number): Promise<Line> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await once(socket, "connect");
  let waiting: PromiseWithResolvers<LineAnswer> | undefined;
  let received: Buffer = Buffer.alloc(0);
  let failed: Error | undefined;
  const fail = (error: Error): void => {
    failed ??= error;
    waiting?.reject(failed);
  };
  socket.on("data", (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = whole(received);
    if (answer === undefined) return;
    received = Buffer.alloc(0);
    const { resolve } = waiting ?? {};
    waiting = undefined;
    resolve?.(answer);
  });
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`port ${port} closed the connection`)));
  return {
    ask(request) {
      if (failed !== undefined) return Promise.reject(failed);
      waiting = Promise.withResolvers();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket.destroy(),
  };
}

const lastChunk = Buffer.from("0\r\n\r\n");

/** The answer, if all of it is there: with one request at a time nothing follows it. */
function whole(bytes: Buffer): LineAnswer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = bytes.toString("latin1", 0, end);
  const body = bytes.subarray(end + 4);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const complete =
    length === undefined ? body.subarray(-lastChunk.length).equals(lastChunk) : body.length >= Number(length);
  return complete ? { status: Number(head.slice(9, 12)), head, body } : undefined;
}
