import { type Clock, TuskerError } from "../kernel/index.ts";
import type { ByteStream, ServerExchange } from "../net/index.ts";

/** How much of request bodies the process keeps for retries. */
export interface ReplayRoom {
  /** Bytes kept now, over all requests. */
  used: number;
  readonly max: number;
}

/** Most of one body that is kept; a longer one can be sent once only. */
const maxReplayBytes = 64 * 1024;

/** A request body that several tries may read from its beginning, as long as it is short. */
export interface RequestBody extends Disposable {
  /** False once bytes are gone that a second try would need. */
  readonly replayable: boolean;
  /** True when reading has begun and not come to the end. */
  readonly pending: boolean;
  /** The body from its beginning. Giving up on it leaves the client's stream as it is, for the next try. */
  stream(): ByteStream;
  /**
   * All of it, where it came to its end and was short enough to be kept; undefined otherwise. For whoever reads beside
   * a stream that is under way: a second copy, a mirror.
   */
  kept(): readonly Uint8Array[] | undefined;
  /** Reads on and throws away, so that a kept connection is fit for its next request; at most `maxBytes`. */
  drain(maxBytes: number): Promise<"ended" | "more">;
}

/**
 * The body of `exchange`, read once and at the pace of who reads it.
 *
 * @param maxBytes a longer body fails its reader with GATEWAY_BODY_TOO_LARGE
 */
export function requestBody(exchange: ServerExchange, maxBytes: number, room: ReplayRoom): RequestBody {
  return new SharedBody(exchange, maxBytes, room);
}

/** The refusal of a body that is longer than the route takes. */
export function bodyTooLarge(maxBytes: number): TuskerError {
  return new TuskerError(
    "GATEWAY_BODY_TOO_LARGE",
    `the request body is larger than the ${maxBytes} bytes this route takes; see max_body`,
    { details: { maxBytes } },
  );
}

/** How many bytes of an unread body are taken in after its answer, and for how long. */
const drainLimit = { bytes: 256 * 1024, ms: 1_000 } as const;

/** Takes in what is left of a body that was answered already; a client that sends on for too long is let go. */
export async function drainBody(body: RequestBody, exchange: ServerExchange, clock: Clock): Promise<void> {
  // Its answer is out, so the server no longer tells us when the client goes: only the time ends a silent read.
  const late = Promise.withResolvers<"more">();
  const timer = clock.after(drainLimit.ms, () => late.resolve("more"), { background: true });
  const rest = await Promise.race([body.drain(drainLimit.bytes), late.promise]);
  timer.cancel();
  if (rest === "more") exchange.abort();
}

class SharedBody implements RequestBody {
  readonly #exchange: ServerExchange;
  readonly #maxBytes: number;
  readonly #room: ReplayRoom;
  #source: AsyncIterator<Uint8Array> | undefined;
  /** The read that is under way; a try that gave up leaves it to the next one. */
  #reading: Promise<void> | undefined;
  /** Chunks kept from number `#from` on. */
  #chunks: Uint8Array[] = [];
  #from = 0;
  #size = 0;
  #ended = false;
  /** Once false, a chunk is kept only until its one reader took it. */
  #replayable = true;
  /** Number of the latest reader; older ones have been given up. */
  #readers = 0;

  constructor(exchange: ServerExchange, maxBytes: number, room: ReplayRoom) {
    this.#exchange = exchange;
    this.#maxBytes = maxBytes;
    this.#room = room;
  }

  get replayable(): boolean {
    return this.#replayable;
  }

  get pending(): boolean {
    return this.#source !== undefined && !this.#ended;
  }

  async *stream(): AsyncGenerator<Uint8Array> {
    this.#readers++;
    const reader = this.#readers;
    for (let at = 0; ; at++) {
      while (at >= this.#from + this.#chunks.length && !this.#ended) await this.#read();
      // A try that was given up may still hang in a read here; what came belongs to the next one.
      if (reader !== this.#readers) return;
      if (at < this.#from) throw new TuskerError("KERNEL_INTERNAL", "a request body was read twice");
      const chunk = this.#chunks[at - this.#from];
      if (chunk === undefined) return;
      if (!this.#replayable) this.#forget(at - this.#from + 1);
      yield chunk;
    }
  }

  kept(): readonly Uint8Array[] | undefined {
    return this.#ended && this.#replayable ? [...this.#chunks] : undefined;
  }

  async drain(maxBytes: number): Promise<"ended" | "more"> {
    const end = this.#size + maxBytes;
    this.#readers++;
    this.#replayable = false;
    this.#forget(this.#chunks.length);
    try {
      while (!this.#ended && this.#size < end) {
        await this.#read();
        this.#forget(this.#chunks.length);
      }
    } catch {
      // The client broke off or sends more than it may: there is nothing left to keep in step.
      return "more";
    }
    return this.#ended ? "ended" : "more";
  }

  [Symbol.dispose](): void {
    this.#forget(this.#chunks.length);
    if (!this.#ended && this.#source !== undefined) void this.#source.return?.();
  }

  #read(): Promise<void> {
    this.#reading ??= this.#fetch().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #fetch(): Promise<void> {
    this.#source ??= this.#exchange.body[Symbol.asyncIterator]();
    const next = await this.#source.next();
    if (next.done === true) {
      this.#ended = true;
      return;
    }
    const { byteLength } = next.value;
    this.#size += byteLength;
    if (this.#size > this.#maxBytes) throw bodyTooLarge(this.#maxBytes);
    this.#chunks.push(next.value);
    this.#room.used += byteLength;
    if (this.#size > maxReplayBytes || this.#room.used > this.#room.max) this.#replayable = false;
  }

  #forget(count: number): void {
    for (const chunk of this.#chunks.splice(0, count)) this.#room.used -= chunk.byteLength;
    this.#from += count;
  }
}
