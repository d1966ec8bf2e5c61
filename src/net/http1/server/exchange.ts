import { TuskerError } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import type { SharedBytes } from "../../pushed-body.ts";
import type { SocketPort, TlsFacts } from "../../socket/port.ts";
import { chunkHead, isPlain, lastChunk, lengthLine } from "../codec/encode.ts";
import { blockOf, type FieldBlock, Unwritable } from "../codec/field-block.ts";
import { statusLine } from "../codec/reasons.ts";
import {
  chunked,
  type ExchangeListener,
  type Http1Exchange,
  type RequestHead,
  type Tunnel,
  untilClose,
} from "../engine.ts";

/** What an exchange needs of its connection. */
export interface ExchangeHost {
  readonly port: SocketPort;
  readonly head: RequestHead;
  /** Whether the connection stays open after this answer, as far as is known when its head is written. */
  persists(exchange: Exchange): boolean;
  /** Lines that say so. */
  connectionLines(persists: boolean): string;
  dateLine(): string;
  bodyWanted(): void;
  bodyHeld(): void;
  /** More was written than the client takes at the moment. */
  behind(): void;
  /** The answer is complete. */
  answered(exchange: Exchange): void;
  detach(exchange: Exchange): Uint8Array;
}

const deaf: ExchangeListener = { onBody() {}, onBodyEnd() {}, onBodyFailed() {}, onDrain() {}, onEnd() {} };

/** One request of a connection and the answer to it. */
export class Exchange implements Http1Exchange {
  listener: ExchangeListener = deaf;
  begun = false;
  ended = false;
  /** The request's body has come to its end, or never will. */
  bodyOver: boolean;
  paused = true;
  /** Somebody takes in the body, if not at this moment. */
  wanted = false;
  /** The head of the answer said that the connection stays. */
  persistent = false;
  /** The answer is complete. */
  answered = false;
  /** Something of the answer was written. */
  wrote = false;
  readonly #host: ExchangeHost;
  /** Head of the answer that waits for the first piece of its body. */
  #held = "";
  /** Bytes the answer still owes; `chunked`, `untilClose`; NaN when it has no body whatever is written. */
  #owed = 0;
  #continued = false;

  constructor(host: ExchangeHost) {
    this.#host = host;
    this.bodyOver = host.head.length === 0;
  }

  get head(): RequestHead {
    return this.#host.head;
  }

  get remoteAddress(): string {
    return this.#host.port.remoteAddress;
  }

  get tls(): TlsFacts | undefined {
    return this.#host.port.tls;
  }

  attach(listener: ExchangeListener): void {
    this.listener = listener;
  }

  resume(): void {
    if (this.ended || !this.paused) return;
    this.paused = false;
    this.wanted = true;
    if (this.bodyOver) return;
    if (this.head.expectsContinue && !this.#continued && !this.begun) {
      this.#continued = true;
      this.#host.port.write(`${statusLine(100)}\r\n`);
    }
    this.#host.bodyWanted();
  }

  pause(): void {
    if (this.ended || this.paused) return;
    this.paused = true;
    if (!this.bodyOver) this.#host.bodyHeld();
  }

  discard(): void {
    this.pause();
    this.wanted = false;
    if (this.answered && !this.ended) this.#host.answered(this);
  }

  inform(status: number, fields: HeaderList | FieldBlock): void {
    if (this.begun || this.ended || this.head.minor === 0 || status < 100 || status > 199 || status === 101)
      return;
    if (status === 100) this.#continued = true;
    this.#host.port.write(`${statusLine(status)}${writable(fields).text}\r\n`);
  }

  begin(status: number, fields: HeaderList | FieldBlock, length: number): void {
    const head = this.#headOf(status, fields, length);
    if (head === undefined) return;
    this.#held = head;
    if (holding.push(this) === 1) void atEndOfTurn.then(flushAll);
  }

