import { systemClock, TuskerError } from "../../../src/kernel/index.ts";
import { serveStreams, streamChannel } from "../../../src/net/index.ts";
import { formatGrpcTimeout } from "../../../src/resilience/index.ts";
import { infoOf } from "../../../src/rpc/contract.ts";
import { bindGrpc } from "../../../src/rpc/grpc/binding.ts";
import { callUnary } from "../../../src/rpc/grpc/calling/call.ts";
import { frameOverhead, prefixed } from "../../../src/rpc/grpc/frame.ts";
import type { ByteMethod } from "../../../src/rpc/grpc/serving/method.ts";
import { grpcStreams } from "../../../src/rpc/grpc/serving/serve.ts";
import { emptyLock } from "../../../src/rpc/proto/lock.ts";
import { type Stack, timeoutMs, traceparent, type User } from "../stack.ts";
import { Users } from "./contract.ts";

// gRPC on the engine, without what contracts add: what @grpc/grpc-js does, no more and no less.

const [echo] = bindGrpc(infoOf(Users), emptyLock).methods;
if (echo === undefined) throw new Error("the contract has no method");
const { path, request, response } = echo;
const isUser = (value: unknown): value is User =>
  typeof value === "object" && value !== null && "email" in value && "city" in value;
const late = (): TuskerError => new TuskerError("NET_TIMEOUT", "too late");

export const stack: Stack = {
  async serve() {
    const method: ByteMethod = {
      kind: "unary",
      decode: (message) => request.decode(message),
      answer(_call, input) {
        if (!input.ok) throw input.error;
        return prefixed(response.encode(input.value, frameOverhead));
      },
    };
    const handler = grpcStreams(new Map([[path, method]]), {
      maxMessageBytes: 4_194_304,
      defaultTimeoutMs: 30_000,
      compressAbove: undefined,
      clock: systemClock,
    });
    return (await serveStreams(handler, { port: 0 })).port;
  },
  async connect(port) {
    const channel = streamChannel(`http://127.0.0.1:${port}`);
    const head = [
      ...[":method", "POST", ":scheme", "http", ":path", path, ":authority", `127.0.0.1:${port}`],
      ...[
        "te",
        "trailers",
        "content-type",
        "application/grpc+proto",
        "grpc-accept-encoding",
        "identity,gzip",
      ],
    ];
    const decode = (message: Buffer): unknown => response.decode(message);
    return {
      async call(user) {
        const ms = timeoutMs();
        const fields = ["grpc-timeout", formatGrpcTimeout(ms), "traceparent", traceparent()];
        const call = { head, fields, decode, maxMessageBytes: 4_194_304, timeoutMs: ms, late };
        const { value, fields: trailers } = await callUnary(
          channel,
          call,
          prefixed(request.encode(user, frameOverhead)),
        );
        if (trailers[1] !== "0" || !isUser(value)) throw new Error(`no echo: ${trailers.join(" ")}`);
        return value;
      },
      close: async () => channel[Symbol.asyncDispose](),
    };
  },
};
