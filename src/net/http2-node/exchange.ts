import { constants, type ServerHttp2Stream } from "node:http2";
import { TuskerError } from "../../kernel/index.ts";
import { type Pace, paced, readAll } from "../bytes.ts";
import {
  type Answer,
  type ByteStream,
  type HeaderList,
  headerOf,
  type ReadOptions,
  type ServerExchange,
} from "../exchange.ts";
import { answerFields, expectsContinue, fromWire, isStream, targetOf, toTrailers } from "../http2-headers.ts";
import { plainAddress } from "../sockets.ts";

/** One request on an HTTP/2 stream of `node:http2`. */
export class Http2Exchange implements ServerExchange {
  readonly #stream: ServerHttp2Stream;
  readonly #raw: readonly string[];
  readonly #pace: Pace;
  #headers: HeaderList | undefined;
  #gone: AbortController | undefined;
  #answered = false;
  #reading = false;

  constructor(stream: ServerHttp2Stream, raw: readonly string[], pace: Pace) {
    this.#stream = stream;
    this.#raw = raw;
    this.#pace = pace;
  }

  get method(): string {
    return headerOf(this.#raw, ":method") ?? "GET";
  }

  get target(): string {
    return targetOf(this.#raw);
  }

  get headers(): HeaderList {
    this.#headers ??= fromWire(this.#raw);
    return this.#headers;
  }

  get httpVersion(): "2" {
    return "2";
  }

  get remoteAddress(): string {
    return plainAddress(this.#stream.session?.socket?.remoteAddress);
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      const gone = new AbortController();
      this.#gone = gone;
      const stream = this.#stream;
      const onAborted = (): void => gone.abort(new TuskerError("KERNEL_ABORTED", "the client went away"));
      if (stream.aborted) onAborted();
      else stream.once("aborted", onAborted);
    }
    return this.#gone.signal;
  }

  get hasBody(): boolean {
    return !this.#stream.endAfterHeaders;
  }

  get body(): ByteStream {
    this.#invite();
    return bodyOf(this.#stream, this.#pace);
  }

  get answered(): boolean {
    return this.#answered;
  }

  header(name: string): string | undefined {
    return headerOf(this.headers, name);
  }

  bytes(maxBytes: number, options?: ReadOptions): Promise<Uint8Array> {
    this.#invite();
    const body = bodyOf(this.#stream, { ...this.#pace, signal: options?.signal });
    return readAll(body, maxBytes, this.header("content-length"));
  }

  inform(status: number, headers: HeaderList = []): void {
    const stream = this.#stream;
    if (this.#answered || stream.destroyed || stream.headersSent) return;
    stream.additionalHeaders({ ":status": status, ...toTrailers(headers) });
  }

  async respond(answer: Answer): Promise<void> {
    if (this.#answered) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    this.#answered = true;
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const { body, trailers } = answer;
    const { fields, ends: endStream } = answerFields(this.method, answer);
    const closed = new Promise<void>((resolve) => stream.once("close", resolve));
    if (trailers !== undefined && !endStream) {
      stream.once("wantTrailers", () => {
        stream.sendTrailers(toTrailers(typeof trailers === "function" ? trailers() : trailers));
        this.#endRequest();
      });
    } else {
      stream.once("finish", () => this.#endRequest());
    }
    stream.respond(fields, { endStream, waitForTrailers: trailers !== undefined && !endStream });
    if (!endStream) {
      if (isStream(body)) await this.#pipe(body, closed);
      else stream.end(body ?? "");
    }
    await closed;
  }

  abort(): void {
    this.#answered = true;
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  /**
   * RFC 9113 §8.1: a complete answer may come before the end of the request; NO_ERROR then tells the client to stop
   * sending. A body nobody began to read is reset by node itself.
   */
  #endRequest(): void {
    const stream = this.#stream;
    if (!this.#reading || stream.readableEnded) return;
    setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  }

  /** Somebody reads: a client that waits for that is told to send its body (RFC 9110 §10.1.1). */
  #invite(): void {
    if (!this.#reading && this.hasBody && expectsContinue(this.#raw)) this.inform(100);
    this.#reading = true;
  }

  async #pipe(body: ByteStream, closed: Promise<void>): Promise<void> {
    const stream = this.#stream;
    const iterator = body[Symbol.asyncIterator]();
    const gone = closed.then(() => ({ done: true as const, value: undefined }));
    try {
      for (;;) {
        const next = await Promise.race([iterator.next(), gone]);
        if (next.done === true || stream.destroyed) break;
        if (!stream.write(next.value)) await Promise.race([drained(stream), gone]);
      }
    } catch (error) {
      this.abort();
      throw error;
    } finally {
      void iterator.return?.();
    }
    stream.end();
  }
}

function drained(stream: ServerHttp2Stream): Promise<void> {
  return new Promise((resolve) => stream.once("drain", resolve));
}

async function* bodyOf(stream: ServerHttp2Stream, pace: Pace): AsyncGenerator<Uint8Array> {
  try {
    yield* paced(stream.iterator({ destroyOnReturn: false }), pace);
  } catch (cause) {
    if (cause instanceof TuskerError) throw cause;
    throw new TuskerError("NET_RESET", "the client went away in the middle of its request body", { cause });
  }
  if (stream.aborted)
    throw new TuskerError("NET_RESET", "the client went away in the middle of its request body");
}
