import { Readable } from "node:stream";
import type { Dispatcher, Pool as UndiciPool } from "undici";
import { aborted, systemCode, TuskerError } from "../../kernel/index.ts";
import { ownBody, readAll } from "../bytes.ts";
import {
  type ByteStream,
  type ClientAnswer,
  type ClientRequest,
  type HeaderList,
  headerOf,
} from "../exchange.ts";
import { noHttp } from "../http1/client/failure.ts";
import { clientLimitsFrom } from "../http1/client/limits.ts";
import type { Http1Pool } from "../http1/client/to-pool.ts";
import type { Http1PoolOptions } from "../http1-options.ts";
import type { ClientTls } from "../http2-options.ts";
import { refuseProtocol, unwritable } from "../unwritable.ts";
import { doubtInAnswer, withoutBlanksBehind } from "./strict.ts";

/**
 * Connections to one origin over undici: the `compat` engine. One request in flight per connection.
 *
 * @param origin for example "http://127.0.0.1:8081"
 */
export function compatPool(origin: string, options: Http1PoolOptions = {}): Http1Pool {
  let opening: Promise<UndiciPool> | undefined;
  let closed = false;
  return {
    origin,
    async request(request) {
      if (closed) throw poolClosed(origin);
      opening ??= open(origin, options);
      return send(await opening, origin, request);
    },
    async close() {
      closed = true;
      await (await opening)?.close();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      await (await opening)?.destroy();
    },
  };
}

/** The library is loaded by the first request: a process that calls nobody starts without it, 100 ms earlier. */
async function open(origin: string, options: Http1PoolOptions): Promise<UndiciPool> {
  const { Pool: Library } = await import("undici");
  const limits = clientLimitsFrom(options);
  return new Library(origin, {
    connections: limits.connections,
    pipelining: 1,
    connect: { timeout: limits.connectTimeoutMs, ...tlsFor(options.tls) },
    keepAliveTimeout: limits.idleTimeoutMs,
    keepAliveMaxTimeout: limits.idleTimeoutMs,
    bodyTimeout: limits.bodyTimeoutMs,
    maxHeaderSize: limits.maxHeadBytes,
  });
}

/** How an https origin is checked, in the words of `node:tls`. */
function tlsFor(
  tls: ClientTls | undefined,
): Omit<ClientTls, "serverName"> & { readonly servername?: string } {
  const { serverName, ...others } = tls ?? {};
  return serverName === undefined ? others : { ...others, servername: serverName };
}

function send(undici: UndiciPool, origin: string, request: ClientRequest): Promise<ClientAnswer> {
  const { signal } = request;
  if (signal?.aborted === true) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    refuseProtocol(origin, request);
    const handler = new AnswerHandler(origin, request, resolve, reject);
    undici.dispatch(
      {
        method: request.method,
        path: request.path,
        headers: [...(request.headers ?? [])],
        body: bodyFor(request.body, origin),
        headersTimeout: request.headTimeoutMs ?? 30_000,
        // The peer's idempotence is the caller's business; undici must never repeat a request by itself.
        idempotent: false,
      },
      handler,
    );
  });
}

function bodyFor(
  body: ClientRequest["body"],
  origin: string,
): NonNullable<Dispatcher.DispatchOptions["body"]> | null {
  if (body === undefined || typeof body === "string" || body instanceof Uint8Array) return body ?? null;
  return Readable.from(ownBody(body, origin), { objectMode: false });
}

