import type { TuskerError } from "../../kernel/index.ts";
import type { HeaderList } from "../exchange.ts";
import type { SharedBytes } from "../pushed-body.ts";
import type { TlsFacts, Tunnel } from "../socket/port.ts";
import type { FieldBlock } from "./codec/field-block.ts";

export type { Tunnel } from "../socket/port.ts";

/**
 * The words of the HTTP/1.1 engine, in callback form: no promise and no stream per request. The gateway's hot path
 * speaks them; everybody else uses `serveHttp1` and `http1Pool`, which are made of them.
 */

/** Head of a request. The object belongs to its connection and is valid until the exchange ends; its texts stay. */
export interface RequestHead {
  readonly method: string;
  /** Origin-form (path and query) or "*"; an absolute-form target has been taken apart (RFC 9112 §3.2.2). */
  readonly target: string;
  /** Who is asked: the authority of an absolute-form target, else Host; empty when an HTTP/1.0 client named nobody. */
  readonly authority: string;
  /** 0 or 1: the minor version of HTTP/1.x. */
  readonly minor: 0 | 1;
  /** Name and value by turns, in wire order, names as received. Host says the same as `authority`. */
  readonly fields: HeaderList;
  /** Bytes of the body; 0 means none, `chunked` that only its end will tell. */
  readonly length: number;
  /** True when the client keeps the connection for another request. */
  readonly keepAlive: boolean;
  /** True when the client waits for 100 before it sends its body (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
  /** Value of Upgrade when Connection names it (RFC 9110 §7.8); undefined otherwise. */
  readonly upgrade: string | undefined;
  /**
   * True when the same fields came on this connection before. `fields` is the very same list then, so that what was
   * made of it may be found again by it.
   */
  readonly repeated: boolean;
}

/** Head of an answer. The object belongs to its connection and is valid until the exchange ends; its texts stay. */
export interface AnswerHead {
  readonly status: number;
  readonly minor: 0 | 1;
  readonly fields: HeaderList;
  /** Bytes of the body; 0 means none; `chunked` and `untilClose` say how its end is told. */
  readonly length: number;
  readonly keepAlive: boolean;
  /** Value of Upgrade when Connection names it. */
  readonly upgrade: string | undefined;
  /** As in `RequestHead`. */
  readonly repeated: boolean;
}

/** `length` of a body in chunks (RFC 9112 §7.1). */
export const chunked = -1;
/** `length` of an answer's body that ends with its connection (RFC 9112 §6.3, item 8). */
export const untilClose = -2;

/** One request on a server connection, and the answer to it. */
export interface Http1Exchange {
  readonly head: RequestHead;
  readonly remoteAddress: string;
  readonly tls: TlsFacts | undefined;
  /** True once `begin`, `send` or `upgrade` was called. */
  readonly begun: boolean;
  /** True when the answer is complete or the connection is gone. */
  readonly ended: boolean;
  /**
   * Who hears of the body and of the end; to be called in the handler, before it returns. The body starts to flow
   * with `resume`, which asks a client that waits for it to continue.
   */
  attach(listener: ExchangeListener): void;
  /** Lets the body come; without it nothing is read. */
  resume(): void;
  /** Holds the body back; a piece that was read already may still come. */
  pause(): void;
  /** Nobody wants the rest of the body: the connection closes behind the answer. */
  discard(): void;
  /** Sends an interim answer (1xx but 101); left out for HTTP/1.0 clients and once the answer has begun. */
  inform(status: number, fields: HeaderList | FieldBlock): void;
  /**
   * Begins an answer. The head leaves together with the first piece of the body, or at the end of this turn.
   * Content-Length, Transfer-Encoding, Connection, Keep-Alive and Upgrade are written by the engine from what it
   * knows; in `fields` they are left out, but `Connection: close` is obeyed. Date is added when missing.
   *
   * @param length of the body; `chunked` when it is not known
   * @throws TuskerError NET_MALFORMED when a field cannot be written; nothing has been sent then
   */
  begin(status: number, fields: HeaderList | FieldBlock, length: number): void;
  /**
   * Takes back an answer of which nothing has left, so that another one may be begun.
   *
   * @returns false when it is too late
   */
  retract(): boolean;
  /** @returns false when the client is behind: write no more until `onDrain` */
  write(bytes: Uint8Array): boolean;
  /** As `write`, of bytes that others get too. */
  share(bytes: SharedBytes): boolean;
  /** Completes the answer. Trailers are sent after a chunked body only. */
  end(trailers?: HeaderList): void;
  /** A whole answer in one write; text is sent as UTF-8. */
  send(status: number, fields: HeaderList | FieldBlock, body?: string | Uint8Array): void;
  /** Answers 101 and gives the connection away, with what the client has sent behind its head. */
  upgrade(protocol: string, fields: HeaderList | FieldBlock): Tunnel;
  /** Closes the connection at once: the only honest end of an answer that cannot be completed. */
  abort(): void;
}

