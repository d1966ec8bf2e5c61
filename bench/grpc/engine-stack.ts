import { systemClock, TuskerError } from "../../src/kernel/index.ts";
import {
  type ClientTls,
  type HeaderList,
  type Http1ServerTls,
  serveStreams,
  streamChannel,
} from "../../src/net/index.ts";
import { formatGrpcTimeout } from "../../src/resilience/index.ts";
import { infoOf } from "../../src/rpc/contract.ts";
import { bindGrpc } from "../../src/rpc/grpc/binding.ts";
import { callUnary } from "../../src/rpc/grpc/calling/call.ts";
import { callStreaming } from "../../src/rpc/grpc/calling/stream.ts";
import { frame, frameOverhead, prefixed } from "../../src/rpc/grpc/frame.ts";
import type { ByteMethod } from "../../src/rpc/grpc/serving/method.ts";
import { grpcStreams } from "../../src/rpc/grpc/serving/serve.ts";
import { emptyLock } from "../../src/rpc/proto/lock.ts";
import { type Caller, type Stack, streamedBytes, timeoutMs, traceparent, type User } from "./stack.ts";
import { Users } from "./stacks/contract.ts";

// gRPC on the engine, without what contracts add: what @grpc/grpc-js does, no more and no less.

/** TLS of the server, and what its client trusts. */
export interface BenchTls {
  readonly server: Http1ServerTls;
  readonly client: ClientTls;
}

const [echo] = bindGrpc(infoOf(Users), emptyLock).methods;
if (echo === undefined) throw new Error("the contract has no method");
const { path, request, response } = echo;
const isUser = (value: unknown): value is User =>
  typeof value === "object" && value !== null && "email" in value && "city" in value;
const late = (): TuskerError => new TuskerError("NET_TIMEOUT", "too late");

const pourPath = "/bench_service.BenchService/Pour";
const maxMessageBytes = 4_194_304;

/** @param tls undefined: clear text */
export function engineStack(tls: BenchTls | undefined): Stack {
  return { serve: () => listen(tls), connect: async (port) => callerOf(port, tls) };
}

async function listen(tls: BenchTls | undefined): Promise<number> {
  const unary: ByteMethod = {
    kind: "unary",
    decode: (message) => request.decode(message),
    answer(_call, input) {
      if (!input.ok) throw input.error;
      return prefixed(response.encode(input.value, frameOverhead));
    },
  };
  const poured = frame(new Uint8Array(streamedBytes));
  const pour: ByteMethod = {
    kind: "stream",
    decode: (message) => message.readUInt32BE(0),
    async *answers(_call, inputs) {
      for await (const count of inputs) for (let i = 0; i < Number(count); i++) yield poured;
    },
  };
  const methods = new Map<string, ByteMethod>([
    [path, unary],
    [pourPath, pour],
  ]);
  const options = { maxMessageBytes, defaultTimeoutMs: 30_000, compressAbove: undefined, clock: systemClock };
  const server = await serveStreams(grpcStreams(methods, options), {
    port: 0,
    ...(tls === undefined ? {} : { tls: tls.server }),
  });
  return server.port;
}

function callerOf(port: number, tls: BenchTls | undefined): Caller {
  const scheme = tls === undefined ? "http" : "https";
  const channel = streamChannel(
    `${scheme}://127.0.0.1:${port}`,
    tls === undefined ? {} : { tls: tls.client },
  );
  const headOf = (to: string): HeaderList => [
    ...[":method", "POST", ":scheme", scheme, ":path", to, ":authority", `127.0.0.1:${port}`],
    ...["te", "trailers", "content-type", "application/grpc+proto"],
    ...["grpc-accept-encoding", "identity,gzip"],
  ];
  const head = headOf(path);
  const pourHead = headOf(pourPath);
  const decode = (message: Buffer): unknown => response.decode(message);
  return {
    async call(user) {
      const ms = timeoutMs();
      const fields = ["grpc-timeout", formatGrpcTimeout(ms), "traceparent", traceparent()];
      const call = { head, fields, decode, maxMessageBytes, timeoutMs: ms, late };
      const message = prefixed(request.encode(user, frameOverhead));
      const { value, fields: trailers } = await callUnary(channel, call, message);
      if (trailers[1] !== "0" || !isUser(value)) throw new Error(`no echo: ${trailers.join(" ")}`);
      return value;
    },
    async stream(messages) {
      const asked = Buffer.alloc(4);
      asked.writeUInt32BE(messages);
      const answers = callStreaming(channel, {
        head: pourHead,
        fields: [],
        decode: (message) => message.byteLength,
        maxMessageBytes,
        timeoutMs: undefined,
        late,
        messages: (async function* () {
          yield frame(asked);
        })(),
        judge: ({ fields: trailers }) => (trailers[1] === "0" ? undefined : late()),
      });
      let bytes = 0;
      for await (const answer of answers) bytes += Number(answer);
      return bytes;
    },
    close: async () => channel[Symbol.asyncDispose](),
  };
}
