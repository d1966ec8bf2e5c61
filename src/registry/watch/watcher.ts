import type { Frame } from "./frame.ts";

/** What may wait for one reader, in bytes; more than that is dropped and becomes a snapshot. */
const maxQueuedBytes = 256 * 1024;

/** Beats without the connection taking anything, after which its reader counts as gone. */
const maxUntaken = 4;

/**
 * One reader of a stream. Frames wait here until its connection takes them; when too many do, they go, and the reader
 * gets the whole state instead: what it costs is bounded, and however slow it is, what it hears next is true.
 */
export class Watcher {
  readonly #begin: () => { readonly frame: Frame; readonly safe: Promise<void> | undefined };
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Frames up to here are of no use to it: what it was sent says the same. */
  #index = 0;
  /** What it hears next is a state, not a change. */
  #behind = true;
  #ended = false;
  #wake: (() => void) | undefined;
  #untaken = 0;

  /** @param begin gives the state to go on from, now, and when it is safe to show it */
  constructor(begin: () => { readonly frame: Frame; readonly safe: Promise<void> | undefined }) {
    this.#begin = begin;
  }

  /** Hears of a frame. */
  offer({ index, bytes }: Frame): void {
    if (this.#behind || this.#ended || index <= this.#index) return;
    this.#queuedBytes += bytes.byteLength;
    if (this.#queuedBytes > maxQueuedBytes) {
      this.#empty();
      this.#behind = true;
    } else this.#queue.push(bytes);
    this.#wake?.();
  }

  /** A beat: a reader who hears nothing else gets `sign`. False when its connection takes nothing any more. */
  beat(sign: Uint8Array): boolean {
    if (this.#wake === undefined) return ++this.#untaken < maxUntaken;
    this.#queue.push(sign);
    this.#wake();
    return true;
  }

  /** Ends the stream: it is complete. */
  end(): void {
    this.#ended = true;
    this.#empty();
    this.#wake?.();
  }

  /** What is sent, at the pace of the connection. @throws TuskerError REGISTRY_STORAGE when it never will be safe */
  async *bytes(): AsyncGenerator<Uint8Array> {
    while (!this.#ended) {
      this.#untaken = 0;
      if (this.#behind) yield await this.#state();
      else if (this.#queue.length > 0) yield this.#queued();
      else await this.#news();
    }
  }

  async #state(): Promise<Uint8Array> {
    this.#behind = false;
    const { frame, safe } = this.#begin();
    // From here on frames gather; they follow this one.
    this.#index = frame.index;
    await safe;
    return frame.bytes;
  }

  #queued(): Uint8Array {
    const [first] = this.#queue;
    const all = this.#queue.length === 1 && first !== undefined ? first : Buffer.concat(this.#queue);
    this.#empty();
    return all;
  }

  async #news(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
  }

  #empty(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}