/** What an exchange tells. Nothing is told after `onEnd`. */
export interface ExchangeListener {
  /** A piece of the body, lent for the call; see `kept`. */
  onBody(bytes: Uint8Array): void;
  /** The body is complete; not told of requests whose `length` is 0. */
  onBodyEnd(trailers: HeaderList): void;
  /**
   * No more of the body will come: the client was too slow (NET_TIMEOUT with status 408), or what it sent is no body
   * (NET_MALFORMED). The answer may say so if it has not begun; the connection closes after it.
   */
  onBodyFailed(error: TuskerError): void;
  /** The client has taken what was written. */
  onDrain(): void;
  /** Over. Undefined: answered, and the body is through. Otherwise the connection is gone (NET_RESET, NET_TIMEOUT). */
  onEnd(error: TuskerError | undefined): void;
}

/** One request of a client. */
export interface OutgoingRequest {
  readonly method: string;
  /** Path and query as it goes on the wire. */
  readonly target: string;
  /** Without framing fields, as at `Http1Exchange.begin`. Host is added when missing. */
  readonly fields: HeaderList | FieldBlock;
  /** Length of a body that will be written; `chunked` when it is not known. Left out with `body` or without any. */
  readonly length?: number;
  /** The whole body: leaves together with the head. */
  readonly body?: string | Uint8Array;
  /** Protocol to change to; sends Connection: upgrade. */
  readonly upgrade?: string | undefined;
  /** How long the head of the answer may take, in milliseconds. */
  readonly headTimeoutMs: number;
  /** True when sending it twice does no harm: a kept connection that turns out dead is replaced once, unnoticed. */
  readonly repeatable: boolean;
}

/** One request under way. */
export interface OutgoingExchange {
  /** @returns false when the peer is behind: write no more until `onDrain`. May be called from `onSent` on. */
  write(bytes: Uint8Array): boolean;
  /** Completes the request. */
  end(trailers?: HeaderList): void;
  /** Holds the answer's body back. */
  pause(): void;
  resume(): void;
  /** Gives up in any state; the connection closes, nothing more is told. */
  abort(): void;
}

/** What an outgoing request tells. Nothing is told after `onEnd`, `onTunnel` or `onFailed`. */
export interface AnswerListener {
  /**
   * The head is on its way: the peer may act from here on, the body may be written. Told during `send` already when a
   * connection was free, and a second time when a dead one was replaced.
   */
  onSent(exchange: OutgoingExchange): void;
  /** An interim answer (RFC 9110 §15.2), but 101. */
  onInform(status: number, fields: HeaderList): void;
  onHead(head: AnswerHead): void;
  /** A piece of the body, lent for the call; see `kept`. */
  onBody(bytes: Uint8Array): void;
  onEnd(trailers: HeaderList): void;
  /** The peer has taken what was written. */
  onDrain(): void;
  /** The peer answered 101; `onHead` came before. */
  onTunnel(tunnel: Tunnel): void;
  /** No answer, or no complete one. `details.sent` says whether the head had left. */
  onFailed(error: TuskerError): void;
}

/** Connections to one origin. */
export interface Http1Client {
  readonly origin: string;
  /** Open connections and how many of them wait for work. */
  readonly connections: number;
  readonly idle: number;
  /**
   * Sends a request as soon as a connection is free. Failures come by `onFailed`, never during this call.
   *
   * @throws TuskerError NET_MALFORMED with `details.sent` false when the request cannot be written
   */
  send(request: OutgoingRequest, listener: AnswerListener): OutgoingExchange;
  /** Takes no new request and closes idle connections; running exchanges end. Resolves when all have. */
  close(): Promise<void>;
  /** Closes everything now; running exchanges fail with NET_RESET. */
  destroy(): void;
}
