import { type Code, type CodeRow, codes } from "./codes.ts";

/** Facts about a failure that machines may read: field names, a service, a limit. Never secrets, tokens or bodies. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface TuskerErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
  /** HTTP status of this one failure, where the row of its code would mislead: whoever was slow is 408, not 504. */
  readonly status?: number;
}

const brand = Symbol.for("tusker.error");

/**
 * The one error class of Tusker. `code` is permanent and documented in `docs/reference/errors.md`; `message` is a
 * sentence an operator can act on: what, where, found, expected, next step.
 *
 * @example throw new TuskerError("GATEWAY_NO_ENDPOINT", `no healthy endpoint for ${service}`, { details: { service } });
 */
export class TuskerError extends Error {
  readonly code: Code;
  readonly details: ErrorDetails;
  readonly #status: number | undefined;

  constructor(code: Code, message: string, options: TuskerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "TuskerError";
    this.code = code;
    this.details = options.details ?? {};
    this.#status = options.status;
    Object.defineProperty(this, brand, { value: true });
  }

  /** The row of the code table, with this failure's own status if it has one. */
  get row(): CodeRow {
    const row = codes[this.code];
    return this.#status === undefined ? row : { ...row, http: this.#status };
  }

  /** Two copies of the package in one process still recognise each other's errors. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && brand in value;
  }
}

/** Returns `error` if it is ours, else wraps it once under `code` and keeps it as cause. */
export function toTuskerError(error: unknown, code: Code = "KERNEL_INTERNAL"): TuskerError {
  if (error instanceof TuskerError) return error;
  return new TuskerError(code, messageOf(error), { cause: error });
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

/** The system error code (`ECONNREFUSED`, …) of an error or of the cause behind it, if there is one. */
export function systemCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 5 && typeof current === "object" && current !== null; depth++) {
    if ("code" in current && typeof current.code === "string" && !(current instanceof TuskerError))
      return current.code;
    current = "cause" in current ? current.cause : undefined;
  }
  return undefined;
}
