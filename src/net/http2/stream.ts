import type { HeaderList } from "../exchange.ts";

/** Why a stream ended before its end. */
export interface StreamFailure {
  /** Error code of RFC 9113 §7. */
  readonly code: number;
  /** Who ended it: the peer by RST_STREAM, we, or the loss of the connection. */
  readonly by: "peer" | "us" | "connection";
  /** True when the peer provably did nothing with it (RFC 9113 §8.7), so that it may be sent again. */
  readonly unprocessed: boolean;
  readonly message: string;
}

/** Hears what arrives on a stream. After `onEnd` or `onFailed` nothing more comes. */
export interface StreamListener {
  /** Client only: the head of the answer; `end` says that nothing follows. Interim heads (1xx) come before it. */
  onHead(status: number, fields: HeaderList, end: boolean): void;
  /** Bytes are lent for the length of the call: who keeps them copies them, and gives them back with `consumed`. */
  onData(bytes: Buffer): void;
  /** The peer has said all. */
  onEnd(trailers: HeaderList): void;
  onFailed(failure: StreamFailure): void;
  /** Everything handed to `data` has left after `data` had returned false. */
  onDrained(): void;
}

/** The sending side of a stream. Once it is over everything is passed over: whoever answers need not ask first. */
export interface MessageStream {
  /** Head, body and end in one go, in one piece where the windows allow. Without body and tail the head is all. */
  message(head: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void;
  /** @param fixed fields of a kind of message, always the same list: they cost a byte each from the second time on */
  head(fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void;
  /** Sends bytes, which nobody may change any more. False: wait for `onDrained`. */
  data(bytes: Uint8Array): boolean;
  /** Says that this was all, with trailers or without. */
  end(fixed: HeaderList, varying: HeaderList): void;
  /** Gives up on the stream, with a code of RFC 9113 §7. The listener hears nothing more. */
  reset(code: number): void;
  /** The reader is done with as many bytes: the peer may send more. */
  consumed(bytes: number): void;
}

/** One stream of a connection. Its rules are those of the connection; this is what belongs to it alone. */
export class Http2Stream implements MessageStream {
  readonly id: number;
  readonly #port: StreamPort;
  listener: StreamListener;
  /** What we may still send, and the peer. */
  sendWindow: number;
  receiveWindow: number;
  /** Arrived and not yet taken by the reader. */
  unread = 0;
  /** Taken by the reader and not yet given back to the peer. */
  unacknowledged = 0;
  /** What is left of an announced body; undefined when none was. */
  expected: number | undefined;
  headed = false;
  localEnded = false;
  remoteEnded = false;
  /** Over: nothing may be done with it any more. */
  closed = false;
  /** Waiting for windows or for the socket. */
  queue: Uint8Array[] | undefined;
  /** What follows the queue: trailers, or nothing but the end. */
  tail: Tail | undefined;
  /** The user was told to wait. */
  wantsDrain = false;

  constructor(id: number, port: StreamPort, listener: StreamListener) {
    this.id = id;
    this.#port = port;
    this.listener = listener;
    this.sendWindow = port.initialSendWindow;
    this.receiveWindow = port.initialReceiveWindow;
  }

  message(head: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void {
    this.#port.sendMessage(this, head, body, tail);
  }

  head(fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void {
    this.#port.sendHead(this, fixed, varying, end);
  }

  data(bytes: Uint8Array): boolean {
    return this.#port.sendData(this, bytes);
  }

  end(fixed: HeaderList = noFields, varying: HeaderList = noFields): void {
    this.#port.sendEnd(this, { fixed, varying });
  }

  reset(code: number): void {
    this.#port.sendReset(this, code);
  }

  consumed(bytes: number): void {
    this.#port.consumed(this, bytes);
  }
}

/** What a stream needs of its connection. */
export interface StreamPort {
  readonly initialSendWindow: number;
  readonly initialReceiveWindow: number;
  sendHead(stream: Http2Stream, fixed: HeaderList, varying: HeaderList, end: "end" | "more"): void;
  sendMessage(stream: Http2Stream, head: Tail, body: Uint8Array | undefined, tail: Tail | undefined): void;
  sendData(stream: Http2Stream, bytes: Uint8Array): boolean;
  sendEnd(stream: Http2Stream, tail: Tail): void;
  sendReset(stream: Http2Stream, code: number): void;
  consumed(stream: Http2Stream, bytes: number): void;
}

export interface Tail {
  readonly fixed: HeaderList;
  readonly varying: HeaderList;
}

export const noFields: HeaderList = [];
