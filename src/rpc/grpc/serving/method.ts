import type { Incoming } from "../../context.ts";

/**
 * A method at the level of bytes: what contracts, health and reflection all are. Messages come without their prefix
 * and go with it (`frame`). What is thrown becomes the call's status.
 */
export type ByteMethod = UnaryMethod | StreamMethod;

export interface UnaryMethod {
  readonly kind: "unary";
  /**
   * Reads the only message, which is lent for the length of the call, before anything of the call has begun.
   * What is thrown here is given to `answer` as a failed input.
   */
  decode(message: Buffer): unknown;
  answer(call: IncomingCall, input: Input): Promise<Uint8Array> | Uint8Array;
}

/** The input of a unary call, or why there is none. */
export type Input =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

export interface StreamMethod {
  readonly kind: "stream";
  /** Copies what it keeps: the message is lent. */
  decode(message: Buffer): unknown;
  /** Messages as they come; answers as they are ready, taken at the pace of the caller. */
  answers(call: IncomingCall, inputs: AsyncIterable<unknown>): AsyncIterable<Uint8Array>;
}

/** What is known of a call. */
export interface IncomingCall extends Incoming {
  readonly protocol: "grpc";
  readonly path: string;
  readonly remoteAddress: string;
  /** Monotonic milliseconds (Clock.now) when the head came. */
  readonly arrivedMs: number;
}
