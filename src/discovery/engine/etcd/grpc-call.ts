import { aborted, type Clock, type Timer, TuskerError } from "../../../kernel/index.ts";
import {
  type HeaderList,
  headerOf,
  type MessageStream,
  type StreamChannel,
  type StreamFailure,
  type StreamUser,
} from "../../../net/index.ts";
import { malformed } from "../../json.ts";

/** RFC 9113 §7: what a caller says who wants no answer any more. */
const cancel = 8;
/** A flag byte and a length of four bytes stand before every message. */
const prefixBytes = 5;
/** A list of many large values still fits. */
const maxMessageBytes = 64 * 1024 * 1024;
/** How long the callee may take to say the first word; of a call with one answer, each further one too. */
const answerWithinMs = 10_000;

/** How a call ended that was not fine (https://grpc.io/docs/guides/status-codes/). */
export class GrpcFailure extends Error {
  override readonly name = "GrpcFailure";
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

export interface GrpcCallOptions {
  readonly path: string;
  readonly metadata: HeaderList;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * One call of gRPC over HTTP/2 (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md): messages both ways, a
 * status at the end. What is not taken is not asked for: the callee waits with the rest. Disposing gives it up.
 */
export class GrpcCall implements StreamUser, Disposable {
  readonly #channel: StreamChannel;
  readonly #options: GrpcCallOptions;
  readonly #inbox: Uint8Array[] = [];
  #stream: MessageStream | undefined;
  /** Messages that were sent before there was a stream. */
  #early: Uint8Array[] = [];
  #finished = false;
  readonly #prefix: Buffer = Buffer.alloc(prefixBytes);
  #body: Buffer | undefined;
  /** Bytes of the prefix or of the body that are there. */
  #have = 0;
  /** Bytes that came and were not given back yet. */
  #owed = 0;
  #headFields: HeaderList = [];
  #httpStatus = 0;
  #end: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;
  #timer: Timer;

  constructor(channel: StreamChannel, options: GrpcCallOptions) {
    this.#channel = channel;
    this.#options = options;
    this.#timer = this.#limit();
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (options.signal?.aborted === true) this.#onAbort();
    else channel.open(this);
  }

  /** Sends a message. */
  send(message: Uint8Array): void {
    const framed = Buffer.allocUnsafe(prefixBytes + message.byteLength);
    framed.writeUInt8(0, 0);
    framed.writeUInt32BE(message.byteLength, 1);
    framed.set(message, prefixBytes);
    if (this.#stream === undefined) this.#early.push(framed);
    else this.#stream.data(framed);
  }

  /** Says that no more messages come. */
  finish(): void {
    this.#finished = true;
    this.#stream?.end([], []);
  }

  /**
   * The next message; undefined: that was all, and all is well.
   *
   * @throws GrpcFailure, TuskerError NET_…, KERNEL_ABORTED, DISCOVERY_PROTOCOL
   */
  async next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const first = this.#inbox.shift();
      if (first !== undefined) return first;
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return undefined;
      }
      this.#giveBack();
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = undefined;
    }
  }

  [Symbol.dispose](): void {
    if (this.#end === undefined) this.#giveUp(new TuskerError("KERNEL_ABORTED", "the call was given up"));
  }

  // What the stream tells.

  onStream(stream: MessageStream): void {
    const { path, metadata } = this.#options;
    const { protocol, host } = new URL(this.#channel.origin);
    const scheme = protocol.slice(0, -1);
    this.#stream = stream;
    stream.head(
      [":method", "POST", ":scheme", scheme, ":path", path, ":authority", host],
      ["te", "trailers", "content-type", "application/grpc", ...metadata],
      "more",
    );
    for (const message of this.#early) stream.data(message);
    this.#early = [];
    if (this.#finished) stream.end([], []);
  }

  onNoStream(error: TuskerError): void {
    this.#over(error);
  }

  onHead(status: number, fields: HeaderList): void {
    if (status < 200) return;
    this.#httpStatus = status;
    this.#headFields = fields;
  }

  onData(bytes: Uint8Array): void {
    this.#owed += bytes.byteLength;
    this.#timer.cancel();
    // A watch may be silent for days: whether its connection lives is asked by HTTP/2.
    if (this.#finished) this.#timer = this.#limit();
    if (this.#httpStatus === 200) this.#take(bytes);
    if (this.#inbox.length === 0) this.#giveBack();
    this.#wake?.();
  }

  onEnd(trailers: HeaderList): void {
    // A failure may come as trailers alone: its status then stands in the head.
    const fields = headerOf(trailers, "grpc-status") === undefined ? this.#headFields : trailers;
    this.#over(failureOf(this.#httpStatus, fields));
  }

  onFailed({ message }: StreamFailure): void {
    this.#over(new TuskerError("NET_RESET", `${this.#channel.origin} broke off the call: ${message}`));
  }

  onDrained(): void {
    // Messages of ours are few; they wait in the stream.
  }

  #limit(): Timer {
    return this.#options.clock.after(answerWithinMs, this.#onSilence, { background: true });
  }

  /** Cuts what came into messages. */
  #take(bytes: Uint8Array): void {
    let at = 0;
    const fill = (into: Uint8Array): boolean => {
      const piece = bytes.subarray(at, at + into.byteLength - this.#have);
      into.set(piece, this.#have);
      at += piece.byteLength;
      this.#have += piece.byteLength;
      if (this.#have < into.byteLength) return false;
      this.#have = 0;
      return true;
    };
    while (at < bytes.byteLength) {
      if (this.#body === undefined) {
        if (!fill(this.#prefix)) return;
        const size = this.#prefix.readUInt32BE(1);
        // Nobody was offered compression.
        if (this.#prefix.readUInt8(0) !== 0 || size > maxMessageBytes) {
          this.#giveUp(malformed("a message is compressed or larger than 64 MiB"));
          return;
        }
        this.#body = Buffer.allocUnsafe(size);
      }
      if (this.#body.byteLength > 0 && !fill(this.#body)) return;
      this.#inbox.push(this.#body);
      this.#body = undefined;
    }
  }

  #giveBack(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#stream?.consumed(owed);
  }

  readonly #onAbort = (): void => {
    const { signal } = this.#options;
    if (signal !== undefined) this.#giveUp(aborted(signal));
  };

  readonly #onSilence = (): void => {
    this.#giveUp(new TuskerError("NET_TIMEOUT", `${this.#channel.origin} has not answered in time`));
    // A callee that has vanished is found out before the next call is lost on it.
    this.#channel.suspect();
  };

  #giveUp(error: TuskerError): void {
    if (this.#end !== undefined) return;
    this.#channel.cancel(this);
    this.#stream?.reset(cancel);
    this.#over(error);
  }

  #over(error: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#timer.cancel();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#wake?.();
  }
}

/** Undefined: all is well. */
function failureOf(httpStatus: number, fields: HeaderList): GrpcFailure | undefined {
  const said = headerOf(fields, "grpc-status");
  if (said === "0") return undefined;
  if (said === undefined) return new GrpcFailure(unknown, `HTTP ${httpStatus} without a status of gRPC`);
  return new GrpcFailure(Number(said), decoded(headerOf(fields, "grpc-message") ?? ""));
}

const unknown = 2;

/** Words of a status are percent-encoded; what is not is shown as it came. */
function decoded(words: string): string {
  try {
    return decodeURIComponent(words);
  } catch {
    return words;
  }
}
