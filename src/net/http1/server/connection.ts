import { TuskerError } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import { bufferOf } from "../../socket/buffer.ts";
import { kept } from "../../socket/lent.ts";
import type { SocketListener, SocketPort } from "../../socket/port.ts";
import type { WireProblem } from "../codec/problem.ts";
import { RequestDecoder, type RequestSink } from "../codec/request-decoder.ts";
import type { RequestHead } from "../engine.ts";
import { limitOf } from "../limits.ts";
import { Deadlines } from "./deadlines.ts";
import { Exchange, type ExchangeHost } from "./exchange.ts";
import {
  connectAnswer,
  crowdedAnswer,
  type Farewell,
  lastWords,
  malformedAnswer,
  malformedError,
  slowHeadAnswer,
} from "./refusal.ts";
import type { ServerShared } from "./shared.ts";

/** Bytes behind a request that are taken in before it is answered. */
const maxHeldBytes = 16 * 1024;
/** Bytes of answers that wait for a slow client before its next request is begun. */
const maxUnsentBytes = 64 * 1024;

/**
 * One client. The way of a request through it: `onData` → `#process` → decoder → `onHead` → handler → `Exchange` →
 * port. One request at a time: what comes behind it waits, a little of it here and the rest in the socket.
 */
export class ServerConnection implements SocketListener, RequestSink, ExchangeHost {
  readonly port: SocketPort;
  readonly #shared: ServerShared;
  readonly #decoder: RequestDecoder;
  readonly #deadlines: Deadlines;
  #head: RequestHead | undefined;
  #exchange: Exchange | undefined;
  /** A head has been read and its handler not called yet. */
  #fresh = false;
  /** Bytes that came and wait for their turn. */
  #pending: Buffer | undefined;
  #busy = false;
  /** The socket is not being read. */
  #stopped = false;
  #peerEnded = false;
  #detached = false;
  /** The rest of a request's body is lost. */
  #broken = false;
  #requests = 0;

  constructor(port: SocketPort, shared: ServerShared) {
    this.port = port;
    this.#shared = shared;
    this.#decoder = new RequestDecoder(this, shared.decoding);
    this.#deadlines = new Deadlines(this, shared);
  }

  /** Begins to serve; `early` was read by somebody else before. */
  start(early?: Uint8Array): void {
    this.#shared.open.add(this);
    this.port.attach(this);
    this.#expectRequest();
    if (early !== undefined && early.length > 0) this.onData(early);
  }

  /** Tells the client that there is no room, and goes. */
  refuse(): void {
    this.#shared.limit("connections");
    this.port.attach(this);
    this.#say(crowdedAnswer());
  }

