import type { Endpoint } from "../discovery/index.ts";
import type { TuskerError } from "../kernel/index.ts";
import type { HeaderList } from "../net/index.ts";
import type { Failure } from "../resilience/index.ts";
import type { Method, Protocol } from "./contract.ts";

/** What the client needs of a protocol: REST and gRPC are its two implementations. */
export interface Wire {
  readonly protocol: Protocol;
  /** Where an endpoint speaks this protocol; undefined when it does not. */
  originOf(endpoint: Endpoint): string | undefined;
  /** Connections to one origin. */
  link(origin: string): Link;
  /** The request of a call, the same for every try. @throws TuskerError RPC_INVALID_INPUT, RPC_LOCK */
  prepare(method: Method, input: Readonly<Record<string, unknown>>): Promise<Prepared>;
  /** Name and attributes of the client span. */
  describe(method: Method): { readonly name: string; readonly attributes: Readonly<Record<string, string>> };
}

export interface Link extends AsyncDisposable {
  /** One try of a call. @throws TuskerError NET_…, RPC_PROTOCOL, the error of `late`, the reason of the signal */
  ask(asked: Asked): Promise<Told>;
  /** A call whose messages come over time; undefined where the protocol has none. */
  readonly stream?: ((asked: StreamAsked) => ToldStream) | undefined;
}

/** What every try of a call says. */
export interface Prepared {
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | undefined;
}

/** One try. */
export interface Asked {
  readonly method: Method;
  readonly prepared: Prepared;
  /** Besides those of the protocol. */
  readonly fields: readonly string[];
  readonly timeoutMs: number;
  /** The error when the time is up. */
  readonly late: () => TuskerError;
  /** Fires when the caller gives up; undefined when it cannot. */
  readonly signal: AbortSignal | undefined;
}

export interface StreamAsked extends Omit<Asked, "prepared" | "timeoutMs"> {
  /** Undefined: as long as it takes. */
  readonly timeoutMs: number | undefined;
  /** Hears the head of the answer, before its first message. */
  readonly onHead?: ((fields: HeaderList) => void) | undefined;
  /** Hears what stood after the last message. */
  readonly onTail?: ((fields: HeaderList) => void) | undefined;
  /** Validated by whoever writes them; taken as the callee reads. */
  readonly inputs: AsyncIterable<unknown>;
}

/** Answers as they come. Their end is good, or thrown. */
export type ToldStream = AsyncIterable<unknown>;

/** What a callee said. An error comes with what it means for the endpoint and for another try. */
export type Told = (
  | { readonly kind: "value"; readonly value: unknown }
  | {
      readonly kind: "error";
      readonly error: TuskerError;
      readonly failure: Failure;
      readonly verdict: Verdict;
      /** What the callee asked for in `Retry-After`. */
      readonly retryAfterMs?: number | undefined;
    }
) & {
  /** Fields before and after the answer; absent where nobody answered. */
  readonly head?: HeaderList;
  readonly tail?: HeaderList;
};

/** What an answer says about the endpoint that gave it. */
export type Verdict = "well" | "failing" | "overloaded";
