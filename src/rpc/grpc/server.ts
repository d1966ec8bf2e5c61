import { TuskerError, toTuskerError } from "../../kernel/index.ts";
import type { Answer, ServerExchange, ServerHandler } from "../../net/index.ts";
import { extract, type Span, withSpan } from "../../telemetry/index.ts";
import { dispatch, invalidInput, type ReadInput } from "../dispatch.ts";
import { WireError } from "../proto/wire.ts";
import type { Service } from "../service.ts";
import type { GrpcBinding, GrpcMethod } from "./binding.ts";
import { failure } from "./failure.ts";
import { frame, frameOverhead, unframe } from "./frame.ts";
import { checkHealth, healthCheckPath } from "./health.ts";
import { encodeMessage, grpcStatus } from "./status.ts";

export interface GrpcHandlerOptions {
  /** Largest message, decompressed. */
  readonly maxMessageBytes: number;
  /** Deadline of a call that came without one. */
  readonly defaultTimeoutMs: number;
}

/** What our side reads besides identity. */
const acceptEncoding = ["grpc-accept-encoding", "identity,gzip"];
const contentType = ["content-type", "application/grpc+proto"];

/**
 * A service over gRPC (unary; https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). A call's way:
 * 1. is it gRPC  2. find the method  3. open the span under the caller's; the deadline runs  4. read and unpack the
 * message  5. decode, validate, handle, validate, encode  6. answer with trailers, or with trailers only
 */
export function grpcHandler(
  service: Service,
  binding: GrpcBinding,
  options: GrpcHandlerOptions,
): ServerHandler {
  const methods = new Map(binding.methods.map((method) => [method.path, method]));
  return async (exchange) => {
    if (!/^application\/grpc(\+proto)?(;.*)?$/i.test(exchange.header("content-type") ?? "")) {
      await exchange.respond({ status: 415, headers: ["accept", "application/grpc"] });
      return;
    }
    if (exchange.target === healthCheckPath) {
      await exchange.respond(await health(service, binding, exchange));
      return;
    }
    const method = methods.get(exchange.target);
    if (method === undefined) {
      const error = new TuskerError("RPC_NOT_FOUND", `${binding.service} has no ${exchange.target}`);
      await exchange.respond(failure(error));
      return;
    }
    await answerCall(service, exchange, method, options);
  };
}

async function answerCall(
  service: Service,
  exchange: ServerExchange,
  method: GrpcMethod,
  options: GrpcHandlerOptions,
): Promise<void> {
  const [, rpcService = "", rpcMethod = ""] = method.path.split("/");
  const span = service.tracer.startSpan(method.path.slice(1), {
    kind: "server",
    parent: extract(exchange.headers) ?? "root",
    attributes: {
      "rpc.system": "grpc",
      "rpc.service": rpcService,
      "rpc.method": rpcMethod,
      "client.address": exchange.remoteAddress,
    },
  });
  try {
    await exchange.respond(await withSpan(span, () => run(service, exchange, method, options, span)));
  } catch (error) {
    span.recordError(error);
    throw error;
  } finally {
    span.end();
  }
}

async function run(
  service: Service,
  exchange: ServerExchange,
  grpc: GrpcMethod,
  options: GrpcHandlerOptions,
  span: Span,
): Promise<Answer> {
  const failed = (error: TuskerError): Answer => {
    span.setAttribute("rpc.grpc.status_code", error.row.grpc);
    if (error.row.http >= 500) span.recordError(error);
    else span.setAttribute("error.type", error.code);
    return failure(error);
  };
  try {
    const encoding = exchange.header("grpc-encoding") ?? "identity";
    if (encoding !== "identity" && encoding !== "gzip") return unknownEncoding(encoding);
    const { maxMessageBytes } = options;
    const read: ReadInput = async (bytes) => {
      const body = await bytes(() => exchange.bytes(maxMessageBytes + frameOverhead));
      return decodeInput(grpc, await unframe(body, encoding, maxMessageBytes));
    };
    const incoming = {
      protocol: "grpc" as const,
      header: (name: string) => exchange.header(name),
      get signal() {
        return exchange.signal;
      },
    };
    const handler = service.handlerOf(grpc.method);
    const outcome = await dispatch(grpc.method, handler, read, incoming, service, options.defaultTimeoutMs);
    if (!outcome.ok) return failed(outcome.error);
    const message = frame(grpc.response.encode(outcome.value));
    span.setAttribute("rpc.grpc.status_code", grpcStatus.OK);
    return {
      status: 200,
      headers: [...contentType, ...acceptEncoding],
      body: message,
      trailers: ["grpc-status", "0"],
    };
  } catch (error) {
    return failed(toTuskerError(error));
  }
}

function decodeInput(grpc: GrpcMethod, message: Uint8Array): unknown {
  try {
    return grpc.request.decode(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw invalidInput(grpc.method, [{ path: error.path.join("."), message: error.reason }]);
  }
}

/** gRPC compression: an encoding we do not know is UNIMPLEMENTED, with the ones we do. */
function unknownEncoding(encoding: string): Answer {
  return statusOnly(
    grpcStatus.UNIMPLEMENTED,
    `messages compressed with ${encoding.slice(0, 40)} cannot be read here`,
  );
}

function statusOnly(status: number, message: string): Answer {
  const trailers = ["grpc-status", String(status), "grpc-message", encodeMessage(message)];
  return { status: 200, headers: [...contentType, ...acceptEncoding, ...trailers] };
}

async function health(service: Service, binding: GrpcBinding, exchange: ServerExchange): Promise<Answer> {
  try {
    const message = await unframe(await exchange.bytes(1_024), exchange.header("grpc-encoding"), 1_024);
    const status = checkHealth(message, binding.service, service.draining());
    if (status === undefined) return statusOnly(grpcStatus.NOT_FOUND, "this server has no such service");
    return { status: 200, headers: contentType, body: frame(status), trailers: ["grpc-status", "0"] };
  } catch (error) {
    return failure(toTuskerError(error, "RPC_PROTOCOL"));
  }
}
