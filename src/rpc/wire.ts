import type { Endpoint } from "../discovery/index.ts";
import type { TuskerError } from "../kernel/index.ts";
import type { ClientAnswer, ClientRequest, Pool } from "../net/index.ts";
import type { Failure } from "../resilience/index.ts";
import type { Method, Protocol } from "./contract.ts";

/** What the client needs of a protocol: REST and gRPC are its two implementations. */
export interface Wire {
  readonly protocol: Protocol;
  /** Where an endpoint speaks this protocol; undefined when it does not. */
  originOf(endpoint: Endpoint): string | undefined;
  pool(origin: string): Pool;
  /** The request of a call, the same for every try. @throws TuskerError RPC_INVALID_INPUT, RPC_LOCK */
  prepare(method: Method, input: Readonly<Record<string, unknown>>): Promise<Prepared>;
  /** Fields that tell the callee how long we wait. */
  deadlineFields(remainingMs: number): readonly string[];
  /** Reads an answer to its end. @throws TuskerError NET_RESET, NET_BODY_TOO_LARGE, RPC_PROTOCOL */
  read(method: Method, answer: ClientAnswer): Promise<Told>;
  /** Name and attributes of the client span. */
  describe(method: Method): { readonly name: string; readonly attributes: Readonly<Record<string, string>> };
}

export type Prepared = Pick<ClientRequest, "method" | "path"> & {
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | undefined;
};

/** What a callee said. An error comes with what it means for the endpoint and for another try. */
export type Told =
  | { readonly kind: "value"; readonly value: unknown }
  | {
      readonly kind: "error";
      readonly error: TuskerError;
      readonly failure: Failure;
      readonly verdict: Verdict;
    };

/** What an answer says about the endpoint that gave it. */
export type Verdict = "well" | "failing" | "overloaded";
