import { type Code, isCode } from "./codes.ts";
import { type ErrorDetails, messageOf, TuskerError } from "./error.ts";

/** Body of every HTTP error: RFC 9457 problem details with our code, trace id and details as extension members. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: Code | (string & {});
  readonly trace_id?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Media type of a problem, RFC 9457 §6.1. */
export const problemMediaType = "application/problem+json";

/**
 * Writes an error as a problem document that JSON can hold. Causes and stacks stay inside, and so does the message of
 * an error that is not ours: it may name a file, a table or a user.
 */
export function toProblem(error: TuskerError, traceId?: string): Problem {
  const details = writable(error.details);
  return {
    type: `urn:tusker:error:${error.code}`,
    title: titleOf(error.code),
    status: error.row.http,
    detail: isForeign(error) ? foreignDetail : error.message,
    code: error.code,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...(details === undefined ? {} : { details }),
  };
}

/** Reads a problem document that came over a wire; undefined when it is not one of ours. */
export function fromProblem(body: unknown): TuskerError | undefined {
  if (typeof body !== "object" || body === null || !("code" in body) || !isCode(body.code)) return undefined;
  const detail = "detail" in body && typeof body.detail === "string" ? body.detail : titleOf(body.code);
  const details =
    "details" in body && typeof body.details === "object" && body.details !== null ? body.details : {};
  return new TuskerError(body.code, detail, { details: { ...details } });
}

const foreignDetail = "something failed that was not foreseen; the log of the service holds the cause";

/** True for what `toTuskerError` made of a stranger's error: its message is the stranger's. */
function isForeign({ code, message, cause }: TuskerError): boolean {
  if (code !== "KERNEL_INTERNAL" || cause === undefined || cause instanceof TuskerError) return false;
  return message === messageOf(cause);
}

/** Details as they can go over a wire: big integers as text; undefined when there are none or none can be written. */
function writable(details: ErrorDetails): ErrorDetails | undefined {
  if (Object.keys(details).length === 0) return undefined;
  try {
    const text = JSON.stringify(details, (_key, value: unknown) =>
      typeof value === "bigint" ? value.toString() : value,
    );
    const copy: unknown = JSON.parse(text);
    return typeof copy === "object" && copy !== null ? { ...copy } : undefined;
  } catch {
    return undefined;
  }
}

/** GATEWAY_NO_ENDPOINT → "no endpoint". */
function titleOf(code: string): string {
  return code
    .slice(code.indexOf("_") + 1)
    .toLowerCase()
    .replaceAll("_", " ");
}
