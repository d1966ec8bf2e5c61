import { type ErrorDetails, TuskerError } from "../kernel/index.ts";
import { type FaultCode, faultStatus, type Method, type MethodSpec } from "./contract.ts";
import { grpcStatus } from "./grpc/status.ts";

/**
 * An error that a contract declares: part of the answer, not an accident. It crosses REST (the declared status and a
 * problem document with the declared code) and gRPC (the declared or matching status and an ErrorInfo), and arrives at the caller
 * as a Fault of the same method.
 */
export class Fault<Code extends string = string> extends TuskerError {
  /** The declared code, for example `NOT_FOUND`. */
  readonly fault: Code;
  /** The HTTP status the contract gives it. */
  readonly status: number;
  readonly service: string;
  readonly method: string;
  readonly #grpc: number;

  /** @param fault one that the method declares */
  constructor(method: Method, fault: Code, message: string, details: ErrorDetails = {}) {
    super("RPC_FAULT", message, { details });
    this.name = "Fault";
    this.fault = fault;
    const { http, grpc } = faultStatus(method, fault) ?? { http: 500, grpc: grpcStatus.UNKNOWN };
    this.status = http;
    this.#grpc = grpc;
    this.service = method.service;
    this.method = method.name;
  }

  override get row(): { readonly http: number; readonly grpc: number; readonly retryable: boolean } {
    return { http: this.status, grpc: this.#grpc, retryable: false };
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof TuskerError && "fault" in value;
  }
}

/**
 * Makes an error that the method declares under `errors`; throw it in a handler or in anything a handler calls.
 *
 * @param details facts for the caller, sent as they are: never secrets
 * @example throw fail(Users.getUser, "NOT_FOUND", `no user ${id}`, { id });
 */
export function fail<S extends MethodSpec, C extends FaultCode<S>>(
  method: Method<S>,
  code: C,
  message: string,
  details: ErrorDetails = {},
): Fault<C> {
  if (faultStatus(method, code) === undefined) {
    throw new TuskerError(
      "RPC_CONTRACT",
      `${method.service}.${method.name} declares no error ${code}; add it under errors`,
    );
  }
  return new Fault(method, code, message, details);
}

/**
 * True when `error` is a declared error of `method`, and the one named `code` when that is given.
 *
 * @example if (isFault(error, Users.getUser, "NOT_FOUND")) return undefined;
 */
export function isFault<S extends MethodSpec, C extends FaultCode<S>>(
  error: unknown,
  method: Method<S>,
  code?: C,
): error is Fault<C> {
  return (
    error instanceof Fault &&
    error.service === method.service &&
    error.method === method.name &&
    (code === undefined || error.fault === code)
  );
}

const remote = new WeakSet<Error>();

/** Remembers that an error was told to us by another service, and returns it. */
export function markRemote<E extends TuskerError>(error: E): E {
  remote.add(error);
  return error;
}

/** True when another service said it: a handler that lets it pass must not blame its own caller for it. */
export function isRemote(error: TuskerError): boolean {
  return remote.has(error);
}
