import { aborted, type Clock, TuskerError } from "../kernel/index.ts";
import type { ByteStream } from "./exchange.ts";

/**
 * Reads a stream to its end, never holding more than `maxBytes`.
 *
 * @param announced a Content-Length value; a larger announcement is refused before the first byte is read.
 * @throws TuskerError NET_BODY_TOO_LARGE
 */
export async function readAll(stream: ByteStream, maxBytes: number, announced?: string): Promise<Uint8Array> {
  if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size);
}

/** How long a reader waits for the next bytes of a client. */
export interface Pace {
  /** Longest pause; Infinity waits as long as the connection lasts. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends the read with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Passes on a request's body as long as it makes progress. Only the wait for the client counts: a reader may take its
 * time.
 *
 * @throws TuskerError NET_TIMEOUT with status 408, or the reason of the signal (KERNEL_ABORTED when it is not ours)
 */
export async function* paced(source: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await within(pace, () => iterator.next());
      if (next.done === true) break;
      yield next.value;
    }
    ended = true;
  } finally {
    // A read that still waits is let go when its connection closes.
    if (!ended) iterator.return?.().catch(() => {});
  }
}

function within<T>({ timeoutMs, clock, signal }: Pace, read: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(aborted(signal));
    const onAbort = (): void => {
      if (signal !== undefined) settle(() => reject(aborted(signal)));
    };
    const settle = (tell: () => void): void => {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
      tell();
    };
    const timer = clock.after(timeoutMs, () => settle(() => reject(tooSlow(timeoutMs))), {
      background: true,
    });
    signal?.addEventListener("abort", onAbort, { once: true });
    read().then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}

/** RFC 9110 §15.5.9: here it is the client that did not keep its time. */
function tooSlow(timeoutMs: number): TuskerError {
  const message = `nothing more of the request body came within ${timeoutMs} ms`;
  return new TuskerError("NET_TIMEOUT", message, { status: 408, details: { side: "client", timeoutMs } });
}

/** The body of a request we send: when it breaks, that is told as ours and not as the peer's failure. */
export async function* ownBody(body: ByteStream, origin: string): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (cause) {
    throw brokenBody(cause, origin);
  }
}

function brokenBody(cause: unknown, origin: string): TuskerError {
  if (cause instanceof TuskerError) return cause;
  const message = `the body of a request to ${origin} broke on our side before it was sent whole`;
  return new TuskerError("KERNEL_INTERNAL", message, { cause, details: { origin, sent: true } });
}

function tooLarge(maxBytes: number): TuskerError {
  return new TuskerError("NET_BODY_TOO_LARGE", `the body is larger than the ${maxBytes} bytes allowed here`, {
    details: { maxBytes },
  });
}
