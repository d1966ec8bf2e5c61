import { grpcPortOf } from "../../discovery/index.ts";
import { type Clock, TuskerError } from "../../kernel/index.ts";
import { type HeaderList, type Http2Engine, type StreamChannel, streamChannel } from "../../net/index.ts";
import { formatGrpcTimeout } from "../../resilience/index.ts";
import type { Method } from "../contract.ts";
import { invalidInput } from "../dispatch.ts";
import { WireError } from "../proto/wire.ts";
import type { Asked, Link, StreamAsked, Told, Wire } from "../wire.ts";
import type { GrpcBinding, GrpcMethod } from "./binding.ts";
import { callUnary, type UnaryReply } from "./calling/call.ts";
import { statusOf, toldOf } from "./calling/reply.ts";
import { callStreaming } from "./calling/stream.ts";
import { frameOverhead, prefixed } from "./frame.ts";
import { grpcStatus } from "./status.ts";

export interface GrpcWireOptions {
  /** The contract compiled; asked for on the first call. */
  readonly binding: () => Promise<GrpcBinding>;
  /** Largest answer, decompressed. */
  readonly maxMessageBytes: number;
  readonly engine: Http2Engine;
  readonly clock: Clock;
}

export function grpcWire(options: GrpcWireOptions): Wire {
  let methods: ReadonlyMap<string, GrpcMethod> | undefined;
  const compile = async (): Promise<ReadonlyMap<string, GrpcMethod>> => {
    const { methods: list } = await options.binding();
    methods ??= new Map(list.map((one) => [one.method.name, one]));
    return methods;
  };
  const compiled = (method: Method): GrpcMethod => {
    const found = methods?.get(method.name);
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
    link: (origin) => new GrpcLink(origin, compiled, options),
    async prepare(method, input) {
      if (methods === undefined) await compile();
      const grpc = compiled(method);
      const body = method.stream === undefined ? encoded(grpc, input) : undefined;
      return { path: grpc.path, headers: [], body };
    },
    describe: (method) => ({
      name: `${method.service}/${method.name}`,
      attributes: { "rpc.system": "grpc", "rpc.service": method.service, "rpc.method": method.name },
    }),
  };
}

/** Calls over the streams of one origin. */
class GrpcLink implements Link {
  readonly #channel: StreamChannel;
  readonly #authority: string;
  readonly #compiled: (method: Method) => GrpcMethod;
  readonly #options: GrpcWireOptions;
  /** One list per method: the connection knows it by its identity. */
  readonly #heads = new Map<string, HeaderList>();

  constructor(origin: string, compiled: (method: Method) => GrpcMethod, options: GrpcWireOptions) {
    this.#channel = streamChannel(origin, { clock: options.clock, engine: options.engine });
    this.#authority = new URL(origin).host;
    this.#compiled = compiled;
    this.#options = options;
  }

  async ask(asked: Asked): Promise<Told> {
    const grpc = this.#compiled(asked.method);
    const { body } = asked.prepared;
    if (!(body instanceof Uint8Array))
      throw new TuskerError("KERNEL_INTERNAL", "a gRPC call without a message");
    const decode = (message: Buffer): unknown => decoded(grpc, message);
    return toldBy(grpc, await callUnary(this.#channel, { ...this.#call(grpc, asked), decode }, body));
  }

  stream(asked: StreamAsked): AsyncIterable<unknown> {
    const grpc = this.#compiled(asked.method);
    return callStreaming(this.#channel, {
      ...this.#call(grpc, asked),
      decode: (message) => decoded(grpc, message),
      messages: framed(grpc, asked.inputs),
      judge: (reply) => (statusOf(reply) === grpcStatus.OK ? undefined : toldOf(grpc, reply).error),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }

  #call(grpc: GrpcMethod, { fields, timeoutMs, late, signal }: Omit<StreamAsked, "inputs">) {
    const timeout = timeoutMs === undefined ? [] : ["grpc-timeout", formatGrpcTimeout(timeoutMs)];
    const { maxMessageBytes, clock } = this.#options;
    return {
      head: this.#head(grpc.path),
      fields: [...timeout, ...lowerCase(fields)],
      maxMessageBytes,
      timeoutMs,
      late,
      signal,
      clock,
    };
  }

  #head(path: string): HeaderList {
    const known = this.#heads.get(path);
    if (known !== undefined) return known;
    const head = [
      ...[":method", "POST", ":scheme", "http", ":path", path, ":authority", this.#authority],
      ...[
        "te",
        "trailers",
        "content-type",
        "application/grpc+proto",
        "grpc-accept-encoding",
        "identity,gzip",
      ],
    ];
    this.#heads.set(path, head);
    return head;
  }
}

function toldBy(grpc: GrpcMethod, reply: UnaryReply): Told {
  if (statusOf(reply) !== grpcStatus.OK) return toldOf(grpc, reply);
  if (reply.count === 1) return { kind: "value", value: reply.value };
  const what = reply.count === 0 ? "no message" : "more than one message";
  throw new TuskerError("RPC_PROTOCOL", `${grpc.path} answered OK with ${what}`);
}

function decoded(grpc: GrpcMethod, message: Uint8Array): unknown {
  try {
    return grpc.response.decode(message);
  } catch (cause) {
    const text = `${grpc.path} answered with a message that cannot be read: ${String(cause)}`;
    throw new TuskerError("RPC_PROTOCOL", text, { cause });
  }
}

function encoded(grpc: GrpcMethod, input: unknown): Uint8Array {
  try {
    return prefixed(grpc.request.encode(input, frameOverhead));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw invalidInput(grpc.method, [{ path: error.path.join("."), message: error.reason }]);
  }
}

async function* framed(grpc: GrpcMethod, inputs: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const input of inputs) yield encoded(grpc, input);
}

/** RFC 9113 §8.2.1: names are lower-case. */
function lowerCase(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
