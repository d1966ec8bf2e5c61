import { type Clock, type Timer, TuskerError } from "../../kernel/index.ts";
import {
  type AnswerHead,
  type AnswerListener,
  type ByteStream,
  createHttp1Client,
  type HeaderList,
  type Http1Client,
  type OutgoingExchange,
  type SocketListener,
  type SocketPort,
  type Tunnel,
} from "../../net/index.ts";
import { DeclinedBody } from "./declined.ts";

/** A request to change the protocol, as the service shall see it. */
export interface TunnelRequest {
  readonly method: string;
  readonly target: string;
  readonly fields: HeaderList;
  readonly protocol: string;
  /** How long the head of the answer may take. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the service said. */
export type TunnelOutcome =
  /** It changed to the protocol; `fields` are those of its 101. The connection is the caller's. */
  | { readonly kind: "tunnel"; readonly fields: HeaderList; readonly tunnel: Tunnel }
  /** It did not want to: its answer, whose body is still coming. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly fields: HeaderList;
      readonly body: ByteStream;
      /** To be called when nobody reads the body any more, also when nobody ever did. */
      discard(): void;
    }
  | { readonly kind: "failed"; readonly cause: TuskerError; readonly sent: boolean };

/** Asks a service to change the protocol, on a connection of its own: it is used for nothing else afterwards. */
export function openTunnel(origin: string, request: TunnelRequest, clock: Clock): Promise<TunnelOutcome> {
  const client = createHttp1Client(origin, { connections: 1, clock });
  return new Promise((resolve) => {
    const done = (outcome: TunnelOutcome): void => {
      request.signal.removeEventListener("abort", onAbort);
      if (outcome.kind === "failed") client.destroy();
      resolve(outcome);
    };
    const onAbort = (): void => {
      const cause = new TuskerError("KERNEL_ABORTED", "the client went away", {
        cause: request.signal.reason,
      });
      done({ kind: "failed", cause, sent: true });
    };
    if (request.signal.aborted) return onAbort();
    request.signal.addEventListener("abort", onAbort, { once: true });
    send(client, request, new Listener(done, () => client.destroy()), done);
  });
}

function send(
  client: Http1Client,
  request: TunnelRequest,
  listener: AnswerListener,
  done: (outcome: TunnelOutcome) => void,
): void {
  const { method, target, fields, protocol, timeoutMs } = request;
  try {
    client.send(
      { method, target, fields, upgrade: protocol, headTimeoutMs: timeoutMs, repeatable: false },
      listener,
    );
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    done({ kind: "failed", cause: error, sent: false });
  }
}

class Listener implements AnswerListener {
  readonly #done: (outcome: TunnelOutcome) => void;
  readonly #over: () => void;
  #exchange: OutgoingExchange | undefined;
  #fields: HeaderList = [];
  #declined: DeclinedBody | undefined;

  constructor(done: (outcome: TunnelOutcome) => void, over: () => void) {
    this.#done = done;
    this.#over = over;
  }

  onSent(exchange: OutgoingExchange): void {
    this.#exchange = exchange;
  }

  onInform(): void {}
  onDrain(): void {}

  onHead({ status, fields }: AnswerHead): void {
    this.#fields = [...fields];
    if (status === 101) return;
    const declined = new DeclinedBody(this.#exchange);
    this.#declined = declined;
    const { body } = declined;
    const answer = { kind: "answer", status, fields: this.#fields, body, discard: this.#over } as const;
    // What came with the head may show that it is no answer: that is known when all of it has been read.
    queueMicrotask(() => this.#done(answer));
  }

  onBody(bytes: Uint8Array): void {
    this.#declined?.push(bytes);
  }

  onEnd(): void {
    this.#declined?.end();
  }

  onTunnel(tunnel: Tunnel): void {
    this.#done({ kind: "tunnel", fields: this.#fields, tunnel });
  }

  onFailed(cause: TuskerError): void {
    this.#declined?.fail(cause);
    // Says nothing when the answer was given already.
    this.#done({ kind: "failed", cause, sent: cause.details.sent === true });
  }
}

export interface JoinOptions {
  /** Both are closed when neither sent anything for this long. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** Called once, when both are closed. */
  readonly onEnd: () => void;
}

/**
 * Joins two connections: every byte of the one goes to the other, at the pace of who reads. An end is passed on, and
 * each direction ends on its own, as with TCP itself.
 */
export function join(a: Tunnel, b: Tunnel, { idleMs, clock, onEnd }: JoinOptions): void {
  let lastMs = clock.now();
  let open = 2;
  let timer: Timer | undefined;
  const watch = (): void => {
    const restMs = idleMs - (clock.now() - lastMs);
    if (restMs > 0) {
      timer = clock.after(restMs, watch, { background: true });
      return;
    }
    a.socket.destroy();
    b.socket.destroy();
  };
  const closed = (): void => {
    open--;
    if (open > 0) return;
    timer?.cancel();
    onEnd();
  };
  const seen = (): void => {
    lastMs = clock.now();
  };
  a.socket.attach(new OneWay(a.socket, b.socket, seen, closed));
  b.socket.attach(new OneWay(b.socket, a.socket, seen, closed));
  if (a.early.length > 0) b.socket.write(a.early);
  if (b.early.length > 0) a.socket.write(b.early);
  a.socket.resume();
  b.socket.resume();
  watch();
}

class OneWay implements SocketListener {
  readonly #from: SocketPort;
  readonly #to: SocketPort;
  readonly #seen: () => void;
  readonly #closed: () => void;

  constructor(from: SocketPort, to: SocketPort, seen: () => void, closed: () => void) {
    this.#from = from;
    this.#to = to;
    this.#seen = seen;
    this.#closed = closed;
  }

  onData(bytes: Buffer): void {
    this.#seen();
    if (!this.#to.write(bytes)) this.#from.pause();
  }

  onEnd(): void {
    this.#to.end();
  }

  /** Ours takes more: the other side may send again. */
  onDrain(): void {
    this.#to.resume();
  }

  onClose(error: Error | undefined): void {
    // A reset is passed on as one: an end would say that everything has been sent.
    if (error === undefined) this.#to.close();
    else this.#to.destroy();
    this.#closed();
  }
}
