import { aborted, type Clock, systemClock, TuskerError, toTuskerError } from "../../../kernel/index.ts";
import {
  Alarm,
  type HeaderList,
  headerOf,
  type MessageStream,
  type StreamChannel,
  type StreamFailure,
  type StreamUser,
} from "../../../net/index.ts";
import { unpack } from "../compress.ts";
import { MessageReader, type MessageSink } from "../messages.ts";
import type { Reply } from "./reply.ts";

/** RFC 9113 §7: what a caller says who wants no answer any more. */
const cancel = 8;

export interface OutgoingCall {
  /** The fields that are the same for every call of a method: one list per method and origin. */
  readonly head: HeaderList;
  /** grpc-timeout, traceparent, metadata. */
  readonly fields: HeaderList;
  /** Reads a message, which is lent for the length of the call. */
  readonly decode: (message: Buffer) => unknown;
  /** Largest message of the answer, decompressed. */
  readonly maxMessageBytes: number;
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  readonly late: () => TuskerError;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

const nothing: HeaderList = [];

/** What a call of one message each way came to. */
export interface UnaryReply extends Reply {
  /** How many messages came; `value` is the first of them. */
  readonly count: number;
  readonly value: unknown;
}

/** The part of a call that does not depend on how many messages there are. */
export abstract class Calling implements StreamUser, MessageSink {
  protected readonly channel: StreamChannel;
  protected readonly call: OutgoingCall;
  protected readonly reader: MessageReader;
  readonly #limit: Alarm | undefined;
  #stream: MessageStream | undefined;
  #httpStatus = 0;
  #headFields: HeaderList = [];
  protected over = false;

  constructor(channel: StreamChannel, call: OutgoingCall) {
    this.channel = channel;
    this.call = call;
    this.reader = new MessageReader(this, call.maxMessageBytes);
    const { timeoutMs, signal, clock = systemClock } = call;
    this.#limit = timeoutMs === undefined ? undefined : new Alarm(clock, timeoutMs, this.#onTime);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    if (signal?.aborted === true) queueMicrotask(this.#onAbort);
  }

  protected get stream(): MessageStream | undefined {
    return this.#stream;
  }

  /** The encoding the callee said its messages have. */
  protected get encoding(): string | undefined {
    return headerOf(this.#headFields, "grpc-encoding");
  }

  onStream(stream: MessageStream): void {
    this.#stream = stream;
    this.begin(stream);
  }

  onNoStream(error: TuskerError): void {
    this.fail(error);
  }

  onHead(status: number, fields: HeaderList): void {
    if (status < 200) return;
    this.#httpStatus = status;
    this.#headFields = fields;
  }

  onData(bytes: Buffer): void {
    this.took(bytes.byteLength);
    if (this.over || this.#httpStatus !== 200) return;
    try {
      this.reader.push(bytes);
    } catch (error) {
      this.giveUp(toTuskerError(error));
    }
  }

  onEnd(trailers: HeaderList): void {
    // A failure may come as trailers only: its status then stands in the head.
    const only = headerOf(trailers, "grpc-status") === undefined;
    const reply = {
      httpStatus: this.#httpStatus,
      head: only ? nothing : this.#headFields,
      fields: only ? this.#headFields : trailers,
    };
    if (this.over) return;
    this.over = true;
    this.settle();
    this.ended(reply);
  }

  onFailed({ unprocessed, message }: StreamFailure): void {
    const { origin } = this.channel;
    const what = unprocessed ? "refused the call" : "closed the stream before its answer was complete";
    const details = { origin, sent: !unprocessed };
    this.fail(new TuskerError("NET_RESET", `${origin} ${what} (${message})`, { details }));
  }

  abstract onDrained(): void;
  abstract message(bytes: Buffer, compressed: boolean): void;
  protected abstract begin(stream: MessageStream): void;
  protected abstract took(bytes: number): void;
  protected abstract ended(reply: Reply): void;
  protected abstract failed(error: TuskerError): void;

  /** Ends the call with an error of ours; the callee is told that nobody waits any more. */
  protected giveUp(error: TuskerError): void {
    if (this.over) return;
    this.channel.cancel(this);
    this.#stream?.reset(cancel);
    this.fail(error);
  }

  protected fail(error: TuskerError): void {
    if (this.over) return;
    this.over = true;
    this.settle();
    this.failed(error);
  }

  protected settle(): void {
    this.#limit?.cancel();
    this.call.signal?.removeEventListener("abort", this.#onAbort);
  }

  protected unpack(bytes: Buffer): Promise<unknown> {
    const packed = Buffer.from(bytes);
    return unpack(packed, this.encoding, this.call.maxMessageBytes).then((message) =>
      this.call.decode(message),
    );
  }

  readonly #onTime = (): void => this.#stopWaiting(this.call.late());

  readonly #onAbort = (): void => {
    const { signal } = this.call;
    if (signal !== undefined) this.#stopWaiting(aborted(signal));
  };

  #stopWaiting(why: TuskerError): void {
    const waiting = this.#stream !== undefined;
    this.giveUp(why);
    // A callee that has vanished is found out before the next call is lost on it.
    if (waiting) this.channel.suspect();
  }
}

/** One message each way. */
class UnaryCalling extends Calling {
  readonly #message: Uint8Array;
  readonly #reply = Promise.withResolvers<UnaryReply>();
  #count = 0;
  #value: unknown;
  #again = false;

  constructor(channel: StreamChannel, call: OutgoingCall, message: Uint8Array) {
    super(channel, call);
    this.#message = message;
    channel.open(this);
  }

  get reply(): Promise<UnaryReply> {
    return this.#reply.promise;
  }

  onDrained(): void {
    // The only message waits in the stream itself.
  }

  message(bytes: Buffer, compressed: boolean): void {
    if (this.#count++ > 0) return;
    this.#value = compressed ? this.unpack(bytes) : this.#decode(bytes);
    if (this.#value instanceof Promise) this.#value.catch(() => {});
  }

  /** Refused without having been looked at: once more, on the connection that comes next (gRFC A6). */
  override onFailed(failure: StreamFailure): void {
    if (failure.unprocessed && !this.#again && !this.over) {
      this.#again = true;
      this.channel.open(this);
      return;
    }
    super.onFailed(failure);
  }

  protected begin(stream: MessageStream): void {
    const { head, fields } = this.call;
    stream.message({ fixed: head, varying: fields }, this.#message, undefined);
  }

  protected took(bytes: number): void {
    this.stream?.consumed(bytes);
  }

  protected ended(reply: Reply): void {
    if (this.reader.partial) {
      this.#reply.reject(new TuskerError("RPC_PROTOCOL", "the message is cut off"));
      return;
    }
    const { httpStatus, head, fields } = reply;
    const count = this.#count;
    if (!(this.#value instanceof Promise))
      this.#reply.resolve({ httpStatus, head, fields, count, value: this.#value });
    else
      this.#value.then(
        (value) => this.#reply.resolve({ httpStatus, head, fields, count, value }),
        (error: unknown) => this.#reply.reject(error),
      );
  }

  protected failed(error: TuskerError): void {
    this.#reply.reject(error);
  }

  /** What is no such message is told once the status is known: an error's body need be none. */
  #decode(bytes: Buffer): unknown {
    try {
      return this.call.decode(bytes);
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

/** Calls with one message; resolves when the callee has said all, whatever its status. */
export function callUnary(
  channel: StreamChannel,
  call: OutgoingCall,
  message: Uint8Array,
): Promise<UnaryReply> {
  return new UnaryCalling(channel, call, message).reply;
}
