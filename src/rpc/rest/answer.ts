import { isCode, type Problem, problemMediaType, TuskerError, toProblem } from "../../kernel/index.ts";
import type { Answer } from "../../net/index.ts";
import { faultStatus, type Method } from "../contract.ts";
import { Fault, markRemote } from "../fault.ts";

/** Bodies of answers, both ways: plain, or in the `{ success, data, error }` envelope. */
export const jsonMediaType = "application/json";

/** @param options `envelope` wraps the value as `{ success: true, data, error: null }` */
export function toAnswer(
  status: number,
  value: unknown,
  { envelope, headers = [] }: { readonly envelope: boolean; readonly headers?: readonly string[] },
): Answer {
  const body = JSON.stringify(envelope ? { success: true, data: value, error: null } : value);
  return { status, headers: ["content-type", jsonMediaType, ...headers], body };
}

/**
 * An error as a problem document (RFC 9457); a declared error has its declared code in `code`.
 *
 * @param envelope wraps the problem as `{ success: false, data: null, error }`
 */
export function toErrorAnswer(
  error: TuskerError,
  options: {
    readonly traceId?: string | undefined;
    readonly envelope: boolean;
    readonly headers?: readonly string[];
  },
): Answer {
  const problem = problemOf(error, options.traceId);
  const headers = options.headers ?? [];
  if (options.envelope) {
    const body = JSON.stringify({ success: false, data: null, error: problem });
    return { status: problem.status, headers: ["content-type", jsonMediaType, ...headers], body };
  }
  return {
    status: problem.status,
    headers: ["content-type", problemMediaType, ...headers],
    body: JSON.stringify(problem),
  };
}

function problemOf(error: TuskerError, traceId: string | undefined): Problem {
  const problem = toProblem(error, traceId);
  if (!(error instanceof Fault)) return problem;
  const { fault, service } = error;
  return {
    ...problem,
    type: `urn:tusker:fault:${service}:${fault}`,
    title: fault.toLowerCase().replaceAll("_", " "),
    code: fault,
  };
}

/**
 * The value in an answer's body. An envelope is taken off unless the contract's own output looks like one.
 *
 * @throws the error in it: a Fault for a declared code, a TuskerError for one of ours, else RPC_REMOTE
 */
export function fromAnswer(method: Method, status: number, text: string): unknown {
  const where = `${method.service}.${method.name}`;
  let body: unknown;
  try {
    body = text === "" ? undefined : JSON.parse(text);
  } catch (cause) {
    if (status < 400)
      throw new TuskerError("RPC_PROTOCOL", `${where} answered ${status} with something that is not JSON`, {
        cause,
      });
  }
  const wrapped = isEnvelope(body) && method.output.properties?.success === undefined ? body : undefined;
  if (status < 300 && wrapped?.success !== false) return wrapped === undefined ? body : wrapped.data;
  throw errorOf(method, status, wrapped === undefined ? body : wrapped.error);
}

function errorOf(method: Method, status: number, said: unknown): TuskerError {
  const where = `${method.service}.${method.name}`;
  const problem = typeof said === "object" && said !== null ? said : {};
  const code = "code" in problem ? problem.code : undefined;
  const text = "detail" in problem ? problem.detail : "message" in problem ? problem.message : said;
  const message = typeof text === "string" && text !== "" ? text : `${where} answered ${status}`;
  const details = "details" in problem && isObject(problem.details) ? { ...problem.details } : {};
  return remoteError(method, code, message, details, status);
}

/** The error that another service told us, typed again by its code. */
export function remoteError(
  method: Method,
  code: unknown,
  message: string,
  details: Readonly<Record<string, unknown>>,
  status: number,
): TuskerError {
  if (typeof code === "string" && faultStatus(method, code) !== undefined)
    return markRemote(new Fault(method, code, message, details));
  if (isCode(code) && code !== "RPC_FAULT") return markRemote(new TuskerError(code, message, { details }));
  const said = {
    ...details,
    service: method.service,
    method: method.name,
    status,
    ...(typeof code === "string" ? { code } : {}),
  };
  return markRemote(
    new TuskerError("RPC_REMOTE", `${method.service}.${method.name} answered ${status}: ${message}`, {
      details: said,
    }),
  );
}

function isEnvelope(body: unknown): body is { success: boolean; data?: unknown; error?: unknown } {
  return (
    isObject(body) &&
    "success" in body &&
    typeof body.success === "boolean" &&
    ("data" in body || "error" in body)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
