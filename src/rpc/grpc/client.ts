import { grpcPortOf } from "../../discovery/index.ts";
import { TuskerError } from "../../kernel/index.ts";
import { type ClientAnswer, headerOf, http2Pool } from "../../net/index.ts";
import { formatGrpcTimeout } from "../../resilience/index.ts";
import type { Method } from "../contract.ts";
import { invalidInput } from "../dispatch.ts";
import { Fault, markRemote } from "../fault.ts";
import { WireError } from "../proto/wire.ts";
import { remoteError } from "../rest/answer.ts";
import type { Told, Wire } from "../wire.ts";
import type { GrpcBinding, GrpcMethod } from "./binding.ts";
import { decodeErrorInfo } from "./details.ts";
import { frame, frameOverhead, unframe } from "./frame.ts";
import { decodeMessage, grpcStatus, grpcStatusName, statusOfTransport } from "./status.ts";

export interface GrpcWireOptions {
  /** The contract compiled; asked for on the first call. */
  readonly binding: () => Promise<GrpcBinding>;
  /** Largest answer, decompressed. */
  readonly maxMessageBytes: number;
}

const fields = [
  "content-type",
  "application/grpc+proto",
  "te",
  "trailers",
  "grpc-accept-encoding",
  "identity,gzip",
];

export function grpcWire({ binding, maxMessageBytes }: GrpcWireOptions): Wire {
  const compiled = async (method: Method): Promise<GrpcMethod> => {
    const found = (await binding()).methods.find((one) => one.method.name === method.name);
    if (found === undefined) throw new TuskerError("KERNEL_INTERNAL", `${method.name} is not compiled`);
    return found;
  };
  return {
    protocol: "grpc",
    originOf(endpoint) {
      const port = grpcPortOf(endpoint);
      const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
      return port === undefined ? undefined : `http://${host}:${port}`;
    },
    pool: (origin) => http2Pool(origin),
    async prepare(method, input) {
      const grpc = await compiled(method);
      try {
        return { method: "POST", path: grpc.path, headers: fields, body: frame(grpc.request.encode(input)) };
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        throw invalidInput(method, [{ path: error.path.join("."), message: error.reason }]);
      }
    },
    deadlineFields: (remainingMs) => ["grpc-timeout", formatGrpcTimeout(remainingMs)],
    read: async (method, answer) => read(await compiled(method), answer, maxMessageBytes),
    describe: (method) => ({
      name: `${method.service}/${method.name}`,
      attributes: { "rpc.system": "grpc", "rpc.service": method.service, "rpc.method": method.name },
    }),
  };
}

async function read(grpc: GrpcMethod, answer: ClientAnswer, maxMessageBytes: number): Promise<Told> {
  const body = await answer.bytes(maxMessageBytes + frameOverhead);
  // A failure may come as trailers only: its status then stands in the head.
  const trailers = answer.header("grpc-status") === undefined ? answer.trailers() : answer.headers;
  const said = headerOf(trailers, "grpc-status");
  if (said === undefined) return withoutStatus(grpc, answer.status);
  const status = Number(said);
  if (status !== grpcStatus.OK) return toTold(grpc.method, status, trailers);
  const message = await unframe(body, answer.header("grpc-encoding"), maxMessageBytes);
  try {
    return { kind: "value", value: grpc.response.decode(message) };
  } catch (cause) {
    throw new TuskerError(
      "RPC_PROTOCOL",
      `${grpc.path} answered with a message that cannot be read: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}

function toTold(method: Method, status: number, trailers: readonly string[]): Told {
  const text = decodeMessage(headerOf(trailers, "grpc-message") ?? "");
  const info = decodeErrorInfo(headerOf(trailers, "grpc-status-details-bin"));
  const error = errorOf(method, status, text, info);
  const failure = { kind: "grpc", status } as const;
  if (error instanceof Fault) return { kind: "error", error, failure: { kind: "final" }, verdict: "well" };
  if (status === grpcStatus.RESOURCE_EXHAUSTED)
    return { kind: "error", error, failure, verdict: "overloaded" };
  return { kind: "error", error, failure, verdict: failing.has(status) ? "failing" : "well" };
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

function withoutStatus(grpc: GrpcMethod, httpStatus: number): Told {
  const status = statusOfTransport(httpStatus);
  const { service, name } = grpc.method;
  const message = `${service}.${name} answered HTTP ${httpStatus} without a gRPC status (${grpcStatusName(status)})`;
  const error = markRemote(
    new TuskerError("RPC_PROTOCOL", message, { details: { service, method: name, httpStatus } }),
  );
  return { kind: "error", error, failure: { kind: "grpc", status }, verdict: "failing" };
}