  /** The server drains. A request may be on its way also to who rests: it has a moment to come. */
  drain(): void {
    const rests = this.#exchange === undefined && !this.#deadlines.leaving && this.#decoder.resting;
    if (rests && this.#shared.drainRestMs === 0) this.port.close();
    else this.#deadlines.hurry();
  }

  /** True while an answer is on its way to the client, also when all of it is written. */
  get answering(): boolean {
    return this.#exchange?.begun ?? this.#deadlines.leaving;
  }

  destroy(): void {
    this.port.destroy();
  }

  // What the socket tells.

  onData(given: Uint8Array): void {
    if (this.#deadlines.leaving) return;
    const bytes = bufferOf(given);
    if (this.#pending !== undefined || this.#busy) this.#hold(bytes);
    else this.#process(bytes, 0);
  }

  onEnd(): void {
    this.#peerEnded = true;
    if (!this.#busy) this.#afterPeerEnd();
  }

  onDrain(): void {
    this.#deadlines.taken();
    if (this.#exchange !== undefined) this.#exchange.listener.onDrain();
    else if (this.#deadlines.waitsForNothing && !this.#detached && !this.#busy) this.#next();
  }

  onClose(error: Error | undefined): void {
    this.#shared.open.delete(this);
    this.#deadlines.end();
    this.#pending = undefined;
    this.#gone(error);
  }

  // What the decoder tells.

  onHead(head: RequestHead): void {
    this.#head = head;
    this.#fresh = true;
  }

  onBody(bytes: Buffer): void {
    this.#deadlines.bodyCame(bytes.length);
    this.#exchange?.listener.onBody(bytes);
  }

  onBodyEnd(trailers: HeaderList): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.bodyOver) return;
    exchange.bodyOver = true;
    // Read on, though nothing is due: only who reads hears that the client went.
    this.#go();
    exchange.listener.onBodyEnd(trailers);
    if (exchange.answered) this.#finish(exchange);
  }

  // What an exchange asks for.

  get head(): RequestHead {
    if (this.#head === undefined) throw new TuskerError("KERNEL_INTERNAL", "an exchange without request");
    return this.#head;
  }

  persists(exchange: Exchange): boolean {
    const { drainRestMs, limits } = this.#shared;
    if (drainRestMs !== undefined || this.#saidAll || this.#broken || !this.head.keepAlive) return false;
    // A body nobody takes in would stand before the next request.
    if (!exchange.bodyOver && !exchange.wanted) return false;
    if (this.#requests < limits.maxRequests) return true;
    this.#shared.limit("requests");
    return false;
  }

  connectionLines(persists: boolean): string {
    if (!persists) return "Connection: close\r\n";
    return this.#shared.keepAliveLines;
  }

  dateLine(): string {
    return this.#shared.dateLine();
  }

  bodyWanted(): void {
    this.#go();
    if (this.#busy) return;
    const bytes = this.#pending;
    this.#pending = undefined;
    if (bytes !== undefined) this.#process(bytes, 0);
    else this.#await();
  }

  bodyHeld(): void {
    this.#stop();
    this.#deadlines.bodyHeld();
    if (!this.#busy) this.#await();
  }

  behind(): void {
    this.#deadlines.behind();
  }

  answered(exchange: Exchange): void {
    if (exchange.bodyOver) this.#finish(exchange);
    else if (!exchange.wanted) this.#end(exchange, false);
  }

  detach(_exchange: Exchange): Uint8Array {
    const early = this.#pending === undefined ? Buffer.alloc(0) : kept(this.#pending);
    const { port } = this;
    const { open, tunnels } = this.#shared;
    open.delete(this);
    tunnels.add(port);
    port.whenClosed(() => tunnels.delete(port));
    this.#pending = undefined;
    this.#detached = true;
    this.#exchange = undefined;
    this.#deadlines.end();
    this.#stop();
    return early;
  }

  // Reading.

  /** Reads requests and bodies until the bytes are used up or have to wait. */
  #process(bytes: Buffer, from: number): void {
    this.#busy = true;
    let at = from;
    while (at < bytes.length && !this.port.closed && !this.#deadlines.leaving) {
      const exchange = this.#exchange;
      if (exchange === undefined ? this.#unsent : exchange.bodyOver || exchange.paused) {
        this.#hold(at === 0 ? bytes : bytes.subarray(at));
        break;
      }
      at = this.#decoder.decode(bytes, at);
      if (this.#decoder.problem !== undefined) this.#refuse(this.#decoder.problem);
      else if (this.#fresh) {
        if (at < bytes.length) this.#pending = bytes.subarray(at);
        this.#begin();
        const rest = this.#pending;
        if (this.#detached || rest === undefined) break;
        this.#pending = undefined;
      }
    }
    this.#busy = false;
    this.#settle();
  }

  /** What is left to do when all that came has been read, or waits. */
  #settle(): void {
    if (this.port.closed || this.#detached || this.#deadlines.leaving) return;
    if (this.#peerEnded) this.#afterPeerEnd();
    else this.#await();
  }

  /**
   * Keeps bytes for later. A socket that is not read does not tell that its client went: a few requests of a client
   * who does not wait for answers are taken in, before the socket waits with them.
   */
  #hold(bytes: Buffer): void {
    const held = this.#pending;
    this.#pending = held === undefined ? bufferOf(kept(bytes)) : Buffer.concat([held, bytes]);
    if (this.#pending.length >= maxHeldBytes || this.#exchange?.bodyOver === false) this.#stop();
  }

  #begin(): void {
    this.#fresh = false;
    this.#requests++;
    this.#deadlines.bodyBegins();
    if (this.head.method === "CONNECT") {
      this.#say(connectAnswer(), this.head.method);
      return;
    }
    const exchange = new Exchange(this);
    this.#exchange = exchange;
    try {
      this.#shared.handler(exchange);
    } catch (error) {
      this.#shared.failed(error);
      exchange.abort();
    }
  }

  #refuse(problem: WireProblem): void {
    const limit = limitOf(problem.clause);
    if (limit !== undefined) this.#shared.limit(limit);
    this.#shared.refused(problem);
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#say(malformedAnswer(problem));
      return;
    }
    this.#failBody(exchange, malformedError(problem));
  }

  /** The rest of a body is lost; an answer may still say why. */
  #failBody(exchange: Exchange, error: TuskerError): void {
    this.#broken = true;
    exchange.bodyOver = true;
    this.#stop();
    if (exchange.answered) this.#end(exchange, false);
    else if (exchange.begun) {
      exchange.listener.onBodyFailed(error);
      this.port.destroy();
    } else exchange.listener.onBodyFailed(error);
  }

  /** The client has ended its side, and nothing of what it said before waits to be read. */
  get #saidAll(): boolean {
    return this.#peerEnded && this.#pending === undefined;
  }

  /** RFC 9293 §3.6: a client that ends its side says no more; it may have gone, or wait for what it asked for. */
  #afterPeerEnd(): void {
    const exchange = this.#exchange;
    if (this.#detached) return;
    const due = exchange !== undefined && !exchange.answered;
    // Who asked for a tunnel and left at once would have one that never hears of its end.
    const gone = due && (this.head.upgrade !== undefined || this.#shared.limits.halfClosedTimeoutMs === 0);
    if (due && exchange.bodyOver && !gone) this.#deadlines.halfClosed();
    else if (!this.#saidAll && !gone) this.#await();
    else if (due) this.port.destroy();
    else this.port.close();
  }

  // Ending.

  #finish(exchange: Exchange): void {
    // Who was told that the connection stays may have sent its next request, whatever we want since.
    this.#end(exchange, exchange.persistent && !this.#saidAll);
  }

  /** The exchange is over; the connection serves the next one, or takes its leave. */
  #end(exchange: Exchange, stays: boolean): void {
    exchange.ended = true;
    this.#exchange = undefined;
    if (!stays) this.#leave();
    exchange.listener.onEnd(undefined);
    if (!stays || this.port.closed || this.#busy) return;
    this.#next();
  }

  /** True when the client has not taken the last answers: who asks on without reading must not fill our memory. */
  get #unsent(): boolean {
    return this.port.pendingBytes >= maxUnsentBytes;
  }

  /** Serves what came in the meantime, or waits for it. */
  #next(): void {
    const bytes = this.#pending;
    if (bytes === undefined || this.#unsent) this.#expectRequest();
    else {
      this.#pending = undefined;
      this.#go();
      this.#process(bytes, 0);
    }
  }

  #gone(cause: Error | undefined): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#exchange = undefined;
    const complete = exchange.answered && exchange.bodyOver;
    exchange.ended = true;
    exchange.bodyOver = true;
    const error = new TuskerError("NET_RESET", "the client went away", { cause });
    exchange.listener.onEnd(complete ? undefined : error);
  }

  #say(farewell: Farewell, method = this.#decoder.method): void {
    const { error, status } = farewell;
    const { remoteAddress } = this.port;
    const marks = this.#shared.early({ status, code: error.code, method, remoteAddress });
    this.port.write(lastWords(farewell, method, marks));
    this.#leave();
  }

  /**
   * Ends our side and takes in what still comes, for a moment: a connection closed with unread bytes is reset, and
   * the client might lose our last words (RFC 9112 §9.6).
   */
  #leave(): void {
    if (this.#deadlines.leaving) return;
    this.#pending = undefined;
    if (!this.#deadlines.leave(!this.#peerEnded)) {
      this.port.close();
      return;
    }
    this.port.end();
    this.#go();
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.port.pause();
  }

  #go(): void {
    if (!this.#stopped) return;
    this.#stopped = false;
    this.port.resume();
  }

  // Waiting.

  #expectRequest(): void {
    // The time of an answer that is not taken runs already.
    if (this.#unsent) {
      this.#deadlines.rest();
      return;
    }
    this.#go();
    this.#deadlines.request();
  }

  /** Sets the one deadline that fits the state. */
  #await(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (this.#decoder.resting) this.#expectRequest();
      else this.#deadlines.head();
    } else if (exchange.bodyOver || exchange.paused) this.#deadlines.rest();
    else this.#deadlines.body();
  }

  // What deadlines ask and tell.

  wroteOn(): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return true;
    const { wrote } = exchange;
    exchange.wrote = false;
    return wrote;
  }

  onHeadTooSlow(timeoutMs: number): void {
    this.#say(slowHeadAnswer(timeoutMs));
  }

  onBodyTooSlow(error: TuskerError): void {
    if (this.#exchange !== undefined) this.#failBody(this.#exchange, error);
  }
}
