/**
 * What users of streams see of the engine; no type of Node's is in here, for these stand in the published types.
 */
import type { TuskerError } from "../../kernel/index.ts";
import type { HeaderList, Server } from "../exchange.ts";

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
  onData(bytes: Uint8Array): void;
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

export interface Tail {
  readonly fixed: HeaderList;
  readonly varying: HeaderList;
}

/** A call that wants a stream. */
export interface StreamUser extends StreamListener {
  /** Its head has `:protocol`: it may be sent only to a server that offers that (RFC 8441 §3). */
  readonly extendedConnect?: boolean;
  /** The stream is there: send the head now. */
  onStream(stream: MessageStream): void;
  /** No stream could be had; nothing was sent. */
  onNoStream(error: TuskerError): void;
}

/** Streams to one origin. */
export interface StreamChannel extends AsyncDisposable {
  readonly origin: string;
  /** Gives `user` a stream, at once when one is free; otherwise it waits in line. */
  open(user: StreamUser): void;
  /** Takes a user out of the line. False: it has its stream, or had it. */
  cancel(user: StreamUser): boolean;
  /** Somebody gave up waiting for an answer: the connection is looked at. */
  suspect(): void;
}

/** Answers streams. The request is checked (RFC 9113 §8.3); what follows goes to the listener that is returned. */
export type StreamHandler = (stream: MessageStream, fields: HeaderList, peer: PeerFacts) => StreamListener;

/** What is known of the client of a connection. */
export interface PeerFacts {
  /** Without port. */
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** For the protocol above, which alone knows what a message is. */
  readonly messages: MessageCounts;
}

/** Messages of one connection, counted up by the protocol that carries them. */
export interface MessageCounts {
  received: number;
  sent: number;
}

/** A server of HTTP/2, and who is connected. */
export interface StreamServer extends Server {
  figures(): readonly ConnectionFigures[];
}

/** What another process told of a connection of its own. */
export function isConnectionFigures(value: unknown): value is ConnectionFigures {
  if (typeof value !== "object" || value === null) return false;
  const { remoteAddress, stalled, ...counts }: Readonly<Record<string, unknown>> = { ...value };
  const numbers = Object.keys(counts).length === 12 && Object.values(counts).every(Number.isFinite);
  return typeof remoteAddress === "string" && typeof stalled === "boolean" && numbers;
}

/** One connection, for whoever operates the server; counts since it was made. */
export interface ConnectionFigures {
  readonly remoteAddress: string;
  readonly ageMs: number;
  /** Since the last byte of the client. */
  readonly quietMs: number;
  /** Open now. */
  readonly streams: number;
  readonly streamsBegun: number;
  /** Ended by both sides. */
  readonly streamsSucceeded: number;
  /** Reset by either side, or lost with the connection. */
  readonly streamsFailed: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** PINGs of the client. */
  readonly keepalives: number;
  /** How often streams had to wait for the client's windows or socket, and whether they do now. */
  readonly stalls: number;
  readonly stalled: boolean;
}
