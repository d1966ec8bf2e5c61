import { grpcPortOf } from "../../discovery/index.ts";
import { type Clock, TuskerError } from "../../kernel/index.ts";
import {
  authority,
  type HeaderList,
  type Http2Engine,
  type StreamChannel,
  streamChannel,
} from "../../net/index.ts";
import { formatGrpcTimeout } from "../../resilience/index.ts";
import type { Method } from "../contract.ts";
import { invalidInput } from "../dispatch.ts";
import { WireError } from "../proto/wire.ts";
import type { Asked, Link, StreamAsked, Told, Wire } from "../wire.ts";
import type { GrpcBinding, GrpcMethod } from "./binding.ts";
import { callUnary, type UnaryReply } from "./calling/call.ts";
import { statusOf, toldOf } from "./calling/reply.ts";
import { callStreaming } from "./calling/stream.ts";
import { knowsGzip, pack } from "./compress.ts";
import { frameOverhead, prefixed } from "./frame.ts";
import { grpcStatus } from "./status.ts";

export interface GrpcWireOptions {
  /** The contract compiled; asked for on the first call. */
  readonly binding: () => Promise<GrpcBinding>;
  /** Largest answer, decompressed. */
  readonly maxMessageBytes: number;
  /** Requests larger than this are packed with gzip for services that said they take it; undefined packs none. */
  readonly compressAbove: number | undefined;
  readonly engine: Http2Engine;
  readonly clock: Clock;
}

type Encoding = "identity" | "gzip";

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
      return port === undefined ? undefined : `http://${authority(endpoint.host, port)}`;
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
  readonly #scheme: string;
  readonly #compiled: (method: Method) => GrpcMethod;
  readonly #options: GrpcWireOptions;
  /** One list per method and encoding: the connection knows it by its identity. */
  readonly #heads: Readonly<Record<Encoding, Map<string, HeaderList>>> = {
    identity: new Map(),
    gzip: new Map(),
  };
  /** What the service takes, as it said in its last answer. */
  #takes: Encoding = "identity";

  constructor(origin: string, compiled: (method: Method) => GrpcMethod, options: GrpcWireOptions) {
    this.#channel = streamChannel(origin, { clock: options.clock, engine: options.engine });
    const { host, protocol } = new URL(origin);
    this.#authority = host;
    this.#scheme = protocol.slice(0, -1);
    this.#compiled = compiled;
    this.#options = options;
  }

  async ask(asked: Asked): Promise<Told> {
    const grpc = this.#compiled(asked.method);
    const { body } = asked.prepared;
    if (!(body instanceof Uint8Array))
      throw new TuskerError("KERNEL_INTERNAL", "a gRPC call without a message");
    const decode = (message: Buffer): unknown => decoded(grpc, message);
    const packs = this.#packs(body);
    const call = { ...this.#call(grpc, asked, packs ? "gzip" : "identity"), decode };
    const reply = await callUnary(this.#channel, call, packs ? await pack(body) : body);
    const { head, fields: tail } = reply;
    this.#learn(head.length === 0 ? tail : head);
    return { ...toldBy(grpc, reply), head, tail };
  }

  stream(asked: StreamAsked): AsyncIterable<unknown> {
    const grpc = this.#compiled(asked.method);
    const encoding = this.#options.compressAbove === undefined ? "identity" : this.#takes;
    return callStreaming(this.#channel, {
      ...this.#call(grpc, asked, encoding),
      decode: (message) => decoded(grpc, message),
      messages: this.#framed(grpc, asked.inputs, encoding),
      onHead: (head) => {
        this.#learn(head);
        asked.onHead?.(head);
      },
      onTail: asked.onTail,
      judge: (reply) => (statusOf(reply) === grpcStatus.OK ? undefined : toldOf(grpc, reply).error),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }

  #packs(framed: Uint8Array): boolean {
    const { compressAbove } = this.#options;
    return (
      compressAbove !== undefined &&
      this.#takes === "gzip" &&
      framed.byteLength - frameOverhead > compressAbove
    );
  }

  #learn(fields: HeaderList): void {
    if (this.#options.compressAbove !== undefined) this.#takes = knowsGzip(fields) ? "gzip" : "identity";
  }

  async *#framed(
    grpc: GrpcMethod,
    inputs: AsyncIterable<unknown>,
    encoding: Encoding,
  ): AsyncGenerator<Uint8Array> {
    for await (const input of inputs) {
      const message = encoded(grpc, input);
      yield encoding === "gzip" && this.#packs(message) ? await pack(message) : message;
    }
  }

  #call(
    grpc: GrpcMethod,
    { fields, timeoutMs, late, signal }: Omit<StreamAsked, "inputs">,
    encoding: Encoding,
  ) {
    const timeout = timeoutMs === undefined ? [] : ["grpc-timeout", formatGrpcTimeout(timeoutMs)];
    const { maxMessageBytes, clock } = this.#options;
    return {
      head: this.#head(grpc.path, encoding),
      fields: [...timeout, ...lowerCase(fields)],
      maxMessageBytes,
      timeoutMs,
      late,
      signal,
      clock,
    };
  }

  #head(path: string, encoding: Encoding): HeaderList {
    const known = this.#heads[encoding].get(path);
    if (known !== undefined) return known;
    const head = [
      ...[":method", "POST", ":scheme", this.#scheme, ":path", path, ":authority", this.#authority],
      ...[
        "te",
        "trailers",
        "content-type",
        "application/grpc+proto",
        "grpc-accept-encoding",
        "identity,gzip",
      ],
      ...(encoding === "identity" ? [] : ["grpc-encoding", encoding]),
    ];
    this.#heads[encoding].set(path, head);
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

/** RFC 9113 §8.2.1: names are lower-case. */
function lowerCase(fields: readonly string[]): string[] {
  return fields.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text));
}
