import { TuskerError } from "../../../kernel/index.ts";
import { readAll } from "../../bytes.ts";
import { dispatch } from "../../dispatch.ts";
import {
  type Answer,
  type ByteStream,
  type HeaderList,
  headerOf,
  type ReadOptions,
  type ServerExchange,
  type ServerHandler,
  type UpgradeOffer,
} from "../../exchange.ts";
import { type BodySource, PushedBody } from "../../pushed-body.ts";
import { ByteQueue } from "../byte-queue.ts";
import { chunked, type ExchangeListener, type Http1Exchange } from "../engine.ts";

/**
 * Gives an exchange of the engine to a handler that speaks promises. What the handler throws becomes a problem
 * document, or a broken connection when the answer has begun.
 */
export function handOver(
  handler: ServerHandler,
  exchange: Http1Exchange,
  onError?: (error: unknown) => void,
): void {
  dispatch(handler, new PromisedExchange(exchange), onError);
}

class PromisedExchange implements ServerExchange, ExchangeListener {
  readonly method: string;
  readonly target: string;
  readonly headers: HeaderList;
  readonly httpVersion: "1.0" | "1.1";
  readonly hasBody: boolean;
  readonly #exchange: Http1Exchange;
  readonly #queue: ByteQueue;
  #trailers: HeaderList = [];
  #answered = false;
  #gone: AbortController | undefined;
  #lost: TuskerError | undefined;
  #over = false;
  /** The whole answer has been handed over. */
  #complete = false;
  #wake: (() => void) | undefined;
  #source: BodySource | undefined;

  constructor(exchange: Http1Exchange) {
    const { head } = exchange;
    this.method = head.method;
    this.target = head.target;
    this.headers = head.fields;
    this.httpVersion = head.minor === 0 ? "1.0" : "1.1";
    this.hasBody = head.length !== 0;
    this.#exchange = exchange;
    // The client's time runs only while somebody waits for its bytes: the socket rests in between.
    this.#queue = new ByteQueue({
      wanted: () => exchange.resume(),
      enough: () => exchange.pause(),
      discarded: () => exchange.discard(),
      room: 0,
      flowing: false,
    });
    if (!this.hasBody) this.#queue.end();
    exchange.attach(this);
  }

  get remoteAddress(): string {
    return this.#exchange.remoteAddress;
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#lost !== undefined) this.#gone.abort(clientGone(this.#lost));
    }
    return this.#gone.signal;
  }

  get body(): ByteStream {
    return this.#queue.read();
  }

  get upgrade(): UpgradeOffer | undefined {
    const protocol = this.#exchange.head.upgrade;
    if (protocol === undefined) return undefined;
    return {
      protocol,
      accept: (headers) => {
        const tunnel = this.#exchange.upgrade(protocol, headers);
        this.#answered = true;
        this.#complete = true;
        return tunnel;
      },
    };
  }

  get answered(): boolean {
    return this.#answered;
  }

  header(name: string): string | undefined {
    return headerOf(this.headers, name);
  }

  bytes(maxBytes: number, options?: ReadOptions): Promise<Uint8Array> {
    return readAll(this.#queue.read(options?.signal), maxBytes, this.header("content-length"));
  }

  trailers(): HeaderList {
    return this.#trailers;
  }

  inform(status: number, headers: HeaderList = []): void {
    if (!this.#answered) this.#exchange.inform(status, headers);
  }

  async respond(answer: Answer): Promise<void> {
    if (this.#answered) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    this.#answered = true;
    if (this.#over) return;
    const { status, headers = [], body, trailers } = answer;
    const whole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
    if (whole && trailers === undefined && !announcesOther(headers, body)) {
      this.#exchange.send(status, headers, body);
      this.#complete = true;
      return;
    }
    this.#exchange.begin(status, headers, trailers === undefined ? lengthOf(headers, body) : chunked);
    if (body instanceof PushedBody) await this.#push(body);
    else if (!whole) await this.#relay(body);
    else if (body !== undefined) this.#exchange.write(typeof body === "string" ? Buffer.from(body) : body);
    if (!this.#over) this.#exchange.end(typeof trailers === "function" ? trailers() : trailers);
  }

  abort(): void {
    this.#answered = true;
    this.#exchange.abort();
  }

  // What the engine tells.

  onBody(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  onBodyEnd(trailers: HeaderList): void {
    this.#trailers = trailers;
    this.#queue.end();
  }

  onBodyFailed(error: TuskerError): void {
    this.#queue.fail(error);
  }

  onDrain(): void {
    this.#source?.onDrain();
    this.#wake?.();
  }

  onEnd(error: TuskerError | undefined): void {
    this.#over = true;
    if (error !== undefined) {
      this.#lost = error;
      this.#queue.fail(bodyCut(error));
      if (!this.#complete) this.#gone?.abort(clientGone(error));
    }
    this.#wake?.();
  }

  /** Lets the body write for itself, until it ends or the client goes. */
  async #push(body: PushedBody): Promise<void> {
    // A HEAD is answered without a look at the body.
    if (this.method === "HEAD") return;
    const exchange = this.#exchange;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = () => {
      if (this.#over) resolve();
    };
    this.#source = body.start({
      write: (bytes) => exchange.share(bytes),
      end() {
        resolve();
      },
      fail(error) {
        exchange.abort();
        reject(error);
      },
    });
    try {
      await promise;
      this.#complete = true;
    } finally {
      this.#wake = undefined;
      this.#source.onEnd();
      this.#source = undefined;
    }
  }

  /** Passes the body on at the client's pace, until it ends or the client goes. */
  async #relay(body: ByteStream): Promise<void> {
    const exchange = this.#exchange;
    const iterator = body[Symbol.asyncIterator]();
    try {
      // A HEAD is answered without a look at the body.
      while (this.method !== "HEAD" && !this.#over) {
        const next = await this.#next(iterator);
        if (next === undefined) return;
        if (next.done === true) break;
        if (!exchange.write(next.value) && !this.#over) await this.#drained();
      }
      this.#complete = true;
    } catch (error) {
      exchange.abort();
      throw error;
    } finally {
      this.#wake = undefined;
      iterator.return?.()?.catch(() => {});
    }
  }

  /** The next piece; undefined when the client went first: a body that never ends must not keep a broken exchange. */
  #next(iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        if (this.#over) resolve(undefined);
      };
      iterator.next().then(resolve, reject);
    });
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** True when the head announces another length than that of the body at hand: a HEAD or 304 told of its GET. */
function announcesOther(headers: HeaderList, body: string | Uint8Array | undefined): boolean {
  return body === undefined && headerOf(headers, "content-length") !== undefined;
}

function lengthOf(headers: HeaderList, body: Answer["body"]): number {
  if (typeof body === "string") return Buffer.byteLength(body);
  if (body instanceof Uint8Array) return body.byteLength;
  const told = headerOf(headers, "content-length");
  if (told !== undefined && /^\d{1,15}$/.test(told)) return Number(told);
  return chunked;
}

function clientGone(cause: TuskerError): TuskerError {
  return new TuskerError("KERNEL_ABORTED", "the client went away", { cause });
}

function bodyCut(cause: TuskerError): TuskerError {
  if (cause.code !== "NET_RESET") return cause;
  return new TuskerError("NET_RESET", "the client went away in the middle of its request body", { cause });
}
