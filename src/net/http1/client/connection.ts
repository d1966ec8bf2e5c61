import { TuskerError } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import { bufferOf } from "../../socket/buffer.ts";
import { kept } from "../../socket/lent.ts";
import type { SocketListener, SocketPort } from "../../socket/port.ts";
import { Deadline, type TimerWheel } from "../../socket/wheel.ts";
import { AnswerDecoder, type AnswerSink } from "../codec/answer-decoder.ts";
import { chunkHead, lastChunk } from "../codec/encode.ts";
import type { HeadLimits } from "../codec/fields.ts";
import { type AnswerHead, chunked } from "../engine.ts";
import { brokeOff, noHttp, tooSlow } from "./failure.ts";
import type { Carrier, Outgoing } from "./outgoing.ts";

/** What a connection tells the pool it belongs to. */
export interface ConnectionOwner {
  readonly origin: string;
  readonly wheel: TimerWheel;
  readonly limits: HeadLimits;
  /** Longest pause inside an answer's body. */
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Free for the next request. */
  onFree(connection: ClientConnection): void;
  /** No longer of use, for whatever reason. */
  onGone(connection: ClientConnection): void;
  /** A kept connection turned out dead before a byte of the answer came: nothing is lost by asking anew. */
  onStale(exchange: Outgoing): void;
}

/** A peer says for how long it keeps a connection; ours ends this much earlier, so that we never write into a closing one. */
const keepAliveMarginMs = 1_000;

/** One connection to an origin: one request at a time. */
export class ClientConnection implements SocketListener, AnswerSink, Carrier {
  readonly #port: SocketPort;
  readonly #owner: ConnectionOwner;
  readonly #decoder: AnswerDecoder;
  readonly #timer = new Deadline(() => this.#onTime());
  #exchange: Outgoing | undefined;
  #head: AnswerHead | undefined;
  #trailers: HeaderList = [];
  /** Bytes of the present answer have come. */
  #answering = false;
  #served = 0;
  #paused = false;
  #gone = false;

  constructor(port: SocketPort, owner: ConnectionOwner) {
    this.#port = port;
    this.#owner = owner;
    this.#decoder = new AnswerDecoder(this, owner.limits);
    port.attach(this);
  }

  /** True when it can carry a request. */
  get usable(): boolean {
    return !this.#gone && !this.#port.closed && this.#exchange === undefined;
  }

  /** Rests until a request comes. */
  wait(): void {
    this.#owner.wheel.set(this.#timer, this.#owner.idleTimeoutMs);
  }

  /** Sends a request whose turn has come. */
  begin(exchange: Outgoing): void {
    const { request } = exchange;
    this.#exchange = exchange;
    this.#answering = false;
    this.#head = undefined;
    exchange.carrier = this;
    exchange.sent = true;
    this.#decoder.expect(request.method, request.upgrade !== undefined);
    this.#owner.wheel.set(this.#timer, request.headTimeoutMs);
    if (exchange.body === undefined) this.#port.write(exchange.head);
    else this.#port.writeFramed(exchange.head, exchange.body, "");
    exchange.listener.onSent(exchange);
  }

  // What the request does.