/** One answer: the head resolves the request, the body is pulled by its reader. */
class AnswerHandler implements Dispatcher.DispatchHandler {
  readonly #origin: string;
  readonly #request: ClientRequest;
  readonly #resolve: (answer: ClientAnswer) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #body: BodyQueue | undefined;
  #sent = false;
  #trailers: HeaderList = [];
  readonly #onAbort: () => void;

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
    this.#onAbort = () => {
      const error = request.signal === undefined ? undefined : aborted(request.signal);
      // Before undici gave us a controller the request is still queued: nothing to abort but our promise.
      if (this.#controller === undefined) reject(error);
      else this.#controller.abort(error ?? new Error("aborted"));
    };
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#request.signal?.aborted === true) {
      this.#onAbort();
      return;
    }
    this.#sent = true;
    this.#request.onSent?.();
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _headers: unknown,
    reason = "",
  ): void {
    const raw = pairsOf(controller.rawHeaders);
    if (status < 200) {
      this.#request.onInform?.(status, raw.map(withoutBlanksBehind));
      return;
    }
    const doubt = doubtInAnswer(raw, reason);
    if (doubt !== undefined) {
      controller.abort(noHttp(this.#origin, doubt));
      return;
    }
    const headers = raw.map(withoutBlanksBehind);
    const body = new BodyQueue(controller, () => this.#settle());
    this.#body = body;
    this.#resolve(answerOf(status, headers, body, () => this.#trailers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#body?.push(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, _trailers: unknown): void {
    this.#trailers = pairsOf(controller.rawTrailers);
    this.#settle();
    this.#body?.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, cause: Error): void {
    this.#settle();
    const error = toNetError(cause, this.#origin, this.#sent);
    if (this.#body === undefined) this.#reject(error);
    else this.#body.fail(error);
  }

  #settle(): void {
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}

/** Chunks between socket and reader: the socket pauses while the reader is behind. */
class BodyQueue implements ByteStream {
  readonly #controller: Dispatcher.DispatchController;
  readonly #onDone: () => void;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #done = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(controller: Dispatcher.DispatchController, onDone: () => void) {
    this.#controller = controller;
    this.#onDone = onDone;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    // undici reuses its parse buffer: what outlives this call must be a copy.
    this.#chunks.push(Uint8Array.prototype.slice.call(chunk));
    this.#size += chunk.byteLength;
    if (this.#size >= 64 * 1024) this.#controller.pause();
    this.#wake?.();
  }

  end(): void {
    this.#done = true;
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#error = error;
    this.#done = true;
    this.#wake?.();
  }

  discard(): void {
    if (this.#done) return;
    this.#done = true;
    this.#onDone();
    this.#controller.abort(new Error("discarded"));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          this.#size -= chunk.byteLength;
          if (this.#controller.paused && this.#size < 32 * 1024) this.#controller.resume();
          yield chunk;
          continue;
        }
        if (this.#error !== undefined) throw this.#error;
        if (this.#done) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        this.#wake = undefined;
      }
    } finally {
      this.discard();
    }
  }
}

function answerOf(
  status: number,
  headers: HeaderList,
  body: BodyQueue,
  trailers: () => HeaderList,
): ClientAnswer {
  const bytes = (maxBytes: number): Promise<Uint8Array> =>
    readAll(body, maxBytes, headerOf(headers, "content-length"));
  return {
    status,
    headers,
    body,
    header: (name) => headerOf(headers, name),
    bytes,
    text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
    trailers,
    discard: () => body.discard(),
  };
}

function pairsOf(raw: unknown): HeaderList {
  if (!Array.isArray(raw)) return [];
  return raw.map((part) =>
    part instanceof Uint8Array
      ? Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString("latin1")
      : String(part),
  );
}

function poolClosed(origin: string, cause?: Error): TuskerError {
  const details = { origin, sent: false };
  return new TuskerError("NET_CONNECT", `the connections to ${origin} were closed`, { cause, details });
}

/** Says what happened in our words; `sent` decides whether the peer may have acted. */
function toNetError(cause: Error, origin: string, sent: boolean): TuskerError {
  if (cause instanceof TuskerError) return cause;
  const code = systemCode(cause) ?? cause.name;
  const details = { origin, sent, reason: code };
  // Ours, not the peer's: nobody else could send this request either.
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") return unwritable(origin, cause);
  if (code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT") {
    return new TuskerError("NET_TIMEOUT", `${origin} did not answer in time`, { cause, details });
  }
  if (
    code.startsWith("HPE_") ||
    code === "HTTPParserError" ||
    code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" ||
    code === "UND_ERR_HEADERS_OVERFLOW"
  ) {
    return new TuskerError("NET_MALFORMED", `${origin} sent something that is not HTTP (${code})`, {
      cause,
      details,
    });
  }
  if (code === "UND_ERR_DESTROYED" || code === "UND_ERR_CLOSED") {
    return poolClosed(origin, cause);
  }
  // Refused, unknown, too slow, of the wrong certificate: whatever it was, nobody has heard of the request.
  if (!sent)
    return new TuskerError("NET_CONNECT", `cannot connect to ${origin} (${code})`, { cause, details });
  return new TuskerError(
    "NET_RESET",
    `${origin} closed the connection before its answer was complete (${code})`,
    { cause, details },
  );
}