  retract(): boolean {
    if (this.#held === "" || this.ended) return false;
    this.#held = "";
    this.begun = false;
    return true;
  }

  write(bytes: Uint8Array): boolean {
    if (this.ended || Number.isNaN(this.#owed) || bytes.byteLength === 0) return true;
    if (this.#owed === chunked) return this.#sent(chunkHead(bytes.byteLength), bytes, "\r\n");
    if (this.#owed >= 0) {
      if (bytes.byteLength > this.#owed) throw this.#outOfStep("longer");
      this.#owed -= bytes.byteLength;
    }
    return this.#sent("", bytes, "");
  }

  share(shared: SharedBytes): boolean {
    if (this.ended || this.#held !== "" || this.#owed !== chunked) return this.write(shared.bytes);
    return this.#pace(this.#host.port.write(shared.chunk));
  }

  end(trailers?: HeaderList): void {
    if (this.ended || this.answered) return;
    const last = this.#owed === chunked ? lastChunk(trailers) : "";
    if (this.#owed > 0) throw this.#outOfStep("shorter");
    const text = this.#held + last;
    this.#held = "";
    if (text !== "") this.#pace(this.#host.port.write(text));
    this.#done();
  }

  send(status: number, fields: HeaderList | FieldBlock, body?: string | Uint8Array): void {
    const whole = typeof body !== "string" || isPlain(body) ? body : Buffer.from(body);
    const head = this.#headOf(status, fields, whole?.length ?? 0);
    if (head === undefined) return;
    const { port } = this.#host;
    const bare = whole === undefined || whole.length === 0 || Number.isNaN(this.#owed);
    if (bare) this.#pace(port.write(head));
    else if (typeof whole === "string") this.#pace(port.write(head + whole));
    else this.#pace(port.writeFramed(head, whole, ""));
    this.#done();
  }

  upgrade(protocol: string, fields: HeaderList | FieldBlock): Tunnel {
    const text = switchingHead(protocol, fields);
    const { port } = this.#host;
    this.begun = true;
    this.ended = true;
    port.write(text);
    return { socket: port, early: this.#host.detach(this) };
  }

  abort(): void {
    if (!this.ended) this.#host.port.destroy();
  }

  /** The whole head of the answer; undefined when nobody is left to hear it. */
  #headOf(status: number, fields: HeaderList | FieldBlock, length: number): string | undefined {
    if (this.begun) throw new TuskerError("KERNEL_INTERNAL", "an exchange was answered twice");
    const { method, minor } = this.head;
    const block = writable(fields);
    const start = statusLine(status);
    this.begun = true;
    if (this.ended) return undefined;
    // RFC 9112 §6.1: an HTTP/1.0 client knows no chunks; its body ends with the connection.
    const told = length === chunked && minor === 0 ? untilClose : length;
    const bodyless = method === "HEAD" || status === 204 || status === 304;
    this.#owed = bodyless ? Number.NaN : told;
    const ends = (told === untilClose && !bodyless) || block.closes;
    this.persistent = this.#host.persists(this) && !ends;
    // RFC 9110 §8.6, §15.4.5: a 204 has no length; that of a 304 would be the one of a body that is not sent.
    const lengthText = status === 204 || (status === 304 && told <= 0) ? "" : lengthLine(told);
    const date = block.hasDate ? "" : this.#host.dateLine();
    const connection = this.#host.connectionLines(this.persistent);
    // RFC 9110 §15.5.22: what must be changed to. §7.8: named in Connection, as it is for the next hop alone.
    const change =
      status === 426 && block.upgrade !== "" ? `Upgrade: ${block.upgrade}\r\nConnection: Upgrade\r\n` : "";
    return `${start}${block.text}${lengthText}${date}${connection}${change}\r\n`;
  }

  /** An answer whose body lets wait for it shows its head meanwhile. */
  flush(): void {
    if (this.#held === "" || this.ended) return;
    const text = this.#held;
    this.#held = "";
    this.#pace(this.#host.port.write(text));
  }

  #sent(before: string, bytes: Uint8Array, after: string): boolean {
    const { port } = this.#host;
    const text = this.#held + before;
    this.#held = "";
    return this.#pace(text === "" && after === "" ? port.write(bytes) : port.writeFramed(text, bytes, after));
  }

  #pace(ready: boolean): boolean {
    this.wrote = true;
    if (!ready) this.#host.behind();
    return ready;
  }

  #done(): void {
    this.answered = true;
    this.#host.answered(this);
  }

  /** RFC 9112 §6.3: an answer of another length than it said would shift all that follow it. */
  #outOfStep(how: string): TuskerError {
    this.abort();
    return new TuskerError("KERNEL_INTERNAL", `the body of an answer is ${how} than its head said`);
  }
}

/** The head of an answer that changes to a protocol. @throws TuskerError NET_MALFORMED when it cannot be written */
export function switchingHead(protocol: string, fields: HeaderList | FieldBlock): string {
  // Checked under another name, because the block leaves Upgrade to the engine.
  writable(["Upgrade-To", protocol]);
  const change = `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
  return `${statusLine(101)}${change}${writable(fields).text}\r\n`;
}

/** Exchanges that began to answer in this turn: one task for all of them. */
const holding: Exchange[] = [];
const atEndOfTurn = Promise.resolve();

function flushAll(): void {
  for (const exchange of holding.splice(0)) exchange.flush();
}

function writable(fields: HeaderList | FieldBlock): FieldBlock {
  try {
    return blockOf(fields);
  } catch (cause) {
    if (!(cause instanceof Unwritable)) throw cause;
    const message = `the answer cannot be written: ${cause.message}`;
    throw new TuskerError("NET_MALFORMED", message, { status: 500, details: { sent: false } });
  }
}
