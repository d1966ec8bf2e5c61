/**
 * The words every server and client of Tusker speaks, whatever engine and HTTP version is below.
 * Engines implement them; `rpc`, `registry`, `gateway`, `collector` and `control` use them.
 */

import type { Tunnel } from "./socket/port.ts";

/** Header fields as flat pairs, name then value, in wire order; a repeated field is repeated. Names are as received. */
export type HeaderList = readonly string[];

/** Bytes that arrive or leave over time. The reader's pace is passed on to the sender. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** One request on a server and the answer to it. */
export interface ServerExchange {
  readonly method: string;
  /**
   * Request target as received: path and query (RFC 9112 §3.2.1); of CONNECT the authority (§3.2.3). Never decoded, never
   * normalised.
   */
  readonly target: string;
  readonly headers: HeaderList;
  readonly httpVersion: "1.0" | "1.1" | "2";
  /**
   * What a CONNECT of HTTP/2 wants to speak on its stream (RFC 8441), for example "websocket": a 200 with a body that
   * streams accepts it, and both bodies are its bytes.
   */
  readonly protocol?: string | undefined;
  /** Address of the peer socket, without port. */
  readonly remoteAddress: string;
  /** Fires when the client went away before the answer was complete. */
  readonly signal: AbortSignal;
  /** True when the request announced a body. */
  readonly hasBody: boolean;
  /**
   * The body. May be read once. Its reader gets NET_RESET when the client goes away, and NET_TIMEOUT with status 408
   * when nothing comes for the server's `bodyTimeoutMs`.
   */
  readonly body: ByteStream;
  /** First value of a field, any case; undefined when absent. */
  header(name: string): string | undefined;
  /**
   * Reads the whole body.
   *
   * @throws TuskerError NET_BODY_TOO_LARGE past `maxBytes`, what `body` throws, and the reason of `options.signal`
   */
  bytes(maxBytes: number, options?: ReadOptions): Promise<Uint8Array>;
  /** Fields that came behind the body, once it has been read; of HTTP/1.1 only. */
  trailers?(): HeaderList;
  /** What the client wants to change to, where the engine can do that; use it in place of `respond`. */
  readonly upgrade?: UpgradeOffer | undefined;
  /** Sends an interim answer (100, 103). */
  inform(status: number, headers?: HeaderList): void;
  /** Sends the answer; resolves when it is written or the client is gone. May be called once. */
  respond(answer: Answer): Promise<void>;
  /** True once `respond` was called. */
  readonly answered: boolean;
  /** Closes the connection without an answer, or in the middle of one: the only honest end of a broken stream. */
  abort(): void;
}

/** A client that wants to speak another protocol on this connection (RFC 9110 §7.8), for example "websocket". */
export interface UpgradeOffer {
  readonly protocol: string;
  /**
   * Answers 101 with these fields and gives the connection away. The engine writes Connection and Upgrade.
   *
   * @throws TuskerError NET_MALFORMED when a field cannot be written; nothing has been sent then
   */
  accept(headers: HeaderList): Tunnel;
}

/** How long to wait for a body. */
export interface ReadOptions {
  /** Ends the read, for example at the deadline of the whole request. */
  readonly signal?: AbortSignal | undefined;
}

/** What a server says. */
export interface Answer {
  readonly status: number;
  readonly headers?: HeaderList;
  /** A whole body is sent with its length; a stream chunk by chunk. */
  readonly body?: string | Uint8Array | ByteStream;
  /** Sent after the body; a function is asked when the body has ended. HTTP/2, or HTTP/1.1 chunked. */
  readonly trailers?: HeaderList | (() => HeaderList);
}

/** Answers one exchange. A rejection becomes a problem document when nothing was sent yet. */
export type ServerHandler = (exchange: ServerExchange) => Promise<void> | void;

export interface Server extends AsyncDisposable {
  readonly host: string;
  /** The real port, also when 0 was asked for. */
  readonly port: number;
  /** Open connections now. */
  readonly connections: number;
  /**
   * Lets running exchanges end, and what is on its way come: idle connections and the port close as soon as those who
   * were connected have gone, after half a second, or half of `graceMs`, at the latest; the rest after `graceMs`. 0 closes
   * all at once.
   *
   * @param streamsMs over HTTP/1.1 what has begun to answer, and what changed its protocol, has this long instead
   */
  drain(graceMs: number, streamsMs?: number): Promise<void>;
}

/** One request of a client. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query, as it goes on the wire; of CONNECT without `protocol` the authority. */
  readonly path: string;
  /**
   * With CONNECT: what to speak on the stream, for example "websocket" (RFC 8441). A server that does not offer it is
   * NET_MALFORMED with `details.sent` false; so is HTTP/1.1, and `node:http2`.
   */
  readonly protocol?: string;
  readonly headers?: HeaderList;
  readonly body?: string | Uint8Array | ByteStream;
  /** Asked for when a body in chunks has ended, and sent behind it; by the HTTP/1.1 engine only. */
  readonly trailers?: () => HeaderList;
  readonly signal?: AbortSignal;
  /** How long to wait for the answer's head; default 30,000. */
  readonly headTimeoutMs?: number;
  /**
   * Whether a kept connection that turns out dead may be replaced unnoticed; default: if the method is idempotent and
   * the body is whole. False for who must notice that its peer went away.
   */
  readonly repeatable?: boolean;
  /** Called once when the request's head has been handed to the socket: from here on the peer may have acted. */
  readonly onSent?: () => void;
  /** Hears of interim answers (RFC 9110 §15.2) but 101. */
  readonly onInform?: (status: number, headers: HeaderList) => void;
}

/** The head of an answer, its body still arriving. */
export interface ClientAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: ByteStream;
  header(name: string): string | undefined;
  /** Reads the whole body. @throws TuskerError NET_BODY_TOO_LARGE past `maxBytes` */
  bytes(maxBytes: number): Promise<Uint8Array>;
  /** As `bytes`, decoded as UTF-8. */
  text(maxBytes: number): Promise<string>;
  /** Fields that came after the body; complete once the body has been read. */
  trailers(): HeaderList;
  /** Gives up on the rest of the body; the connection is closed or drained, whichever is safe. */
  discard(): void;
}

/**
 * Connections to one origin.
 *
 * Failures are TuskerErrors: NET_CONNECT (nothing was sent), NET_RESET (the peer may have acted), NET_TIMEOUT,
 * KERNEL_ABORTED, NET_MALFORMED (with `details.sent` false the request itself cannot be written, otherwise the peer
 * does not speak HTTP), KERNEL_INTERNAL (the request's own body broke; a TuskerError of it passes as it is).
 * `details.sent` says whether the head had left.
 */
export interface Pool extends AsyncDisposable {
  readonly origin: string;
  request(request: ClientRequest): Promise<ClientAnswer>;
}

/** First value of a field in flat pairs, any case. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const own = headers[i] ?? "";
    // Most names are of another length, and most of the others are lower-case already.
    if (own.length === wanted.length && (own === wanted || own.toLowerCase() === wanted))
      return headers[i + 1];
  }
  return undefined;
}
