import type { MessageStream } from "./streams.ts";

/**
 * The body of a message on its way from a stream to one reader. The peer may send on as the reader takes: what waits
 * here is never more than the stream's window.
 */
export class BodyQueue implements AsyncIterableIterator<Uint8Array> {
  readonly #stream: () => MessageStream | undefined;
  readonly #onDone: (whole: boolean) => void;
  readonly #chunks: Buffer[] = [];
  #ended = false;
  #failure: unknown;
  #reader: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined;
  #done = false;

  /** @param onDone the reader has all, or gave up */
  constructor(stream: () => MessageStream | undefined, onDone: (whole: boolean) => void) {
    this.#stream = stream;
    this.#onDone = onDone;
  }

  /** Bytes that are lent: they are copied. */
  push(lent: Buffer): void {
    if (this.#done) {
      this.#stream()?.consumed(lent.byteLength);
      return;
    }
    this.#chunks.push(Buffer.from(lent));
    this.#serve();
  }

  end(): void {
    this.#ended = true;
    this.#serve();
  }

  fail(failure: unknown): void {
    if (this.#ended || this.#failure !== undefined) return;
    this.#failure = failure;
    this.#serve();
  }

  /** True when everything was read. */
  get whole(): boolean {
    return this.#ended && this.#chunks.length === 0;
  }

  /** Nobody reads on: what came and what comes is given back. */
  discard(): void {
    if (this.#done) return;
    this.#done = true;
    for (const chunk of this.#chunks.splice(0)) this.#stream()?.consumed(chunk.byteLength);
    this.#onDone(false);
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const reader = Promise.withResolvers<IteratorResult<Uint8Array>>();
    this.#reader = reader;
    this.#serve();
    return reader.promise;
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.discard();
    this.#reader?.resolve(over);
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const chunk = this.#chunks.shift();
    if (chunk === undefined && !this.#ended && this.#failure === undefined && !this.#done) return;
    this.#reader = undefined;
    if (chunk !== undefined) {
      this.#stream()?.consumed(chunk.byteLength);
      reader.resolve({ done: false, value: chunk });
      return;
    }
    if (this.#failure !== undefined && !this.#ended) reader.reject(this.#failure);
    else {
      if (!this.#done) {
        this.#done = true;
        this.#onDone(true);
      }
      reader.resolve(over);
    }
  }
}

const over: IteratorResult<Uint8Array> = { done: true, value: undefined };
