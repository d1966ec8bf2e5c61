import { type Code, isCode } from "./codes.ts";
import { TuskerError } from "./error.ts";

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

/** Writes an error as a problem document. Causes and stacks stay inside. */
export function toProblem(error: TuskerError, traceId?: string): Problem {
  return {
    type: `urn:tusker:error:${error.code}`,
    title: titleOf(error.code),
    status: error.row.http,
    detail: error.message,
    code: error.code,
    ...(traceId === undefined ? {} : { trace_id: traceId }),
    ...(Object.keys(error.details).length === 0 ? {} : { details: error.details }),
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

/** GATEWAY_NO_ENDPOINT → "no endpoint". */
function titleOf(code: string): string {
  return code
    .slice(code.indexOf("_") + 1)
    .toLowerCase()
    .replaceAll("_", " ");
}
