import { TuskerError } from "../../kernel/index.ts";
import type { ContractInfo, Method, MethodSpecs } from "../contract.ts";
import { type Codec, codecOf } from "../proto/codec.ts";
import { type Assignment, assignFields, type Lock } from "../proto/lock.ts";
import { type MethodShape, type ServiceShape, serviceShape } from "../proto/shape.ts";

/** One method with its messages compiled. */
export interface GrpcMethod {
  readonly method: Method;
  /** `/user_service.UserService/GetUser`. */
  readonly path: string;
  /** The two parts of the path. */
  readonly service: string;
  readonly name: string;
  readonly request: JsonCodec;
  readonly response: JsonCodec;
}

/** JSON values to message bytes and back, whether or not the message wraps them. */
export interface JsonCodec {
  /** @param headroom bytes left free at the beginning; default none. @throws WireError */
  encode(value: unknown, headroom?: number): Uint8Array;
  /** @throws WireError */
  decode(bytes: Uint8Array): unknown;
}

/** A contract as gRPC. */
export interface GrpcBinding {
  /** `user_service.UserService`. */
  readonly service: string;
  readonly shape: ServiceShape;
  readonly assignment: Assignment;
  readonly methods: readonly GrpcMethod[];
}

/**
 * Compiles a contract's messages with the numbers of a lock.
 *
 * @throws TuskerError RPC_LOCK when lock and contract do not fit, naming every field
 */
export function bindGrpc(info: ContractInfo<MethodSpecs>, lock: Lock): GrpcBinding {
  const shape = serviceShape(info);
  const assignment = assignFields(lock, shape);
  if (assignment.problems.length > 0) {
    const lines = assignment.problems.map(({ message, field, problem }) => `${message}.${field} ${problem}`);
    throw new TuskerError("RPC_LOCK", `tusker.lock does not fit ${info.name}: ${lines.join("; ")}`, {
      details: { service: info.name, problems: assignment.problems },
    });
  }
  const codec = (message: string, wrapped: boolean): JsonCodec =>
    jsonCodec(codecOf(assignment.messages, message), wrapped);
  const service = `${shape.package}.${shape.service}`;
  const methods = shape.methods.map((method: MethodShape) => ({
    method: method.method,
    path: method.path,
    service,
    name: method.path.slice(service.length + 2),
    request: codec(method.request, method.wrappedRequest),
    response: codec(method.response, method.wrappedResponse),
  }));
  return { service, shape, assignment, methods };
}

function jsonCodec(codec: Codec, wrapped: boolean): JsonCodec {
  if (wrapped)
    return {
      encode: (value, headroom) => codec.encode({ value }, headroom),
      decode: (bytes) => codec.decode(bytes).value,
    };
  return {
    // What is no object is refused by the codec, with the reason.
    encode: (value, headroom) => codec.encode(value as Record<string, unknown>, headroom),
    decode: (bytes) => codec.decode(bytes),
  };
}
