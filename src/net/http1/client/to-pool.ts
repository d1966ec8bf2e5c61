import { aborted, type TuskerError, toTuskerError } from "../../../kernel/index.ts";
import { ownBody, readAll } from "../../bytes.ts";
import {
  type ByteStream,
  type ClientAnswer,
  type ClientRequest,
  type HeaderList,
  headerOf,
  type Pool,
} from "../../exchange.ts";
import { refuseProtocol } from "../../unwritable.ts";
import { ByteQueue } from "../byte-queue.ts";
import {
  type AnswerHead,
  type AnswerListener,
  chunked,
  type Http1Client,
  type OutgoingExchange,
  type OutgoingRequest,
  type Tunnel,
} from "../engine.ts";
import { noHttp } from "./failure.ts";

/** A pool that can also go without breaking anything. */
export interface Http1Pool extends Pool {
  /** Takes no new request; resolves when the last running one, with the body of its answer, is through. */
  close(): Promise<void>;
}

/** The promises of `Pool` over the connections of the engine; both may be used side by side. */
export function poolOf(client: Http1Client): Http1Pool {
  return {
    origin: client.origin,
    request: (request) =>
      new Promise((resolve, reject) => {
        const { signal } = request;
        if (signal?.aborted === true) reject(aborted(signal));
        else new PromisedAnswer(client.origin, request, resolve, reject).send(client);
      }),
    close: () => client.close(),
    async [Symbol.asyncDispose]() {
      client.destroy();
    },
  };
}

/** RFC 9110 §9.2.2, RFC 10008: sent twice, these do what they do once. */
const idempotent = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "QUERY"]);

/** One request and its answer: the head resolves it, the body is pulled by its reader. */
class PromisedAnswer implements AnswerListener {
  readonly #origin: string;
  readonly #request: ClientRequest;
  readonly #resolve: (answer: ClientAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #exchange: OutgoingExchange | undefined;
  #queue: ByteQueue | undefined;
  #trailers: HeaderList = [];
  #over = false;
  #wake: (() => void) | undefined;
  #feeding = false;

  constructor(
    origin: string,
    request: ClientRequest,
    resolve: (answer: ClientAnswer) => void,
    reject: (error: unknown) => void,
  ) {
    this.#origin = origin;
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  send(client: Http1Client): void {
    const { signal } = this.#request;
    try {
      refuseProtocol(this.#origin, this.#request);
      this.#exchange = client.send(outgoing(this.#request), this);
      signal?.addEventListener("abort", this.#onAbort, { once: true });
      if (this.#over) this.#settle();
    } catch (error) {
      this.#reject(error);
    }
  }

  readonly #onAbort = (): void => {
    const { signal } = this.#request;
    this.#giveUp(signal === undefined ? undefined : aborted(signal));
  };

  onSent(exchange: OutgoingExchange): void {
    this.#request.onSent?.();
    const { body } = this.#request;
    if (this.#feeding || body === undefined || typeof body === "string" || body instanceof Uint8Array) return;
    this.#feeding = true;
    void this.#feed(exchange, body);
  }

  onInform(status: number, fields: HeaderList): void {
    this.#request.onInform?.(status, fields);
  }

  onHead(head: AnswerHead): void {
    if (head.status === 101) return;
    const exchange = (): OutgoingExchange | undefined => this.#exchange;
    const queue = new ByteQueue({
      wanted: () => exchange()?.resume(),
      enough: () => exchange()?.pause(),
      discarded: () => this.#discarded(),
      room: 64 * 1024,
      flowing: true,
    });
    this.#queue = queue;
    const answer = answerOf(head, queue, () => this.#trailers);
    // What came with the head may show that it is no answer: that is known when all of it has been read.
    queueMicrotask(() => this.#resolve(answer));
  }

  onBody(bytes: Uint8Array): void {
    this.#queue?.push(bytes);
  }

  onEnd(trailers: HeaderList): void {
    this.#trailers = trailers;
    this.#settle();
    this.#queue?.end();
  }

  onDrain(): void {
    this.#wake?.();
  }

  onTunnel({ socket }: Tunnel): void {
    socket.destroy();
    this.onFailed(
      noHttp(this.#origin, { clause: "unasked101", status: 400, text: "the protocol was changed" }),
    );
  }

  onFailed(error: TuskerError): void {
    this.#settle();
    this.#reject(error);
    this.#queue?.fail(error);
  }

  /** The reader of the answer wants no more of it. */
  #discarded(): void {
    this.#settle();
    this.#exchange?.abort();
  }

  #giveUp(error: TuskerError | undefined): void {
    this.#settle();
    this.#exchange?.abort();
    this.#reject(error);
    this.#queue?.fail(error);
  }

  #settle(): void {
    this.#over = true;
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }

  async #feed(exchange: OutgoingExchange, body: ByteStream): Promise<void> {
    try {
      for await (const chunk of ownBody(body, this.#origin)) {
        if (this.#over) return;
        if (!exchange.write(chunk)) await this.#drained();
        if (this.#over) return;
      }
      exchange.end(this.#request.trailers?.());
    } catch (error) {
      if (!this.#over) this.#exchange ??= exchange;
      if (!this.#over) this.#giveUp(toTuskerError(error));
    }
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    if (!this.#over) await promise;
    this.#wake = undefined;
  }
}

function outgoing(request: ClientRequest): OutgoingRequest {
  const { method, path, headers = [], body, headTimeoutMs = 30_000 } = request;
  const whole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const told = whole ? undefined : headerOf(headers, "content-length");
  return {
    method,
    target: path,
    fields: headers,
    ...(whole ? {} : { length: told !== undefined && /^\d{1,15}$/.test(told) ? Number(told) : chunked }),
    ...(whole && body !== undefined ? { body } : {}),
    headTimeoutMs,
    repeatable: whole && (request.repeatable ?? idempotent.has(method)),
  };
}

function answerOf(head: AnswerHead, queue: ByteQueue, trailers: () => HeaderList): ClientAnswer {
  const { status, fields } = head;
  const body: ByteStream = { [Symbol.asyncIterator]: () => queue.read() };
  const bytes = (maxBytes: number): Promise<Uint8Array> =>
    readAll(body, maxBytes, headerOf(fields, "content-length"));
  return {
    status,
    headers: fields,
    body,
    header: (name) => headerOf(fields, name),
    bytes,
    text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
    trailers,
    discard: () => queue.discard(),
  };
}
