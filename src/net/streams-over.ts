import { TuskerError, toTuskerError } from "../kernel/index.ts";
import type {
  ByteStream,
  ClientAnswer,
  HeaderList,
  Pool,
  ServerExchange,
  ServerHandler,
} from "./exchange.ts";
import type {
  MessageStream,
  StreamChannel,
  StreamFailure,
  StreamHandler,
  StreamListener,
  StreamUser,
  Tail,
} from "./http2/streams.ts";
import { errorCode } from "./http2/words.ts";

// Streams over any server and pool: how users of streams run on node:http2, and on HTTP/1.1 where that is enough.

/** A handler of streams as one of exchanges. */
export function streamsOf(handler: StreamHandler): ServerHandler {
  return async (exchange) => {
    const stream = new ExchangeStream(exchange);
    const pseudo = [":method", exchange.method, ":scheme", "http", ":path", exchange.target];
    const messages = { received: 0, sent: 0 };
    const peer = { remoteAddress: exchange.remoteAddress, secure: false, messages };
    const listener = handler(stream, [...pseudo, ...lowerCase(exchange.headers)], peer);
    stream.listener = listener;
    exchange.signal.addEventListener("abort", () => stream.lost("the client went away"), { once: true });
    void read(exchange, stream, listener);
    await stream.over;
  };
}

/** A pool as a channel: a stream is a request whose body is pushed. */
export function channelOf(pool: Pool): StreamChannel {
  return {
    origin: pool.origin,
    open: (user) => user.onStream(new RequestStream(pool, user)),
    // The pool has its own line; whoever gives up resets the stream.
    cancel: () => false,
    suspect: () => {},
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

async function read(
  exchange: ServerExchange,
  stream: ExchangeStream,
  listener: StreamListener,
): Promise<void> {
  try {
    for await (const chunk of exchange.body) {
      await stream.taken(chunk.byteLength);
      if (stream.ended) return;
      listener.onData(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    listener.onEnd([]);
  } catch (error) {
    stream.lost(failureOf(error).message);
  }
}

/** How much may wait for its reader before no more is read. */
const window = 256 * 1_024;

/** Bytes that are pushed on one side and pulled on the other. */
class PushedBody {
  readonly #chunks: Uint8Array[] = [];
  #wake: () => void = () => {};
  #ended = false;
  #waiting = 0;
  drained: () => void = () => {};

  /** False: wait for `drained`. */
  push(bytes: Uint8Array): boolean {
    this.#chunks.push(bytes);
    this.#waiting += bytes.byteLength;
    this.#wake();
    return this.#waiting < window;
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        const full = this.#waiting >= window;
        this.#waiting -= chunk.byteLength;
        // Later: whoever was told to wait may not wait yet.
        if (full && this.#waiting < window) setImmediate(this.drained);
        yield chunk;
      } else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/** The part both directions share: what the reader took, and the pushed body. */
abstract class PushedStream implements MessageStream {
  protected readonly body: PushedBody = new PushedBody();
  protected trailers: HeaderList = [];
  #held = 0;
  #room: () => void = () => {};

  abstract message(head: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void;
  abstract head(fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void;
  abstract reset(code: number): void;

  data(bytes: Uint8Array): boolean {
    return this.body.push(bytes);
  }

  end(fixed: HeaderList, varying: HeaderList): void {
    this.trailers = [...fixed, ...varying];
    this.body.end();
  }

  consumed(bytes: number): void {
    this.#held -= bytes;
    if (this.#held < window) this.#room();
  }

  /** Bytes arrived; waits until the reader has taken enough of those before. */
  async taken(bytes: number): Promise<void> {
    while (this.#held >= window)
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    this.#held += bytes;
  }
}

class ExchangeStream extends PushedStream {
  readonly #exchange: ServerExchange;
  readonly #over = Promise.withResolvers<void>();
  listener: StreamListener | undefined;
  ended = false;

  constructor(exchange: ServerExchange) {
    super();
    this.#exchange = exchange;
    this.body.drained = () => this.listener?.onDrained();
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  message({ fixed, varying }: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void {
    const trailers = tail === undefined ? {} : { trailers: [...tail.fixed, ...tail.varying] };
    this.#respond([...fixed, ...varying], { ...(body === undefined ? {} : { body }), ...trailers });
  }

  head(fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void {
    const more = { body: this.body.read(), trailers: () => this.trailers };
    this.#respond([...fixed, ...varying], end === "end" ? {} : more);
  }

  /** The client hears nothing more. */
  lost(message: string): void {
    if (this.ended) return;
    this.reset(errorCode.CANCEL);
    this.listener?.onFailed({ code: errorCode.CANCEL, by: "connection", unprocessed: false, message });
  }

  reset(_code: number): void {
    this.ended = true;
    this.#exchange.abort();
    this.#over.resolve();
  }

  #respond(
    fields: HeaderList,
    more: { body?: Uint8Array | ByteStream; trailers?: HeaderList | (() => HeaderList) },
  ) {
    const status = Number(fields[1] ?? 500);
    this.#exchange.respond({ status, headers: fields.slice(2), ...more }).then(
      () => {
        this.ended = true;
        this.#over.resolve();
      },
      (error: unknown) => this.#over.reject(error),
    );
  }
}

class RequestStream extends PushedStream {
  readonly #pool: Pool;
  readonly #user: StreamUser;
  readonly #stop = new AbortController();
  #answer: ClientAnswer | undefined;

  constructor(pool: Pool, user: StreamUser) {
    super();
    this.#pool = pool;
    this.#user = user;
    this.body.drained = () => user.onDrained();
  }

  message({ fixed, varying }: Tail, body: Uint8Array | undefined): void {
    void this.#send([...fixed, ...varying], body);
  }

  head(fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void {
    void this.#send([...fixed, ...varying], end === "end" ? undefined : this.body.read());
  }

  reset(): void {
    this.#stop.abort();
    this.#answer?.discard();
    this.body.end();
  }

  async #send(fields: HeaderList, body: Uint8Array | ByteStream | undefined): Promise<void> {
    const pseudo = new Map<string, string>();
    for (let i = 0; i + 1 < fields.length && fields[i]?.startsWith(":"); i += 2)
      pseudo.set(fields[i] ?? "", fields[i + 1] ?? "");
    const host = pseudo.get(":authority");
    const headers = [...(host === undefined ? [] : ["host", host]), ...fields.slice(pseudo.size * 2)];
    try {
      const answer = await this.#pool.request({
        method: pseudo.get(":method") ?? "POST",
        path: pseudo.get(":path") ?? "/",
        headers,
        signal: this.#stop.signal,
        headTimeoutMs: Number.POSITIVE_INFINITY,
        ...(body === undefined ? {} : { body }),
      });
      await this.#hear(answer);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#user.onFailed(failureOf(error));
    }
  }

  async #hear(answer: ClientAnswer): Promise<void> {
    this.#answer = answer;
    this.#user.onHead(answer.status, [":status", String(answer.status), ...lowerCase(answer.headers)], false);
    for await (const chunk of answer.body) {
      if (this.#stop.signal.aborted) return;
      await this.taken(chunk.byteLength);
      this.#user.onData(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    if (!this.#stop.signal.aborted) this.#user.onEnd(lowerCase(answer.trailers()));
  }
}

function failureOf(thrown: unknown): StreamFailure {
  const error = toTuskerError(thrown);
  const unprocessed = error instanceof TuskerError && error.details.sent === false;
  return { code: errorCode.CANCEL, by: "connection", unprocessed, message: error.message };
}

function lowerCase(headers: HeaderList): string[] {
  return headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
