import { TuskerError } from "../../../kernel/index.ts";
import { type Pace, paced, readAll } from "../../bytes.ts";
import {
  type Answer,
  type ByteStream,
  type HeaderList,
  headerOf,
  type ReadOptions,
  type ServerExchange,
} from "../../exchange.ts";
import {
  answerFields,
  expectsContinue,
  firstUnwritable,
  fromWire,
  isStream,
  targetOf,
  toWire,
} from "../../http2-headers.ts";
import { BodyQueue } from "../body-queue.ts";
import { noFields } from "../stream.ts";
import type { MessageStream, PeerFacts, StreamFailure, StreamListener } from "../streams.ts";
import { errorCode } from "../words.ts";

/** One request on a stream, as every handler sees it. */
export class StreamExchange implements ServerExchange, StreamListener {
  readonly #stream: MessageStream;
  readonly #fields: HeaderList;
  readonly #peer: PeerFacts;
  readonly #pace: Pace;
  readonly #body: BodyQueue;
  readonly #over: PromiseWithResolvers<void> = Promise.withResolvers();
  #headers: HeaderList | undefined;
  #gone: AbortController | undefined;
  #failure: TuskerError | undefined;
  #answered = false;
  #ended = false;
  #invited = false;

  constructor(stream: MessageStream, fields: HeaderList, peer: PeerFacts, pace: Pace) {
    this.#stream = stream;
    this.#fields = fields;
    this.#peer = peer;
    this.#pace = pace;
    this.#body = new BodyQueue(
      () => stream,
      () => {},
    );
  }

  get method(): string {
    return headerOf(this.#fields, ":method") ?? "GET";
  }

  get target(): string {
    return targetOf(this.#fields);
  }

  get protocol(): string | undefined {
    return headerOf(this.#fields, ":protocol");
  }

  get headers(): HeaderList {
    this.#headers ??= fromWire(this.#fields);
    return this.#headers;
  }

  get httpVersion(): "2" {
    return "2";
  }

  get remoteAddress(): string {
    return this.#peer.remoteAddress;
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#failure !== undefined) this.#gone.abort(clientGone());
    }
    return this.#gone.signal;
  }

  get hasBody(): boolean {
    return !this.#ended || !this.#body.whole;
  }

  get body(): ByteStream {
    this.#invite();
    return paced(this.#body, this.#pace);
  }

  get answered(): boolean {
    return this.#answered;
  }

  header(name: string): string | undefined {
    return headerOf(this.headers, name);
  }

  bytes(maxBytes: number, options?: ReadOptions): Promise<Uint8Array> {
    this.#invite();
    const body = paced(this.#body, { ...this.#pace, signal: options?.signal });
    return readAll(body, maxBytes, this.header("content-length"));
  }

  inform(status: number, headers: HeaderList = noFields): void {
    if (this.#answered) return;
    this.#stream.head(noFields, toWire([":status", String(status)], headers), "more");
  }

  async respond(answer: Answer): Promise<void> {
    if (this.#answered) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    this.#answered = true;
    try {
      await this.#send(answer);
    } finally {
      // What nobody read of the request is given back to the connection.
      this.#body.discard();
    }
  }

  async #send(answer: Answer): Promise<void> {
    const { body, trailers } = answer;
    const { fields, ends } = answerFields(this.method, answer);
    const bad = firstUnwritable(fields);
    if (bad !== undefined) {
      this.abort();
      throw new TuskerError("KERNEL_INTERNAL", `the answer's field ${bad} holds what HTTP cannot carry`);
    }
    if (ends) this.#stream.head(noFields, fields, "end");
    else if (isStream(body)) {
      this.#stream.head(noFields, fields, "more");
      await this.#pipe(body, trailers);
    } else {
      const bytes = typeof body === "string" ? Buffer.from(body) : body;
      this.#stream.message({ fixed: noFields, varying: fields }, bytes, tailOf(trailers));
    }
  }

  abort(): void {
    this.#answered = true;
    this.#stream.reset(errorCode.INTERNAL_ERROR);
    this.#lost(new TuskerError("NET_RESET", "the answer was broken off"));
  }

  onHead(): void {
    // A server gets no second head.
  }

  onData(bytes: Buffer): void {
    this.#body.push(bytes);
  }

  onEnd(): void {
    this.#ended = true;
    this.#body.end();
  }

  onFailed({ message }: StreamFailure): void {
    this.#lost(
      new TuskerError("NET_RESET", `the client went away in the middle of its request body: ${message}`),
    );
    this.#gone?.abort(clientGone());
  }

  onDrained(): void {
    this.#drained?.();
  }

  #drained: (() => void) | undefined;

  /** Somebody reads: a client that waits for that is told to send its body (RFC 9110 §10.1.1). */
  #invite(): void {
    if (this.#invited) return;
    this.#invited = true;
    if (!this.#ended && expectsContinue(this.#fields)) this.inform(100);
  }

  #lost(failure: TuskerError): void {
    this.#failure = failure;
    this.#body.fail(failure);
    this.#over.resolve();
    this.#drained?.();
  }

  async #pipe(body: ByteStream, trailers: Answer["trailers"]): Promise<void> {
    const iterator = body[Symbol.asyncIterator]();
    const gone = this.#over.promise.then(() => ({ done: true as const, value: undefined }));
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), gone]);
        if (next.done === true || this.#failure !== undefined) break;
        if (!this.#stream.data(next.value)) await this.#roomOrGone();
      }
    } catch (error) {
      this.abort();
      throw error;
    } finally {
      void iterator.return?.();
    }
    const tail = tailOf(trailers);
    this.#stream.end(tail?.fixed ?? noFields, tail?.varying ?? noFields);
  }

  #roomOrGone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#failure !== undefined) return resolve();
      this.#drained = () => {
        this.#drained = undefined;
        resolve();
      };
    });
  }
}

function tailOf(trailers: Answer["trailers"]): { fixed: HeaderList; varying: HeaderList } | undefined {
  if (trailers === undefined) return undefined;
  return { fixed: noFields, varying: toWire([], typeof trailers === "function" ? trailers() : trailers) };
}

function clientGone(): TuskerError {
  return new TuskerError("KERNEL_ABORTED", "the client went away");
}
