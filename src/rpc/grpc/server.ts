import { type TuskerError, toTuskerError } from "../../kernel/index.ts";
import { extract, type Span, withSpan } from "../../telemetry/index.ts";
import { dispatch, dispatchStream, invalidInput, type Outcome } from "../dispatch.ts";
import { WireError } from "../proto/wire.ts";
import type { Service } from "../service.ts";
import type { GrpcBinding, GrpcMethod } from "./binding.ts";
import { frameOverhead, prefixed } from "./frame.ts";
import type { ByteMethod, IncomingCall, Input, StreamMethod, UnaryMethod } from "./serving/method.ts";
import { grpcStatus } from "./status.ts";

/**
 * The methods of a contract, by path. A call's way: 1. open the span under the caller's  2. validate  3. handle, within
 * the deadline  4. validate what is answered  5. encode.
 *
 * @param defaultMs deadline of a call that came without one
 */
export function contractMethods(
  service: Service,
  binding: GrpcBinding,
  defaultMs: number,
): ReadonlyMap<string, ByteMethod> {
  return new Map(
    binding.methods.map((grpc) => [
      grpc.path,
      grpc.method.stream === undefined ? unaryMethod(service, grpc, defaultMs) : streamMethod(service, grpc),
    ]),
  );
}

function unaryMethod(service: Service, grpc: GrpcMethod, defaultMs: number): UnaryMethod {
  const { method } = grpc;
  const handler = service.handlerOf(method);
  return {
    kind: "unary",
    decode: (message) => decodeInput(grpc, message),
    async answer(call, input) {
      const span = spanOf(service, grpc, call);
      try {
        const read = (): unknown => inputValue(input);
        const outcome = await withSpan(span, () => dispatch(method, handler, read, call, service, defaultMs));
        return prefixed(grpc.response.encode(settled(span, outcome), frameOverhead));
      } catch (error) {
        failed(span, toTuskerError(error));
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

function streamMethod(service: Service, grpc: GrpcMethod): StreamMethod {
  const { method } = grpc;
  const handler = service.handlerOf(method);
  return {
    kind: "stream",
    decode: (message) => decodeInput(grpc, message),
    async *answers(call, inputs) {
      const span = spanOf(service, grpc, call);
      try {
        const ports = {
          clock: service.clock,
          log: service.log,
          within: <T>(run: () => T): T => withSpan(span, run),
        };
        const answers = dispatchStream(method, handler, inputs, call, ports);
        for await (const answer of answers) yield prefixed(grpc.response.encode(answer, frameOverhead));
        span.setAttribute("rpc.grpc.status_code", grpcStatus.OK);
      } catch (error) {
        failed(span, toTuskerError(error));
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

function spanOf(service: Service, grpc: GrpcMethod, call: IncomingCall): Span {
  return service.tracer.startSpan(grpc.path.slice(1), {
    kind: "server",
    parent: extract(call.fields) ?? "root",
    attributes: {
      "rpc.system": "grpc",
      "rpc.service": grpc.service,
      "rpc.method": grpc.name,
      "client.address": call.remoteAddress,
    },
  });
}

function settled(span: Span, outcome: Outcome): unknown {
  if (!outcome.ok) throw outcome.error;
  span.setAttribute("rpc.grpc.status_code", grpcStatus.OK);
  return outcome.value;
}

function failed(span: Span, error: TuskerError): void {
  span.setAttribute("rpc.grpc.status_code", error.row.grpc);
  if (error.row.http >= 500) span.recordError(error);
  else span.setAttribute("error.type", error.code);
}

function inputValue(input: Input): unknown {
  if (!input.ok) throw input.error;
  return input.value;
}

function decodeInput(grpc: GrpcMethod, message: Uint8Array): unknown {
  try {
    return grpc.request.decode(message);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw invalidInput(grpc.method, [{ path: error.path.join("."), message: error.reason }]);
  }
}
