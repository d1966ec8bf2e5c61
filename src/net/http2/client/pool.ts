import {
  aborted,
  type Clock,
  systemClock,
  type Timer,
  TuskerError,
  toTuskerError,
} from "../../../kernel/index.ts";
import { ownBody, readAll } from "../../bytes.ts";
import {
  type ByteStream,
  type ClientAnswer,
  type ClientRequest,
  type HeaderList,
  headerOf,
  type Pool,
} from "../../exchange.ts";
import { fromWire, isStream, requestFields } from "../../http2-headers.ts";
import type { Http2PoolOptions } from "../../http2-options.ts";
import { BodyQueue } from "../body-queue.ts";
import { noFields } from "../stream.ts";
import type { MessageStream, StreamFailure, StreamUser } from "../streams.ts";
import { errorCode, errorName } from "../words.ts";
import { Channel } from "./channel.ts";

/**
 * Requests over one multiplexed connection of the engine.
 *
 * A stream the peer provably did not process (REFUSED_STREAM, or above the last id of a GOAWAY, RFC 9113 §8.7) is sent
 * once more when its body is whole; refused again it fails with NET_RESET and `details.sent` false.
 */
export function enginePool(origin: string, options: Http2PoolOptions = {}): Pool {
  const channel = new Channel(origin, options);
  const clock = options.clock ?? systemClock;
  return {
    origin,
    async request(request) {
      const { signal } = request;
      if (signal?.aborted === true) throw aborted(signal);
      const fields = requestFields(origin, request);
      const again = !isStream(request.body);
      try {
        return await new Exchange(channel, request, fields, clock).answer;
      } catch (error) {
        if (!(error instanceof Unprocessed)) throw error;
        if (!again) throw error.failure;
      }
      try {
        return await new Exchange(channel, request, fields, clock).answer;
      } catch (error) {
        throw error instanceof Unprocessed ? error.failure : error;
      }
    },
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

/** Told apart from other failures so that the request can be sent again. */
class Unprocessed extends Error {
  readonly failure: TuskerError;
  constructor(failure: TuskerError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** One request on one stream. */
class Exchange implements StreamUser {
  readonly extendedConnect: boolean;
  readonly #channel: Channel;
  readonly #request: ClientRequest;
  readonly #fields: HeaderList;
  readonly #head = Promise.withResolvers<ClientAnswer>();
  readonly #limit: Timer;
  readonly #body: BodyQueue;
  #stream: MessageStream | undefined;
  #trailers: HeaderList = noFields;
  #failure: TuskerError | undefined;
  #over = false;
  #drained: (() => void) | undefined;
  readonly #onAbort = (): void => {
    const { signal } = this.#request;
    if (signal !== undefined) this.#giveUp(() => aborted(signal));
  };

  constructor(channel: Channel, request: ClientRequest, fields: HeaderList, clock: Clock) {
    this.#channel = channel;
    this.#request = request;
    this.extendedConnect = request.protocol !== undefined;
    this.#fields = fields;
    this.#body = new BodyQueue(
      () => this.#stream,
      (whole) => {
        if (!whole) this.#stream?.reset(errorCode.CANCEL);
        this.#settle();
      },
    );
    const headMs = request.headTimeoutMs ?? 30_000;
    this.#limit = clock.after(headMs, () =>
      this.#giveUp((sent) =>
        this.#error("NET_TIMEOUT", `${channel.origin} did not answer within ${headMs} ms`, sent),
      ),
    );
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    channel.open(this);
  }

  get answer(): Promise<ClientAnswer> {
    return this.#head.promise;
  }

  onStream(stream: MessageStream): void {
    this.#stream = stream;
    const { body, onSent } = this.#request;
    const head = { fixed: noFields, varying: this.#fields };
    if (isStream(body)) {
      stream.head(noFields, this.#fields, "more");
      void this.#feed(stream, body);
    } else stream.message(head, typeof body === "string" ? Buffer.from(body) : body, undefined);
    onSent?.();
  }

  onNoStream(error: TuskerError): void {
    this.#fail(error);
  }

  onHead(status: number, fields: HeaderList): void {
    if (status < 200) {
      this.#request.onInform?.(status, fromWire(fields));
      return;
    }
    this.#limit.cancel();
    const headers = fromWire(fields);
    const bytes = (maxBytes: number): Promise<Uint8Array> =>
      readAll(this.#body, maxBytes, headerOf(headers, "content-length"));
    this.#head.resolve({
      status,
      headers,
      body: this.#body,
      header: (name) => headerOf(headers, name),
      bytes,
      text: async (maxBytes) => new TextDecoder().decode(await bytes(maxBytes)),
      trailers: () => this.#trailers,
      discard: () => this.#body.discard(),
    });
  }

  onData(bytes: Buffer): void {
    this.#body.push(bytes);
  }

  onEnd(trailers: HeaderList): void {
    this.#trailers = trailers;
    this.#over = true;
    this.#body.end();
    this.#drained?.();
    this.#settle();
  }

  onFailed({ code, by, unprocessed, message }: StreamFailure): void {
    this.#over = true;
    const { origin } = this.#channel;
    const refused = unprocessed ? "refused the request" : "closed the stream before its answer was complete";
    const what = by === "us" ? `sent what HTTP/2 does not allow: ${message}` : `${refused} (${message})`;
    const failure = this.#error("NET_RESET", `${origin} ${what}, ${errorName(code)}`, !unprocessed);
    if (unprocessed) this.#head.reject(new Unprocessed(failure));
    this.#fail(failure);
  }

  onDrained(): void {
    this.#drained?.();
  }

  #giveUp(why: (sent: boolean) => TuskerError): void {
    if (this.#over) return;
    const waiting = this.#channel.cancel(this);
    this.#fail(why(!waiting));
    this.#stream?.reset(errorCode.CANCEL);
    if (!waiting) this.#channel.suspect();
  }

  #fail(error: TuskerError): void {
    this.#over = true;
    this.#failure ??= error;
    this.#settle();
    this.#drained?.();
    this.#body.fail(this.#failure);
    this.#head.reject(this.#failure);
  }

  #settle(): void {
    this.#limit.cancel();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }

  async #feed(stream: MessageStream, body: ByteStream): Promise<void> {
    try {
      for await (const chunk of ownBody(body, this.#channel.origin)) {
        // The answer is there: what is left of the request nobody needs.
        if (this.#over) {
          stream.reset(errorCode.CANCEL);
          return;
        }
        if (!stream.data(chunk)) await this.#roomOrOver();
      }
      stream.end(noFields, noFields);
    } catch (error) {
      // Our own body broke: the peer must not take what it has for the whole (RFC 9113 §8.1.1).
      this.#fail(toTuskerError(error));
      stream.reset(errorCode.INTERNAL_ERROR);
    }
  }

  #roomOrOver(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over) {
        resolve();
        return;
      }
      this.#drained = () => {
        this.#drained = undefined;
        resolve();
      };
    });
  }

  #error(code: "NET_RESET" | "NET_TIMEOUT", message: string, sent: boolean): TuskerError {
    return new TuskerError(code, message, { details: { origin: this.#channel.origin, sent } });
  }
}
