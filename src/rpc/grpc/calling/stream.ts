import { TuskerError, toTuskerError } from "../../../kernel/index.ts";
import { type HeaderList, headerOf, type MessageStream, type StreamChannel } from "../../../net/index.ts";
import { MessageQueue } from "../message-queue.ts";
import { Pace } from "../pace.ts";
import { Calling, type OutgoingCall } from "./call.ts";
import type { Reply } from "./reply.ts";

export interface StreamingCall extends OutgoingCall {
  /** Framed messages, taken as the callee reads. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** The error of a status that is not OK; undefined when all is well. */
  readonly judge: (reply: Reply) => TuskerError | undefined;
  /** Hears the head, unless there is no more than trailers. */
  readonly onHead?: ((fields: HeaderList) => void) | undefined;
  readonly onTail?: ((fields: HeaderList) => void) | undefined;
}

/**
 * Calls with messages over time. What is answered comes as it arrives; whoever stops reading ends the call.
 *
 * @throws TuskerError from the iterator: what `judge` says, NET_…, the error of `late`, the reason of the signal
 */
export function callStreaming(channel: StreamChannel, call: StreamingCall): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => new Streaming(channel, call).answers() };
}

class Streaming extends Calling {
  readonly #streaming: StreamingCall;
  readonly #inbox: MessageQueue;
  #room: (() => void) | undefined;

  constructor(channel: StreamChannel, call: StreamingCall) {
    super(channel, call);
    this.#streaming = call;
    this.#inbox = new MessageQueue((bytes) => this.stream?.consumed(bytes));
    channel.open(this);
  }

  async *answers(): AsyncGenerator<unknown> {
    try {
      yield* this.#inbox;
    } finally {
      // Whoever takes no more wants no more.
      this.giveUp(toTuskerError(new Error("the caller stopped reading")));
    }
  }

  onDrained(): void {
    this.#room?.();
  }

  override onHead(status: number, fields: HeaderList): void {
    super.onHead(status, fields);
    if (status < 200 || headerOf(fields, "grpc-status") !== undefined) return;
    const broken = told(this.#streaming.onHead, fields);
    if (broken !== undefined) this.giveUp(broken);
  }

  message(bytes: Buffer, compressed: boolean): void {
    this.#inbox.push(compressed ? this.unpack(bytes) : this.call.decode(bytes), bytes.byteLength);
  }

  protected begin(stream: MessageStream): void {
    const { head, fields } = this.call;
    stream.head(head, fields, "more");
    void this.#send(stream);
  }

  protected took(bytes: number): void {
    this.#inbox.took(bytes);
  }

  protected ended(reply: Reply): void {
    const cut = this.reader.partial
      ? new TuskerError("RPC_PROTOCOL", "the last message is cut off")
      : undefined;
    const error = told(this.#streaming.onTail, reply.fields) ?? this.#streaming.judge(reply) ?? cut;
    if (error === undefined) this.#inbox.end();
    else this.#inbox.fail(error);
    this.#room?.();
  }

  protected failed(error: TuskerError): void {
    this.#inbox.fail(error);
    this.#room?.();
  }

  async #send(stream: MessageStream): Promise<void> {
    const pace = new Pace();
    try {
      for await (const message of this.#streaming.messages) {
        if (this.over) return;
        if (!stream.data(message)) await this.#roomOrOver();
        await pace.next();
      }
      if (!this.over) stream.end([], []);
    } catch (error) {
      this.giveUp(toTuskerError(error));
    } finally {
      // The callee may have said all before it heard all.
      if (this.over) stream.reset(0);
    }
  }

  #roomOrOver(): Promise<void> {
    return new Promise((resolve) => {
      if (this.over) {
        resolve();
        return;
      }
      this.#room = () => {
        this.#room = undefined;
        resolve();
      };
    });
  }
}

/** A listener that throws ends its own call and nothing else. */
function told(
  listener: ((fields: HeaderList) => void) | undefined,
  fields: HeaderList,
): TuskerError | undefined {
  try {
    listener?.(fields);
    return undefined;
  } catch (error) {
    return toTuskerError(error);
  }
}
