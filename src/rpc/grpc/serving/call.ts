import { type Clock, type Timer, TuskerError, toTuskerError } from "../../../kernel/index.ts";
import {
  type HeaderList,
  headerOf,
  type MessageCounts,
  type MessageStream,
  type StreamFailure,
  type StreamListener,
} from "../../../net/index.ts";
import { incomingDeadline, remainingMs } from "../../../resilience/index.ts";
import type { AnswerFields } from "../../fields/answer.ts";
import type { Account, Arriving } from "../arriving.ts";
import { acceptsGzip, unpack } from "../compress.ts";
import { MessageQueue } from "../message-queue.ts";
import { MessageReader, type MessageSink } from "../messages.ts";
import { Pace } from "../pace.ts";
import { Base64Body } from "./base64-body.ts";
import type { Dialect } from "./head.ts";
import type { IncomingCall, Input, StreamMethod, UnaryMethod } from "./method.ts";
import { Reply } from "./reply.ts";
import type { PageFields, WebOrigins } from "./web-origins.ts";

export interface CallOptions {
  /** Largest message, decompressed. */
  readonly maxMessageBytes: number;
  /** What messages that are unfinished, or wait for a handler to read them, hold together; default without bound. */
  readonly arriving?: Arriving;
  /** Deadline of a call that came without one. */
  readonly defaultTimeoutMs: number;
  /** Answers larger than this are packed with gzip for callers who take it; undefined packs none. */
  readonly compressAbove: number | undefined;
  /** Whose pages may call over gRPC-Web; default nobody's. */
  readonly webOrigins?: WebOrigins;
  readonly clock: Clock;
}

/** A call from its head to its last message. */
export abstract class ServingCall implements StreamListener, MessageSink, IncomingCall, Account {
  readonly protocol = "grpc";
  readonly path: string;
  readonly fields: HeaderList;
  readonly remoteAddress: string;
  readonly arrivedMs: number;
  protected readonly stream: MessageStream;
  protected readonly options: CallOptions;
  protected readonly reply: Reply;
  protected readonly reader: MessageReader;
  protected readonly messages: MessageCounts;
  readonly #dialect: Dialect;
  readonly #text: Base64Body | undefined;
  #gone: AbortController | undefined;
  /** Made with the first message that has to be kept. */
  #account: Account | undefined;
  /** Its messages had to be given up; what still comes of them is passed over. */
  #deaf = false;
  /** Why nobody waits any more. */
  #lost: TuskerError | undefined;
  /** Nothing more of the caller is heard. */
  protected over = false;

  constructor(stream: MessageStream, head: CallHead, options: CallOptions) {
    this.stream = stream;
    this.path = head.path;
    this.fields = head.fields;
    this.remoteAddress = head.remoteAddress;
    this.options = options;
    this.#dialect = head.dialect;
    this.arrivedMs = options.clock.now();
    const packs = options.compressAbove !== undefined && acceptsGzip(head.fields);
    this.reply = new Reply(stream, head, packs ? options.compressAbove : undefined);
    this.messages = head.messages;
    this.reader = new MessageReader(this, options.maxMessageBytes, this.counted);
    this.#text = this.#dialect === "web-text" ? new Base64Body() : undefined;
  }

  get signal(): AbortSignal {
    if (this.#gone === undefined) {
      this.#gone = new AbortController();
      if (this.#lost !== undefined) this.#gone.abort(this.#lost);
    }
    return this.#gone.signal;
  }

  get answer(): AnswerFields {
    return this.reply.fields;
  }

  header(name: string): string | undefined {
    return headerOf(this.fields, name.toLowerCase());
  }

  onHead(): void {
    // A server hears no second head.
  }

  onData(bytes: Buffer): void {
    this.took(bytes.byteLength);
    if (this.over || this.#deaf) return;
    try {
      this.reader.push(this.#text === undefined ? bytes : this.#text.push(bytes));
    } catch (error) {
      this.refuse(toTuskerError(error));
    }
  }

  onFailed({ message }: StreamFailure): void {
    this.over = true;
    this.reader.drop();
    const gone = new TuskerError("KERNEL_ABORTED", `the caller went away: ${message}`);
    this.#lost = gone;
    this.lost(gone);
    this.#gone?.abort(gone);
  }

  take(bytes: number): void {
    this.#account ??= this.options.arriving?.account(this.messages, (error) => {
      this.#deaf = true;
      this.reader.drop();
      this.abandon(error);
    });
    this.#account?.take(bytes);
  }

  giveBack(bytes: number): void {
    this.#account?.giveBack(bytes);
  }

  /** Where what is kept is counted; undefined when there is no bound. */
  protected get counted(): Account | undefined {
    return this.options.arriving === undefined ? undefined : this;
  }

  /** What came and waits is given up, so that others have room; the call ends. */
  protected abstract abandon(error: TuskerError): void;
  /** Bytes of the body came: give them back to the caller's window, now or later. */
  protected abstract took(bytes: number): void;
  /** The caller went away. */
  protected abstract lost(error: TuskerError): void;
  /** The call is over before its handler began, or in the middle of its messages. */
  protected abstract refuse(error: TuskerError): void;
  abstract message(bytes: Buffer, compressed: boolean): void;
  abstract onEnd(): void;
  abstract onDrained(): void;
}

export interface CallHead {
  readonly path: string;
  readonly fields: HeaderList;
  readonly remoteAddress: string;
  readonly messages: MessageCounts;
  readonly dialect: Dialect;
  /** For the page that asks, if there is one. */
  readonly page?: PageFields | undefined;
}

/** One message in, one out. */
export class UnaryCall extends ServingCall {
  readonly #method: UnaryMethod;
  #input: Input | Promise<Input> | undefined;
  #limit: Timer | undefined;

