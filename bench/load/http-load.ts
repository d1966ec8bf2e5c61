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
    lines.map((line) => {
      const over = Promise.withResolvers<void>();
      let sent = 0;
      // Without a promise for each: on a machine of two cores the load must not be what is measured.
      const go = (): void => {
        const request = next();
        if (request === undefined) {
          over.resolve();
          return;
        }
        sent = systemClock.now();
        line.send(request, hear, over.reject);
      };
      const hear = ({ status }: LineAnswer): void => {
        if (status !== 200) refused++;
        latencies.push(systemClock.now() - sent);
        go();
      };
      go();
      return over.promise;
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

type Hear = (answer: LineAnswer) => void;
type Fail = (error: unknown) => void;

/** One kept connection at a time; a server that closes it behind an answer (RFC 9112 §9.6) gets a new one. */
export interface Line {
  /** One request at a time. */
  ask(request: Buffer): Promise<LineAnswer>;
  /** As `ask`; the body is lent for the call. */
  send(request: Buffer, hear: Hear, fail: Fail): void;
  close(): void;
}

/** Opens a connection to a server on this machine. */
export async function openLine(port: number): Promise<Line> {
  let current = await converse(port);
  const line: Line = {
    send(request, hear, fail) {
      current.send(
        request,
        (answer) => {
          if (!/\r\nconnection: *close/i.test(answer.head)) {
            hear(answer);
            return;
          }
          const kept = { ...answer, body: Buffer.from(answer.body) };
          current.close();
          converse(port).then((opened) => {
            current = opened;
            hear(kept);
          }, fail);
        },
        fail,
      );
    },
    ask(request) {
      const { promise, resolve, reject } = Promise.withResolvers<LineAnswer>();
      line.send(request, (answer) => resolve({ ...answer, body: Buffer.from(answer.body) }), reject);
      return promise;
    },
    close: () => current.close(),
  };
  return line;
}

/** What all connections read into: a piece is looked at before the next one comes. */
const lent = Buffer.allocUnsafeSlow(64 * 1024);

async function converse(port: number): Promise<Omit<Line, "ask">> {
  let waiting: { readonly hear: Hear; readonly fail: Fail } | undefined;
  let received: Buffer | undefined;
  let failed: Error | undefined;
  const fail = (error: Error): void => {
    failed ??= error;
    waiting?.fail(failed);
  };
  const take = (size: number): boolean => {
    const piece = lent.subarray(0, size);
    const all = received === undefined ? piece : Buffer.concat([received, piece]);
    const answer = whole(all);
    received = answer !== undefined ? undefined : all === piece ? Buffer.from(piece) : all;
    if (answer === undefined) return true;
    const { hear } = waiting ?? {};
    waiting = undefined;
    hear?.(answer);
    return true;
  };
  const onread = { buffer: lent, callback: take };
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, onread });
  await once(socket, "connect");
  socket.on("error", fail);
  socket.on("close", () => fail(new Error(`port ${port} closed the connection`)));
  return {
    send(request, hear, fail) {
      waiting = { hear, fail };
      if (failed === undefined) socket.write(request);
      else fail(failed);
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
