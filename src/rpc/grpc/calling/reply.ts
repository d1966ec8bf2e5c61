import { TuskerError } from "../../../kernel/index.ts";
import { type HeaderList, headerOf } from "../../../net/index.ts";
import type { Method } from "../../contract.ts";
import { Fault, markRemote } from "../../fault.ts";
import { remoteError } from "../../rest/answer.ts";
import type { Told, Verdict } from "../../wire.ts";
import type { GrpcMethod } from "../binding.ts";
import { decodeErrorInfo } from "../details.ts";
import { decodeMessage, grpcStatus, grpcStatusName, statusOfTransport } from "../status.ts";

/** What came back besides messages. */
export interface Reply {
  readonly httpStatus: number;
  /** What stood before the first message; empty when there were only trailers. */
  readonly head: HeaderList;
  /** Where the status stands: the trailers, or the head when there is nothing else. */
  readonly fields: HeaderList;
}

/** The status of a reply; undefined when whoever answered speaks no gRPC. */
export function statusOf({ fields }: Reply): number | undefined {
  const said = headerOf(fields, "grpc-status");
  return said === undefined ? undefined : Number(said);
}

/** What a status other than OK means. */
export function toldOf(grpc: GrpcMethod, reply: Reply): Told & { readonly kind: "error" } {
  const status = statusOf(reply);
  if (status === undefined) return withoutStatus(grpc, reply.httpStatus);
  const text = decodeMessage(headerOf(reply.fields, "grpc-message") ?? "");
  const info = decodeErrorInfo(headerOf(reply.fields, "grpc-status-details-bin"));
  const error = errorOf(grpc.method, status, text, info);
  const failure = { kind: "grpc", status } as const;
  if (error instanceof Fault) return { kind: "error", error, failure: { kind: "final" }, verdict: "well" };
  return { kind: "error", error, failure, verdict: verdictOf(status) };
}

function verdictOf(status: number): Verdict {
  if (status === grpcStatus.RESOURCE_EXHAUSTED) return "overloaded";
  return failing.has(status) ? "failing" : "well";
}

/** Statuses that speak of the server's health rather than of the call. */
const failing: ReadonlySet<number> = new Set([
  grpcStatus.UNKNOWN,
  grpcStatus.DEADLINE_EXCEEDED,
  grpcStatus.INTERNAL,
  grpcStatus.UNAVAILABLE,
  grpcStatus.DATA_LOSS,
]);

function errorOf(
  method: Method,
  status: number,
  text: string,
  info: ReturnType<typeof decodeErrorInfo>,
): TuskerError {
  const where = `${method.service}.${method.name}`;
  const message = text === "" ? `${where} answered ${grpcStatusName(status)}` : text;
  const known = info !== undefined && (info.domain === method.service || info.domain === "tusker");
  if (known) return remoteError(method, info.reason, message, info.details, status);
  if (status === grpcStatus.DEADLINE_EXCEEDED)
    return markRemote(new TuskerError("RESILIENCE_DEADLINE", message));
  const details = {
    ...info?.details,
    service: method.service,
    method: method.name,
    grpcStatus: grpcStatusName(status),
  };
  return markRemote(
    new TuskerError("RPC_REMOTE", `${where} answered ${grpcStatusName(status)}: ${message}`, { details }),
  );
}

function withoutStatus(grpc: GrpcMethod, httpStatus: number): Told & { readonly kind: "error" } {
  const status = statusOfTransport(httpStatus);
  const { service, name } = grpc.method;
  const message = `${service}.${name} answered HTTP ${httpStatus} without a gRPC status (${grpcStatusName(status)})`;
  const error = markRemote(
    new TuskerError("RPC_PROTOCOL", message, {
      details: { service, method: name, httpStatus, grpcStatus: grpcStatusName(status) },
    }),
  );
  // Who knows no such method is well for all that.
  return { kind: "error", error, failure: { kind: "grpc", status }, verdict: verdictOf(status) };
}