  constructor(method: UnaryMethod, stream: MessageStream, head: CallHead, options: CallOptions) {
    super(stream, head, options);
    this.#method = method;
  }

  message(bytes: Buffer, compressed: boolean): void {
    this.messages.received++;
    if (this.#input !== undefined) {
      this.#input = failed(new TuskerError("RPC_PROTOCOL", "the call carries more than one message"));
      return;
    }
    if (!compressed) {
      this.#input = this.#decode(bytes);
      return;
    }
    const { maxMessageBytes } = this.options;
    const packed = Buffer.from(bytes);
    this.#input = unpack(packed, this.header("grpc-encoding"), maxMessageBytes).then(
      (message) => this.#decode(message),
      failed,
    );
  }

  onEnd(): void {
    this.#limit?.cancel();
    if (this.over) return;
    this.over = true;
    const broken = this.reader.partial ? "the message is cut off" : "the call carries no message";
    const input = this.reader.partial ? undefined : this.#input;
    this.reader.drop();
    void this.#answer(input ?? failed(new TuskerError("RPC_PROTOCOL", broken)));
  }

  onDrained(): void {
    // The only message waits in the stream itself.
  }

  /** The message is not here yet: its caller's deadline runs all the same. Called once the turn is over. */
  watch(): void {
    if (this.over) return;
    const { clock, defaultTimeoutMs } = this.options;
    const deadline = incomingDeadline((name) => this.header(name), this.arrivedMs);
    const ms = deadline === undefined ? defaultTimeoutMs : remainingMs(deadline, clock.now());
    this.#limit = clock.after(ms, () =>
      this.refuse(new TuskerError("RESILIENCE_DEADLINE", `${this.path}: the message did not come in time`)),
    );
  }

  protected took(bytes: number): void {
    // What is collected is bounded by the largest message.
    this.stream.consumed(bytes);
  }

  protected lost(): void {
    this.#limit?.cancel();
  }

  protected abandon(error: TuskerError): void {
    this.refuse(error);
  }

  protected refuse(error: TuskerError): void {
    if (this.over) return;
    this.over = true;
    this.reader.drop();
    this.#limit?.cancel();
    this.reply.fail(error);
  }

  #decode(message: Buffer): Input {
    try {
      return { ok: true, value: this.#method.decode(message) };
    } catch (error) {
      return failed(error);
    }
  }

  async #answer(input: Input | Promise<Input>): Promise<void> {
    try {
      const known = input instanceof Promise ? await input : input;
      await this.reply.whole(await this.#method.answer(this, known));
    } catch (error) {
      this.reply.fail(toTuskerError(error));
    }
  }
}

/** Messages both ways, as they come. */
export class StreamCall extends ServingCall {
  readonly #method: StreamMethod;
  readonly #inbox: MessageQueue;
  #room: (() => void) | undefined;

  constructor(method: StreamMethod, stream: MessageStream, head: CallHead, options: CallOptions) {
    super(stream, head, options);
    this.#method = method;
    this.#inbox = new MessageQueue((bytes) => stream.consumed(bytes), this.counted);
  }

  /** Begins to answer; separate, so that the stream knows its listener first. */
  begin(): void {
    void this.#answer();
  }

  message(bytes: Buffer, compressed: boolean): void {
    this.messages.received++;
    if (!compressed) {
      this.#inbox.push(this.#method.decode(bytes), bytes.byteLength);
      return;
    }
    const { maxMessageBytes } = this.options;
    const packed = Buffer.from(bytes);
    const unpacked = unpack(packed, this.header("grpc-encoding"), maxMessageBytes);
    this.#inbox.push(
      unpacked.then((message) => this.#method.decode(message)),
      bytes.byteLength,
    );
  }

  onEnd(): void {
    if (this.reader.partial) this.refuse(new TuskerError("RPC_PROTOCOL", "the last message is cut off"));
    else this.#inbox.end();
  }

  onDrained(): void {
    this.#room?.();
  }

  protected took(bytes: number): void {
    this.#inbox.took(bytes);
  }

  protected lost(error: TuskerError): void {
    this.#inbox.fail(error);
    this.#room?.();
  }

  protected abandon(error: TuskerError): void {
    this.#inbox.abandon(error);
  }

  protected refuse(error: TuskerError): void {
    this.#inbox.fail(error);
  }

  async #answer(): Promise<void> {
    const answers = this.#method.answers(this, this.#inbox);
    const pace = new Pace();
    try {
      for await (const message of answers) {
        if (this.over) return;
        if (!(await this.reply.message(message))) await this.#roomOrGone();
        await pace.next();
      }
      if (!this.over) this.reply.end();
    } catch (error) {
      if (!this.over) this.reply.fail(toTuskerError(error));
    } finally {
      this.over = true;
      this.reader.drop();
      this.#inbox.discard();
    }
  }

  #roomOrGone(): Promise<void> {
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

function failed(error: unknown): Input {
  return { ok: false, error };
}
