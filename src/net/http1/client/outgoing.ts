import type { TuskerError } from "../../../kernel/index.ts";
import type { HeaderList } from "../../exchange.ts";
import { unwritable } from "../../unwritable.ts";
import { hostLine, isPlain, lengthLine, requestLine } from "../codec/encode.ts";
import { blockOf, FieldBlock, Unwritable } from "../codec/field-block.ts";
import type { AnswerListener, OutgoingExchange, OutgoingRequest } from "../engine.ts";

/** What carries a request that left the queue. */
export interface Carrier {
  write(bytes: Uint8Array): boolean;
  end(trailers: HeaderList | undefined): void;
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** Where requests are sent from. */
export interface OutgoingPlace {
  readonly origin: string;
  /** What Host says where the request does not. */
  readonly authority: string;
  /** A request was given up or has failed. */
  onOver(exchange: Outgoing): void;
}

/** A request from the moment it was asked for until its answer is through. */
export class Outgoing implements OutgoingExchange {
  readonly request: OutgoingRequest;
  readonly listener: AnswerListener;
  /** First line and fields; the body of `body`, if any, comes behind it. */
  readonly head: string;
  readonly body: Uint8Array | undefined;
  /** Bytes the body still owes; `chunked` when only `end` tells. */
  owed: number;
  /** The request is written whole. */
  complete: boolean;
  /** Pieces of the body were written: it cannot be sent again. */
  begun = false;
  /** Nothing more is told. */
  over = false;
  /** Its head has been handed to a socket. */
  sent = false;
  /** It has been sent a second time already. */
  repeated = false;
  carrier: Carrier | undefined;
  readonly #place: OutgoingPlace;

  /** @throws TuskerError NET_MALFORMED when it cannot be written */
  constructor(request: OutgoingRequest, listener: AnswerListener, place: OutgoingPlace) {
    this.request = request;
    this.listener = listener;
    this.#place = place;
    const { body } = request;
    const text = typeof body === "string" && isPlain(body) ? body : undefined;
    const bytes = typeof body === "string" ? (text === undefined ? Buffer.from(body) : undefined) : body;
    const whole = body !== undefined || request.length === undefined || request.length === 0;
    this.owed = whole ? 0 : (request.length ?? 0);
    this.complete = whole;
    const length = whole ? (text?.length ?? bytes?.byteLength ?? 0) : this.owed;
    this.head = headOf(request, length, place) + (text ?? "");
    this.body = bytes === undefined || bytes.byteLength === 0 ? undefined : bytes;
  }

  write(bytes: Uint8Array): boolean {
    if (this.over || this.carrier === undefined || bytes.byteLength === 0) return true;
    this.begun = true;
    return this.carrier.write(bytes);
  }

  end(trailers?: HeaderList): void {
    if (!this.over) this.carrier?.end(trailers);
  }

  pause(): void {
    if (!this.over) this.carrier?.pause();
  }

  resume(): void {
    if (!this.over) this.carrier?.resume();
  }

  abort(): void {
    if (this.over) return;
    this.over = true;
    this.#place.onOver(this);
    this.carrier?.destroy();
  }

  fail(error: TuskerError): void {
    if (this.over) return;
    this.over = true;
    this.#place.onOver(this);
    this.listener.onFailed(error);
  }
}

/** Methods whose requests say their length even when it is 0 (RFC 9110 §8.6). */
const bodied = new Set(["POST", "PUT", "PATCH"]);

function headOf(request: OutgoingRequest, length: number, { origin, authority }: OutgoingPlace): string {
  const { method, target, fields, upgrade } = request;
  try {
    const block = blockOf(fields);
    const host = block.hasHost ? "" : hostLine(authority);
    const told = length !== 0 || bodied.has(method) ? lengthLine(length) : "";
    const asks = upgrade === undefined ? "" : upgradeLines(upgrade);
    return `${requestLine(method, target)}${host}${block.text}${told}${asks}\r\n`;
  } catch (cause) {
    if (cause instanceof Unwritable) throw unwritable(origin, cause);
    throw cause;
  }
}

/** @throws Unwritable */
function upgradeLines(protocol: string): string {
  // Checked under another name, because the block leaves Upgrade to the engine.
  FieldBlock.from(["Upgrade-To", protocol]);
  return `Connection: Upgrade\r\nUpgrade: ${protocol}\r\n`;
}
