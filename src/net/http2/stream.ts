import type { HeaderList } from "../exchange.ts";
import type { MessageStream, StreamListener, Tail } from "./streams.ts";

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
  /** How much of the first of them has been sent. */
  queueAt = 0;
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

export const noFields: HeaderList = [];
