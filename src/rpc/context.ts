import { AsyncLocalStorage } from "node:async_hooks";
import { type CallContext, type Clock, TuskerError } from "../kernel/index.ts";
import type { HeaderList } from "../net/index.ts";
import { incomingDeadline, remainingMs, type TimeLimit, timeLimit } from "../resilience/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { Method, Protocol } from "./contract.ts";
import type { AnswerFields, AnswerPart } from "./fields/answer.ts";
import { Metadata } from "./fields/metadata.ts";
import { answerValues, type FieldValues, isProblem } from "./fields/values.ts";

/** What a handler knows of the call it answers. */
export interface RpcContext extends CallContext {
  readonly service: string;
  readonly method: string;
  readonly protocol: Protocol;
  /** First value of a header field or gRPC metadata entry, any case. */
  header(name: string): string | undefined;
  /** All header fields or gRPC metadata, binary entries too. */
  readonly metadata: Metadata;
  /**
   * Adds to the head of the answer, in place of what stood under the name: initial metadata over gRPC. Bytes go under
   * names that end in `-bin`. Of a stream: before its first message.
   *
   * @throws TuskerError RPC_INVALID_OUTPUT when it cannot be sent, or not any more
   */
  setHeader(name: string, value: FieldValues): void;
  /**
   * Adds to the end of the answer, also of one that fails: trailing metadata over gRPC. Over REST, where an answer is
   * one piece, it stands in the head.
   *
   * @throws TuskerError RPC_INVALID_OUTPUT when it cannot be sent
   */
  setTrailer(name: string, value: FieldValues): void;
  /** Writes lines that carry the trace of this call. */
  readonly log: Logger;
}

/** The receiving side of a call, before its handler runs. */
export interface Incoming {
  readonly protocol: Protocol;
  /** Monotonic milliseconds when its head came, from when the deadline counts; default now. */
  readonly arrivedMs?: number;
  /** Fires when the caller went away; asked for only when somebody listens. */
  readonly signal: AbortSignal;
  /** Names, in any case, and values by turns. */
  readonly fields: HeaderList;
  /** What is added to the answer; asked for only when somebody does. */
  readonly answer: AnswerFields;
  /** First value, any case. */
  header(name: string): string | undefined;
}

const storage = new AsyncLocalStorage<CallContext>();

/** The call the running code answers: clients take deadline and signal from it. */
export function currentCall(): CallContext | undefined {
  return storage.getStore();
}

/** Runs `run` as part of answering `call`. */
export function withinCall<T>(call: CallContext, run: () => T): T {
  return storage.run(call, run);
}

/** One call on the server: its deadline, its signal, its end. */
export class ServerCall implements RpcContext, Disposable {
  readonly service: string;
  readonly method: string;
  readonly protocol: Protocol;
  readonly log: Logger;
  readonly deadline: number | undefined;
  readonly #incoming: Incoming;
  readonly #clock: Clock;
  #limit: TimeLimit | undefined;
  #metadata: Metadata | undefined;

  /** @param defaultMs deadline of a call that came without one; undefined means none */
  constructor(method: Method, incoming: Incoming, ports: { clock: Clock; log: Logger }, defaultMs?: number) {
    this.service = method.service;
    this.method = method.name;
    this.protocol = incoming.protocol;
    this.log = ports.log;
    this.#incoming = incoming;
    this.#clock = ports.clock;
    const now = incoming.arrivedMs ?? ports.clock.now();
    const told = incomingDeadline((name) => incoming.header(name), now);
    this.deadline = told ?? (defaultMs === undefined ? undefined : now + defaultMs);
  }

  /** An AbortController costs more than the rest of a small call: it is made for handlers that ask. */
  get signal(): AbortSignal {
    this.#limit ??= timeLimit(this.#clock, {
      ms: this.#leftMs(),
      parents: [this.#incoming.signal],
      reason: () => this.#late(),
    });
    return this.#limit.signal;
  }

  header(name: string): string | undefined {
    return this.#incoming.header(name);
  }

  get metadata(): Metadata {
    this.#metadata ??= new Metadata(this.#incoming.fields);
    return this.#metadata;
  }

  setHeader(name: string, value: FieldValues): void {
    this.#add("head", name, value);
  }

  setTrailer(name: string, value: FieldValues): void {
    this.#add("tail", name, value);
  }

  /** Starts `work` unless it is too late, and waits for it, but not past the deadline. @throws RESILIENCE_DEADLINE */
  async orLate<T>(work: () => T | Promise<T>): Promise<T> {
    const ms = this.#leftMs();
    if (ms === 0) throw this.#late();
    const result = work();
    // A timer is made only for those who take time.
    if (ms === undefined || !(result instanceof Promise)) return result;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(ms, () => reject(this.#late()));
      result.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  [Symbol.dispose](): void {
    this.#limit?.[Symbol.dispose]();
  }

  #add(part: AnswerPart, name: string, value: FieldValues): void {
    const values = answerValues(name, value, this.protocol);
    const problem = isProblem(values)
      ? values.problem
      : this.#incoming.answer.set(part, name.toLowerCase(), values);
    if (problem === undefined) return;
    const method = `${this.service}.${this.method}`;
    throw new TuskerError("RPC_INVALID_OUTPUT", `${method}: the field "${name}" of the answer ${problem}`, {
      details: { problems: [{ path: name, message: problem }] },
    });
  }

  #leftMs(): number | undefined {
    return this.deadline === undefined ? undefined : remainingMs(this.deadline, this.#clock.now());
  }

  #late(): TuskerError {
    return new TuskerError(
      "RESILIENCE_DEADLINE",
      `${this.service}.${this.method} did not finish before its caller's deadline`,
      { details: { service: this.service, method: this.method } },
    );
  }
}
