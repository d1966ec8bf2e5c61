import { tagged } from "../discovery/index.ts";
import { ServiceRef, TuskerError } from "../kernel/index.ts";
import { inputsOf, onlyAnswer } from "./answers.ts";
import { Caller, type CallOptions } from "./caller.ts";
import {
  type Contract,
  type ContractInfo,
  infoOf,
  type MethodSpec,
  type MethodSpecs,
  type Protocol,
  type SpecsOf,
} from "./contract.ts";
import { bindGrpc, type GrpcBinding } from "./grpc/binding.ts";
import { grpcWire } from "./grpc/client.ts";
import { emptyLock } from "./proto/lock.ts";
import { readLock } from "./proto/lock-file.ts";
import { restWire } from "./rest/client.ts";
import { type Parts, partsOf, processRuntime } from "./runtime.ts";
import type { InputOf, OutputOf } from "./schema.ts";
import type { Wire } from "./wire.ts";

/** The methods of a contract as functions that call the service: `Client<typeof Users>`. */
export type Client<C> = ClientTable<SpecsOf<C>>;

/** As `Client`, by the specs themselves. */
export type ClientTable<M extends MethodSpecs> = {
  readonly [K in keyof M]: ClientMethod<M[K]>;
} & AsyncDisposable;

/** By what the method streams: see `MethodSpec.stream`. Whoever stops reading answers ends the call. */
export type ClientMethod<S extends MethodSpec> = S extends { readonly stream: "in" }
  ? (inputs: Inputs<InputOf<S["in"]>>, options?: CallOptions) => Promise<OutputOf<S["out"]>>
  : S extends { readonly stream: "out" }
    ? (input: InputOf<S["in"]>, options?: CallOptions) => AsyncIterable<OutputOf<S["out"]>>
    : S extends { readonly stream: "both" }
      ? (inputs: Inputs<InputOf<S["in"]>>, options?: CallOptions) => AsyncIterable<OutputOf<S["out"]>>
      : (input: InputOf<S["in"]>, options?: CallOptions) => Promise<OutputOf<S["out"]>>;

/** Messages of a caller, taken as the service reads them. */
export type Inputs<T> = AsyncIterable<T> | Iterable<T>;

export interface ClientOptions {
  /** Default: what the contract says, else "rest". */
  readonly protocol?: Protocol;
  /**
   * Address of the service; with it no registry is asked. A path is put before those of the contract (REST only). A
   * reference of the configuration stands for the instances it means, as they come and go.
   */
  readonly url?: string | ServiceRef;
  /** What to use in place of the process's own; for tests and embedding. */
  readonly parts?: Partial<Parts>;
}

/**
 * A typed client. Endpoints come from the registry and stay fresh by a watch; deadline, retries with a budget,
 * choice of endpoint, breaker and trace are inside, set by `[api_communication]`. Nothing happens before the first
 * call. The watch keeps the process alive: a script that is to end disposes its clients.
 *
 * Calls throw a Fault for a declared error (see `isFault`), else a TuskerError: DISCOVERY_NO_ENDPOINT,
 * RESILIENCE_DEADLINE, RESILIENCE_BREAKER_OPEN, NET_CONNECT, NET_RESET, NET_TIMEOUT, RPC_INVALID_INPUT, RPC_REMOTE,
 * RPC_PROTOCOL, KERNEL_ABORTED, or the code the service gave.
 *
 * @example const ada = await client(Users).getUser({ id: "123" });
 */
export function client<M extends MethodSpecs>(
  contract: Contract<M>,
  options: ClientOptions = {},
): ClientTable<M> {
  const info = infoOf(contract);
  const { url } = options;
  if (typeof url === "string" && !/^https?:$/.test(URL.canParse(url) ? new URL(url).protocol : "")) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `"${url}" is no address of ${info.name}; write it like "http://127.0.0.1:8081"`,
    );
  }
  let caller: Caller | undefined;
  const get = (): Caller => {
    caller ??= callerOf(info, options);
    return caller;
  };
  const methods = Object.fromEntries(
    info.methods.map((method) => [
      method.name,
      (input: unknown, call: CallOptions = {}) => {
        if (method.stream === undefined) return get().call(method, input, call);
        const answers = get().stream(method, inputsOf(method, input), call);
        return method.stream === "in" ? onlyAnswer(method, answers) : answers;
      },
    ]),
  );
  // The mapped type follows from the contract's methods; TypeScript cannot see through fromEntries.
  return Object.freeze({
    ...methods,
    [Symbol.asyncDispose]: async () => caller?.[Symbol.asyncDispose](),
  }) as unknown as ClientTable<M>;
}

function callerOf(info: ContractInfo, options: ClientOptions): Caller {
  const parts = partsOf(processRuntime(), options.parts);
  const { url } = options;
  if (url instanceof ServiceRef) return callerOfService(info, url, options, parts);
  const prefix = url === undefined ? "" : new URL(url).pathname.replace(/\/$/, "");
  const wire =
    (options.protocol ?? info.protocol) === "grpc" ? grpcWireOf(info, parts) : restWire(prefix, parts.clock);
  return new Caller(info.name, parts, wire, url === undefined ? undefined : new URL(url).origin);
}

function callerOfService(
  info: ContractInfo,
  { name, port, tag }: ServiceRef,
  options: ClientOptions,
  parts: Parts,
): Caller {
  const protocol = options.protocol ?? (port === undefined ? info.protocol : port);
  const wire = protocol === "grpc" ? grpcWireOf(info, parts) : restWire("", parts.clock);
  const { discovery } = parts;
  if (tag === undefined || discovery === undefined) return new Caller(name, parts, wire, undefined);
  return new Caller(name, { ...parts, discovery: tagged(discovery, tag) }, wire, undefined);
}

function grpcWireOf(info: ContractInfo, parts: Parts): Wire {
  let bound: Promise<GrpcBinding> | undefined;
  const bind = async (): Promise<GrpcBinding> =>
    bindGrpc(info, parts.lockFile === undefined ? emptyLock : await readLock(parts.lockFile));
  return grpcWire({
    maxMessageBytes: parts.grpc.max_message_size,
    compressAbove: parts.grpc.compress_above,
    engine: parts.grpc.engine,
    clock: parts.clock,
    binding() {
      bound ??= bind().catch((error: unknown) => {
        // The lock may be put right while we run.
        bound = undefined;
        throw error;
      });
      return bound;
    },
  });
}
