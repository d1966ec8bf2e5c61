import { type Clock, messageOf, type Random, type Timer } from "../../kernel/index.ts";
import type { SpanData } from "../span-data.ts";
import type { ExportAnswer, Exporter, ExportRequest, Send, Writing } from "./exporter.ts";

/** Sends batches to one endpoint, one request at a time, and bears with its absence. */
export interface Delivery {
  /** Takes a span into the batch that is being made. @returns bytes of that batch, as far as they are known */
  add(span: SpanData): number;
  /** The batch is full. Past the limit the oldest waiting batch is given up: newer spans are worth more. */
  release(): void;
  /** Tries what is waiting now; resolves when it is delivered or the endpoint turned out not to answer. */
  flush(): Promise<void>;
  /** Gives up what is left and cancels the request under way. */
  close(): void;
  stats(): DeliveryStats;
}

export interface DeliveryStats {
  readonly url: string;
  readonly sent: number;
  readonly dropped: number;
  readonly waiting: number;
  /** False from the first unanswered request until the next answered one. */
  readonly reachable: boolean;
}

export interface DeliveryOptions {
  readonly exporter: Exporter;
  readonly send: Send;
  readonly clock: Clock;
  readonly random: Random;
  /** Spans that may wait. */
  readonly maxWaiting: number;
  /** Hears once of each change for the worse or the better, never of each request. */
  readonly report: (event: DeliveryEvent) => void;
}

export type DeliveryEvent =
  | { readonly kind: "unreachable"; readonly url: string; readonly reason: string }
  | { readonly kind: "reachable"; readonly url: string }
  | { readonly kind: "refused"; readonly url: string; readonly status: number };

/** OTLP specification §OTLP/HTTP Response: only these may be sent again. */
const again: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const limits = { tries: 5, firstPauseMs: 500, longestPauseMs: 30_000, requestMs: 10_000 } as const;

interface Batch {
  readonly writing: Writing;
  spans: number;
  requests: readonly ExportRequest[] | undefined;
  tries: number;
}

export function deliver(options: DeliveryOptions): Delivery {
  return new Deliverer(options);
}

class Deliverer implements Delivery {
  readonly #options: DeliveryOptions;
  /** The batch that takes spans now. */
  #making: Batch | undefined;
  readonly #queue: Batch[] = [];
  #waiting = 0;
  #sent = 0;
  #dropped = 0;
  #failures = 0;
  #reachable = true;
  #refusedStatus = 0;
  #pause: Timer | undefined;
  #running: Promise<void> | undefined;
  #inFlight: AbortController | undefined;
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  add(span: SpanData): number {
    if (this.#closed) return 0;
    this.#making ??= this.#begin();
    const batch = this.#making;
    batch.spans++;
    return batch.writing.add(span);
  }

  release(): void {
    const batch = this.#making;
    this.#making = undefined;
    if (batch === undefined) return;
    this.#queue.push(batch);
    this.#waiting += batch.spans;
    while (this.#waiting > this.#options.maxWaiting && this.#queue.length > 1) {
      // The first one may be on its way; the next oldest is given up.
      const [given] = this.#queue.splice(this.#running === undefined ? 0 : 1, 1);
      if (given !== undefined) this.#giveUp(given);
    }
    if (this.#pause === undefined) this.#start();
  }

  async flush(): Promise<void> {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#start();
    await this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#inFlight?.abort();
    this.release();
    for (const batch of this.#queue.splice(0)) this.#giveUp(batch);
  }

  stats(): DeliveryStats {
    return {
      url: this.#options.exporter.url,
      sent: this.#sent,
      dropped: this.#dropped,
      waiting: this.#waiting,
      reachable: this.#reachable,
    };
  }

  #start(): void {
    if (this.#running !== undefined || this.#closed || this.#queue.length === 0) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // A batch may have arrived between the last look at the queue and here.
      if (this.#pause === undefined) this.#start();
    });
  }

  /** Works the queue off until it is empty or a pause is due. */
  async #run(): Promise<void> {
    for (let batch = this.#queue[0]; batch !== undefined; batch = this.#queue[0]) {
      const pauseMs = await this.#deliver(batch);
      if (this.#closed) return;
      if (pauseMs !== undefined) {
        this.#pauseFor(pauseMs);
        return;
      }
      this.#queue.shift();
    }
  }

  /** undefined when the batch is settled; else how long to wait before it is tried again. */
  async #deliver(batch: Batch): Promise<number | undefined> {
    batch.requests ??= batch.writing.finish();
    while (batch.requests[0] !== undefined) {
      const answer = await this.#request(batch.requests[0]);
      if (this.#closed) return undefined;
      if (answer === undefined) return this.#pauseMs(this.#failures);
      if (again.has(answer.status) && ++batch.tries < limits.tries)
        return Math.max(this.#pauseMs(batch.tries), retryAfterMs(answer));
      if (answer.status < 200 || answer.status > 299) {
        this.#refused(answer.status);
        this.#giveUp(batch);
        return undefined;
      }
      this.#refusedStatus = 0;
      batch.requests = batch.requests.slice(1);
    }
    batch.writing.arrived?.();
    this.#waiting -= batch.spans;
    this.#sent += batch.spans;
    return undefined;
  }

  async #request(request: ExportRequest): Promise<ExportAnswer | undefined> {
    const { send, clock, exporter, report } = this.#options;
    const controller = new AbortController();
    this.#inFlight = controller;
    const timeout = clock.after(limits.requestMs, () => controller.abort(), { background: true });
    try {
      const answer = await send(request, controller.signal);
      this.#failures = 0;
      if (!this.#reachable) report({ kind: "reachable", url: exporter.url });
      this.#reachable = true;
      return answer;
    } catch (error) {
      this.#failures++;
      if (this.#reachable && !this.#closed)
        report({ kind: "unreachable", url: exporter.url, reason: messageOf(error) });
      this.#reachable = false;
      return undefined;
    } finally {
      timeout.cancel();
      this.#inFlight = undefined;
    }
  }

  #pauseFor(pauseMs: number): void {
    const { clock } = this.#options;
    const wake = (): void => {
      this.#pause = undefined;
      this.#start();
    };
    this.#pause = clock.after(pauseMs, wake, { background: true });
  }

  /** Full jitter over the upper half, so that many processes do not come back together. */
  #pauseMs(failures: number): number {
    const most = Math.min(limits.longestPauseMs, limits.firstPauseMs * 2 ** Math.max(0, failures - 1));
    return most / 2 + this.#options.random.next() * (most / 2);
  }

  #refused(status: number): void {
    if (this.#refusedStatus !== status)
      this.#options.report({ kind: "refused", url: this.#options.exporter.url, status });
    this.#refusedStatus = status;
  }

  #giveUp(batch: Batch): void {
    this.#waiting -= batch.spans;
    this.#dropped += batch.spans;
  }

  #begin(): Batch {
    const { exporter } = this.#options;
    return { writing: exporter.begin?.() ?? keeping(exporter), spans: 0, requests: undefined, tries: 0 };
  }
}

/** For a protocol that wants to see all spans of a batch first. */
function keeping(exporter: Exporter): Writing {
  const spans: SpanData[] = [];
  return {
    add(span) {
      spans.push(span);
      return 0;
    },
    finish: () => exporter.encode(spans),
  };
}

/** RFC 9110 §10.2.3, the form in seconds; a date is not worth parsing here. */
function retryAfterMs(answer: ExportAnswer): number {
  const text = answer.header?.("retry-after");
  const seconds = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return Math.min(seconds * 1000, limits.longestPauseMs);
}
