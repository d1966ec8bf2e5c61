import { type BodySink, type BodySource, PushedBody, type SharedBytes } from "../../net/index.ts";
import type { Frame } from "./frame.ts";

/** What may wait for one reader, in bytes; more than that is dropped and becomes a snapshot. */
const maxQueuedBytes = 256 * 1024;

/** Beats without the connection taking anything, after which its reader counts as gone. */
const maxUntaken = 4;

/** A state to go on from, and when it is safe to show it; undefined: it is. */
interface Begin {
  readonly frame: Frame;
  readonly safe: Promise<void> | undefined;
}

/**
 * One reader of a stream. A frame goes out as it comes; frames that its connection does not take wait here, and when
 * too many do, they go, and the reader gets the whole state instead: what it costs is bounded, and however slow it is,
 * what it hears next is true.
 */
export class Watcher implements BodySource {
  /** What is sent. @throws TuskerError REGISTRY_STORAGE in place of what never will be safe */
  readonly body: PushedBody = new PushedBody((sink) => this.#start(sink));
  readonly #begin: () => Begin;
  #sink: BodySink | undefined;
  readonly #queue: SharedBytes[] = [];
  #queuedBytes = 0;
  /** Frames up to here are of no use to it: what it was sent says the same. */
  #index = 0;
  /** What it hears next is a state, not a change. */
  #behind = true;
  /** A state waits until it is safe; nothing may be sent before it. */
  #settling = false;
  /** Its connection takes more. */
  #ready = false;
  #ended = false;
  #untaken = 0;

  /** @param begin gives the state to go on from, now */
  constructor(begin: () => Begin) {
    this.#begin = begin;
  }

  /** Hears of a frame. */
  offer({ index, bytes }: Frame): void {
    if (this.#behind || this.#ended || index <= this.#index) return;
    if (this.#ready) {
      this.#write(bytes);
      return;
    }
    this.#queuedBytes += bytes.bytes.byteLength;
    this.#queue.push(bytes);
    if (this.#queuedBytes <= maxQueuedBytes) return;
    this.#empty();
    this.#behind = true;
  }

  /** A beat: a reader who hears nothing else gets `sign`. False when its connection takes nothing any more. */
  beat(sign: SharedBytes): boolean {
    if (!this.#ready) return ++this.#untaken < maxUntaken;
    this.#write(sign);
    return true;
  }

  /** Ends the stream: it is complete. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ready = false;
    this.#empty();
    this.#sink?.end();
  }

  onDrain(): void {
    this.#untaken = 0;
    this.#ready = !this.#ended && !this.#settling;
    this.#catchUp();
  }

  onEnd(): void {
    this.#sink = undefined;
    this.end();
  }

  #start(sink: BodySink): BodySource {
    this.#sink = sink;
    if (this.#ended) sink.end();
    else this.onDrain();
    return this;
  }

  /** Sends what waited, as far as the connection takes it. */
  #catchUp(): void {
    while (this.#ready) {
      if (this.#behind) this.#state();
      else {
        const next = this.#queue.shift();
        if (next === undefined) return;
        this.#queuedBytes -= next.bytes.byteLength;
        this.#write(next);
      }
    }
  }

  /** Sends the state to go on from, or waits until it may. From now on frames gather, and follow it. */
  #state(): void {
    const { frame, safe } = this.#begin();
    this.#behind = false;
    this.#index = frame.index;
    if (safe === undefined) {
      this.#write(frame.bytes);
      return;
    }
    this.#ready = false;
    this.#settling = true;
    safe.then(
      () => {
        this.#settling = false;
        if (!this.#ended && this.#sink?.write(frame.bytes) === true) this.onDrain();
      },
      (error: unknown) => this.#sink?.fail(error),
    );
  }

  #write(bytes: SharedBytes): void {
    if (this.#sink?.write(bytes) !== true) this.#ready = false;
  }

  #empty(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }
}
