import type { Account } from "./arriving.ts";

/** Bytes of messages that may wait for their reader before the sender is made to wait. */
const waitingBytes = 64 * 1_024;

/**
 * Messages on their way from a stream to one reader. The sender's window grows as the reader takes; a message that is
 * larger than the window grows it too, because it could not be completed otherwise.
 */
export class MessageQueue implements AsyncIterableIterator<unknown> {
  readonly #consumed: (bytes: number) => void;
  readonly #messages: { readonly value: unknown; readonly bytes: number }[] = [];
  #waiting = 0;
  /** Bytes that arrived and were not given back to the sender yet. */
  #owed = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<unknown>> | undefined;

  readonly #arriving: Account | undefined;

  /** @param arriving what waits here is counted with all that is on its way to the server; undefined on a client */
  constructor(consumed: (bytes: number) => void, arriving?: Account) {
    this.#consumed = consumed;
    this.#arriving = arriving;
  }

  /** Bytes arrived, whatever they are part of. */
  took(bytes: number): void {
    this.#owed += bytes;
    this.#giveBack();
  }

  /**
   * @param value a message, or the promise of one
   * @throws TuskerError NET_OVERLOADED
   */
  push(value: unknown, bytes: number): void {
    // It is told to whoever reads it, or to nobody.
    if (value instanceof Promise) value.catch(() => {});
    if (this.#ended) return;
    this.#arriving?.take(bytes);
    this.#messages.push({ value, bytes });
    this.#waiting += bytes;
    this.#serve();
  }

  /** No more messages come. What failed before stays failed, though its reader may not have heard of it yet. */
  end(): void {
    if (this.#failure === undefined) this.#ended = true;
    this.#serve();
  }

  /** What has come is still read. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#failure ??= { error };
    this.#serve();
  }

  /** What has come is given up; whoever reads on hears why. */
  abandon(error: unknown): void {
    // Also when the sender had said all: what was given up is not to be taken for the end.
    this.#ended = false;
    this.#failure ??= { error };
    this.#messages.length = 0;
    this.#arriving?.giveBack(this.#waiting);
    this.#waiting = 0;
    this.#giveBack();
    this.#serve();
  }

  /** Nobody reads on. */
  discard(): void {
    this.#ended = true;
    this.#messages.length = 0;
    this.#arriving?.giveBack(this.#waiting);
    this.#waiting = 0;
    this.#giveBack();
    this.#serve();
  }

  next(): Promise<IteratorResult<unknown>> {
    const reader = Promise.withResolvers<IteratorResult<unknown>>();
    this.#reader = reader;
    this.#serve();
    return reader.promise;
  }

  return(): Promise<IteratorResult<unknown>> {
    this.discard();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #giveBack(): void {
    if (this.#owed === 0 || this.#waiting > waitingBytes) return;
    const owed = this.#owed;
    this.#owed = 0;
    this.#consumed(owed);
  }

  #serve(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const next = this.#messages.shift();
    if (next === undefined && !this.#ended && this.#failure === undefined) return;
    this.#reader = undefined;
    if (next === undefined) {
      if (this.#failure !== undefined && !this.#ended) reader.reject(this.#failure.error);
      else reader.resolve(over);
      return;
    }
    this.#waiting -= next.bytes;
    this.#arriving?.giveBack(next.bytes);
    this.#giveBack();
    if (!(next.value instanceof Promise)) reader.resolve({ done: false, value: next.value });
    else next.value.then((value) => reader.resolve({ done: false, value }), reader.reject);
  }
}

const over: IteratorResult<unknown> = { done: true, value: undefined };
