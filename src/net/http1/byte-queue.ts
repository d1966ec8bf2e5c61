import { aborted } from "../../kernel/index.ts";
import { kept } from "../socket/lent.ts";

/** How a queue steers what fills it. */
interface Source {
  /** Let more come. */
  wanted(): void;
  /** Hold back. */
  enough(): void;
  /** The reader gave up before the end. */
  discarded(): void;
  /** Bytes that may wait before the source is held back; 0 holds it back whenever nobody waits. */
  readonly room: number;
  /** Whether it begins without being asked to. */
  readonly flowing: boolean;
}

/** Bytes between a socket that pushes and a reader that pulls, at the reader's pace. */
export class ByteQueue {
  readonly #source: Source;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #ended = false;
  #error: unknown;
  #flowing: boolean;
  #wake: (() => void) | undefined;

  constructor(source: Source) {
    this.#source = source;
    this.#flowing = source.flowing;
  }

  push(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#chunks.push(kept(bytes));
    this.#size += bytes.byteLength;
    if (this.#flowing && this.#size >= this.#source.room) {
      this.#flowing = false;
      this.#source.enough();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** What came before is still read; then the reader fails. Only the first end of a queue counts. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.end();
  }

  /** Gives up, also when nobody has begun to read. */
  discard(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#chunks.length = 0;
    this.#source.discarded();
    this.#wake?.();
  }

  /** Reads to the end; a reader that stops before has discarded the rest. The signal ends a wait with its reason. */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const onAbort = (): void => this.#wake?.();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      for (;;) {
        if (signal?.aborted === true) throw aborted(signal);
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#size -= chunk.byteLength;
          yield chunk;
          continue;
        }
        if (this.#error !== undefined) throw this.#error;
        if (this.#ended) return;
        await this.#more();
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.discard();
    }
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (!this.#flowing) {
      this.#flowing = true;
      this.#source.wanted();
    }
    await promise;
    this.#wake = undefined;
  }
}
