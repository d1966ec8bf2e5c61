import type { MethodName } from "./service.ts";

/** A call as data, so that any implementation, in any language, can make it. */
export interface InteropCall {
  /** Asks a service that nobody serves. */
  readonly nowhere?: boolean;
  readonly method: MethodName;
  readonly messages: readonly Message[];
  /** Each message after the first waits for the answer to the one before. */
  readonly turns?: boolean;
  readonly initial?: string;
  readonly trailing?: Uint8Array;
  readonly timeoutMs?: number;
  readonly cancel?: "after begin" | "after first answer";
}

/** As the contract describes it. */
export interface Message {
  readonly payload?: { readonly body: string };
  readonly responseSize?: number;
  readonly responseStatus?: { readonly code: number; readonly message: string };
  readonly responseParameters?: readonly { readonly size: number; readonly intervalMs?: number }[];
}

/** What a caller was told. */
export interface Said {
  readonly status: number;
  readonly message: string;
  /** Of each answer: the length of its payload, or the sum it tells. */
  readonly sizes: readonly number[];
  /** What came back under the two names of the description. */
  readonly initial: string | undefined;
  readonly trailing: Uint8Array | undefined;
}

export interface Caller extends AsyncDisposable {
  call(call: InteropCall): Promise<Said>;
}

export interface Served extends AsyncDisposable {
  readonly port: number;
}

/** "packed": messages above 1 KiB are packed with gzip, where the party can. */
export type Packing = "plain" | "packed";

/** One implementation of gRPC, in both roles. */
export interface Party {
  readonly name: string;
  /** Cases it cannot take part in, and why. */
  readonly cannot: {
    readonly client?: Readonly<Record<string, string>>;
    readonly server?: Readonly<Record<string, string>>;
  };
  serve(packing: Packing): Promise<Served>;
  connect(port: number, packing: Packing): Promise<Caller>;
}

/** The size of an answer, from its JSON. */
export function sizeOf(answer: unknown): number {
  const { payload, aggregatedPayloadSize } = answer as {
    payload?: { body?: string } | null;
    aggregatedPayloadSize?: unknown;
  };
  return Number(aggregatedPayloadSize ?? payload?.body?.length ?? 0);
}

/** Messages at the pace a call asks for; `heard` is told of each answer. */
export class Sending<T> {
  readonly #messages: readonly T[];
  readonly #turns: boolean;
  readonly #holds: boolean;
  #answers = 0;
  #wake: () => void = () => {};
  #over = false;

  constructor(call: InteropCall, messages: readonly T[]) {
    this.#messages = messages;
    this.#turns = call.turns === true;
    this.#holds = call.cancel !== undefined;
  }

  heard(): void {
    this.#answers++;
    this.#wake();
  }

  /** Nothing more is sent. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  async *messages(): AsyncGenerator<T> {
    for (const [i, message] of this.#messages.entries()) {
      while (this.#turns && this.#answers < i && !this.#over) await this.#change();
      if (this.#over) return;
      yield message;
    }
    // A call that is given up must not end by itself.
    while (this.#holds && !this.#over) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