  write(bytes: Uint8Array): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.complete) return true;
    this.#progress();
    if (exchange.owed === chunked) return this.#port.writeFramed(chunkHead(bytes.byteLength), bytes, "\r\n");
    if (bytes.byteLength > exchange.owed) throw this.#outOfStep("longer");
    exchange.owed -= bytes.byteLength;
    return this.#port.write(bytes);
  }

  end(trailers: HeaderList | undefined): void {
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.complete) return;
    if (exchange.owed === chunked) this.#port.write(lastChunk(trailers));
    else if (exchange.owed > 0) throw this.#outOfStep("shorter");
    exchange.complete = true;
    this.#progress();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#port.pause();
    if (this.#head !== undefined) this.#owner.wheel.clear(this.#timer);
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#port.resume();
    if (this.#decoder.inBody) this.#owner.wheel.set(this.#timer, this.#owner.bodyTimeoutMs);
  }

  destroy(): void {
    this.#drop();
    this.#port.destroy();
  }

  /** Closes now; a request on it fails. */
  cut(): void {
    this.#fail(brokeOff(this.#owner.origin, undefined));
  }

  // What the socket tells.

  onData(given: Uint8Array): void {
    const bytes = bufferOf(given);
    const exchange = this.#exchange;
    // RFC 9112 §9.2: what nobody asked for belongs to no request; the next one must not take it for its answer.
    if (exchange === undefined || this.#gone) {
      this.destroy();
      return;
    }
    this.#answering = true;
    const at = this.#decoder.decode(bytes, 0);
    if (this.#decoder.problem !== undefined) this.#fail(noHttp(this.#owner.origin, this.#decoder.problem));
    else if (this.#head?.status === 101) this.#tunnel(exchange, bytes.subarray(at));
    else if (this.#decoder.resting) this.#finish(at === bytes.length);
    else if (this.#decoder.inBody && !this.#paused && !this.#gone)
      this.#owner.wheel.set(this.#timer, this.#owner.bodyTimeoutMs);
  }

  onEnd(): void {
    if (this.#gone) return;
    if (this.#exchange === undefined) this.destroy();
    else if (this.#decoder.inBody && this.#decoder.close()) this.#finish(false);
    else this.#lost(undefined);
  }

  onDrain(): void {
    const exchange = this.#exchange;
    if (exchange === undefined || this.#gone) return;
    this.#progress();
    exchange.listener.onDrain();
  }

  onClose(error: Error | undefined): void {
    if (!this.#gone) this.#lost(error);
  }

  // What the decoder tells.

  onInform(status: number, fields: HeaderList): void {
    this.#exchange?.listener.onInform(status, fields);
  }

  onHead(head: AnswerHead): void {
    this.#head = head;
    this.#exchange?.listener.onHead(head);
  }

  onBody(bytes: Buffer): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && !exchange.over) exchange.listener.onBody(bytes);
  }

  onBodyEnd(trailers: HeaderList): void {
    this.#trailers = trailers;
  }

  // Ending.

  /** The answer is through. `clean` when nothing came behind it. */
  #finish(clean: boolean): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    const reusable = clean && exchange.complete && this.#head?.keepAlive === true && !exchange.over;
    this.#exchange = undefined;
    this.#served++;
    if (reusable && this.#rest()) this.#owner.onFree(this);
    else this.#close();
    if (exchange.over) return;
    exchange.over = true;
    exchange.listener.onEnd(this.#trailers);
  }

  /** @returns false when the peer gives us no time for another request */
  #rest(): boolean {
    const { wheel, idleTimeoutMs } = this.#owner;
    const seconds = this.#decoder.keepAliveSeconds;
    const told = seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1_000 - keepAliveMarginMs;
    const idleMs = Math.min(idleTimeoutMs, told);
    if (idleMs <= 0) return false;
    this.resume();
    wheel.set(this.#timer, idleMs);
    return true;
  }

  #tunnel(exchange: Outgoing, early: Uint8Array): void {
    const socket = this.#port;
    this.#drop();
    if (exchange.over) {
      socket.destroy();
      return;
    }
    exchange.over = true;
    socket.pause();
    exchange.listener.onTunnel({ socket, early: kept(early) });
  }

  /** The connection ended with a request on it. */
  #lost(cause: Error | undefined): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    const stale = this.#served > 0 && !this.#answering;
    this.destroy();
    if (exchange === undefined || exchange.over) return;
    if (stale && exchange.request.repeatable && !exchange.begun && !exchange.repeated)
      this.#owner.onStale(exchange);
    else exchange.fail(brokeOff(this.#owner.origin, cause));
  }

  #fail(error: TuskerError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.destroy();
    exchange?.fail(error);
  }

  #close(): void {
    this.#drop();
    this.#port.close();
  }

  #drop(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#owner.wheel.remove(this.#timer);
    this.#owner.onGone(this);
  }

  /** The peer's time to answer begins anew with all we could send it. */
  #progress(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#head === undefined)
      this.#owner.wheel.set(this.#timer, exchange.request.headTimeoutMs);
  }

  #onTime(): void {
    const exchange = this.#exchange;
    const { origin, bodyTimeoutMs } = this.#owner;
    if (exchange === undefined) this.#close();
    else if (this.#decoder.inBody)
      this.#fail(tooSlow(origin, "sent nothing more of its answer", bodyTimeoutMs));
    else this.#fail(tooSlow(origin, "did not answer", exchange.request.headTimeoutMs));
  }

  #outOfStep(how: string): TuskerError {
    const message = `the body of a request is ${how} than its head said`;
    const error = new TuskerError("KERNEL_INTERNAL", message, { details: { sent: true } });
    this.#fail(error);
    return error;
  }
}
