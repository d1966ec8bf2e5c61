import {
  type BodySink,
  type BodySource,
  kept,
  type OutgoingExchange,
  PushedBody,
  SharedBytes,
} from "../../net/index.ts";

/**
 * The body of an answer that took no notice of the protocol it was asked to change to. A client offers one beside a
 * download of any size (RFC 9110 §7.8): it is passed on at the pace of who reads, and never held whole.
 */
export class DeclinedBody implements BodySource {
  readonly body: PushedBody = new PushedBody((sink) => this.#start(sink));
  readonly #exchange: OutgoingExchange | undefined;
  #sink: BodySink | undefined;
  /** What came before anybody read: never more than one read of the socket. */
  #early: SharedBytes[] = [];
  #end: { readonly error?: unknown } | undefined;

  constructor(exchange: OutgoingExchange | undefined) {
    this.#exchange = exchange;
    exchange?.pause();
  }

  push(bytes: Uint8Array): void {
    const piece = new SharedBytes(kept(bytes));
    if (this.#sink === undefined) this.#early.push(piece);
    else if (!this.#sink.write(piece)) this.#exchange?.pause();
  }

  end(): void {
    this.#end = {};
    this.#sink?.end();
  }

  fail(error: unknown): void {
    this.#end = { error };
    this.#sink?.fail(error);
  }

  onDrain(): void {
    this.#exchange?.resume();
  }

  onEnd(): void {
    // Whoever passes it on closes its connection.
  }

  #start(sink: BodySink): BodySource {
    this.#sink = sink;
    let ready = true;
    for (const piece of this.#early) ready = sink.write(piece);
    this.#early = [];
    if (this.#end === undefined && ready) this.#exchange?.resume();
    // Whoever started this has nothing to be told yet.
    else if (this.#end !== undefined) queueMicrotask(() => this.#finish(sink));
    return this;
  }

  #finish(sink: BodySink): void {
    if (this.#end !== undefined && "error" in this.#end) sink.fail(this.#end.error);
    else sink.end();
  }
}
