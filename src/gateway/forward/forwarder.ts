import type { Endpoint } from "../../discovery/index.ts";
import type { TuskerError } from "../../kernel/index.ts";
import type { ByteStream, HeaderList, ServerExchange } from "../../net/index.ts";

/** The engine below the gateway: carries one request to one endpoint, and its answer back. */
export interface Forwarder extends AsyncDisposable {
  readonly name: "engine" | "compat";
  /** Sends a request and waits for the head of its answer. Never throws: what went wrong is an outcome. */
  forward(request: ForwardRequest, to: Endpoint): Promise<ForwardOutcome>;
  /** The endpoint is gone: its connections end when the last exchange on them has. */
  retire(endpoint: Endpoint): void;
}

export interface ForwardRequest {
  readonly method: string;
  /** Path and query as the service shall see them. */
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: ByteStream | undefined;
  /** Asked for when the body has ended; sent where the engine below can. */
  readonly trailers?: (() => HeaderList) | undefined;
  /** Ends the exchange in any state, also while the answer's body is on its way. */
  readonly signal: AbortSignal;
  /** Hears of interim answers but 101. */
  readonly onInform?: (status: number, headers: HeaderList) => void;
}

export type ForwardOutcome =
  | { readonly ok: true; readonly answer: ForwardedAnswer }
  | {
      readonly ok: false;
      /** How far it came: no connection; connected, but no head of an answer; something that is no answer. */
      readonly stage: "connect" | "head" | "protocol";
      readonly cause: TuskerError;
      /** True when the service may have seen the request. */
      readonly sent: boolean;
    };

/** The head of an answer. End it with exactly one of `relay` and `discard`. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  header(name: string): string | undefined;
  /**
   * Answers the client with these fields and streams the body through. Rejects when the service broke off in the
   * middle; the client's connection is closed then, because its answer cannot be completed.
   */
  relay(
    exchange: ServerExchange,
    headers: HeaderList,
    /** What the body goes through on its way, for example a compressor. */
    through?: (body: ByteStream) => ByteStream,
  ): Promise<void>;
  discard(): void;
}
