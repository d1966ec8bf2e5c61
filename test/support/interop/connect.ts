import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import {
  createFileRegistry,
  type DescMethod,
  type DescService,
  fromBinary,
  fromJson,
  type JsonValue,
  type Message as ProtoMessage,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import {
  type CallOptions,
  ConnectError,
  createClient,
  decodeBinaryHeader,
  encodeBinaryHeader,
  type HandlerContext,
  type ServiceImpl,
  type Transport,
} from "@connectrpc/connect";
import {
  compressionGzip,
  connectNodeAdapter,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { contractFile } from "../../../src/rpc/grpc/reflection/descriptor.ts";
import { bindGrpc, emptyLock, infoOf } from "../../../src/rpc/index.ts";
import {
  type Caller,
  type InteropCall,
  type Message,
  type Packing,
  type Party,
  type Said,
  Sending,
  sizeOf,
} from "./party.ts";
import { Believed, Interop, initialName, Nowhere, trailingName, zeros } from "./service.ts";

/** What the contract's descriptor is to another implementation of protobuf. */
function serviceOf(info: Parameters<typeof bindGrpc>[0]): DescService {
  const binding = bindGrpc(info, emptyLock);
  const file = fromBinary(FileDescriptorProtoSchema, contractFile(binding).bytes);
  const service = createFileRegistry(file, () => undefined).getService(binding.service);
  if (service === undefined) throw new Error(`no ${binding.service} in the descriptor`);
  return service;
}

/** @connectrpc/connect-node over node:http2, speaking gRPC, with messages by @bufbuild/protobuf. */
export const connectNode: Party = {
  name: "@connectrpc/connect-node",
  cannot: {},
  async serve(packing) {
    const handler = connectNodeAdapter({
      routes: (router) => {
        router.service(serviceOf(infoOf(Interop)), served);
      },
      acceptCompression: [compressionGzip],
      compressMinBytes: packing === "packed" ? 1_024 : Number.MAX_SAFE_INTEGER,
    });
    const server = createServer(handler);
    const sessions = new Set<ServerHttp2Session>();
    server.on("session", (session) => {
      sessions.add(session);
      session.on("close", () => sessions.delete(session));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return {
      port: typeof address === "object" && address !== null ? address.port : 0,
      async [Symbol.asyncDispose]() {
        server.close();
        for (const session of sessions) session.destroy();
      },
    };
  },
  connect: async (port, packing) =>
    callerOver(createGrpcTransport({ ...optionsOf(port, packing), idleConnectionTimeoutMs: 1_000 })),
};

/** The same client speaking gRPC-Web, which browsers would speak. */
export async function connectWeb(httpVersion: "1.1" | "2", port: number, packing: Packing): Promise<Caller> {
  return callerOver(createGrpcWebTransport({ ...optionsOf(port, packing), httpVersion }));
}

function optionsOf(port: number, packing: Packing) {
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    acceptCompression: [compressionGzip],
    compressMinBytes: 1_024,
    ...(packing === "packed" ? { sendCompression: compressionGzip } : {}),
  };
}

function callerOver(transport: Transport): Caller {
  const believed = serviceOf(infoOf(Believed));
  const nowhere = serviceOf(infoOf(Nowhere));
  return {
    call(call) {
      const service = call.nowhere === true ? nowhere : believed;
      const method = service.method[call.method];
      if (method === undefined) throw new Error(`no ${call.method}`);
      const client: Readonly<Record<string, unknown>> = createClient(service, transport);
      return ask(client[call.method], method, call);
    },
    // Its connections close by themselves.
    [Symbol.asyncDispose]: async () => {},
  };
}

const jsonOf = (message: ProtoMessage, method: DescMethod): Message => {
  // int64 is text in protobuf's JSON; the numbers of the cases are read back from it.
  const text = JSON.stringify(toJson(method.input, message));
  return JSON.parse(text, (key, value) =>
    ["responseSize", "size", "intervalMs", "code"].includes(key) ? Number(value) : value,
  );
};
const answer = (method: DescMethod, json: JsonValue): ProtoMessage => fromJson(method.output, json);
const payload = (size = 0): JsonValue => ({ payload: { body: zeros(size) } });

const implementation = {
  emptyCall: (_request: ProtoMessage, { method }: HandlerContext) => answer(method, {}),
  unaryCall(request: ProtoMessage, context: HandlerContext) {
    echo(context);
    const { responseStatus, responseSize } = jsonOf(request, context.method);
    if (responseStatus !== undefined) throw new ConnectError(responseStatus.message, responseStatus.code);
    return answer(context.method, payload(responseSize));
  },
  async streamingInputCall(requests: AsyncIterable<ProtoMessage>, { method }: HandlerContext) {
    let aggregatedPayloadSize = 0;
    for await (const request of requests) aggregatedPayloadSize += sizeOf(jsonOf(request, method));
    return answer(method, { aggregatedPayloadSize });
  },
  async *streamingOutputCall(request: ProtoMessage, { method }: HandlerContext) {
    for (const { size } of jsonOf(request, method).responseParameters ?? [])
      yield answer(method, payload(size));
  },
  async *fullDuplexCall(requests: AsyncIterable<ProtoMessage>, context: HandlerContext) {
    echo(context);
    for await (const request of requests) {
      const { responseStatus, responseParameters = [] } = jsonOf(request, context.method);
      if (responseStatus !== undefined) throw new ConnectError(responseStatus.message, responseStatus.code);
      for (const { size, intervalMs } of responseParameters) {
        if (intervalMs !== undefined) await once(context.signal, "abort");
        yield answer(context.method, payload(size));
      }
    }
  },
};

/** A service that is known only at run time has no types to check its implementation by. */
const served = implementation as unknown as Partial<ServiceImpl<DescService>>;

function echo({ requestHeader, responseHeader, responseTrailer }: HandlerContext): void {
  const initial = requestHeader.get(initialName);
  const trailing = requestHeader.get(trailingName);
  if (initial !== null) responseHeader.set(initialName, initial);
  if (trailing !== null) responseTrailer.set(trailingName, encodeBinaryHeader(decodeBinaryHeader(trailing)));
}

async function ask(method: unknown, desc: DescMethod, call: InteropCall): Promise<Said> {
  if (typeof method !== "function") throw new Error(`no ${call.method}`);
  const stop = new AbortController();
  const sizes: number[] = [];
  let [head, tail] = [new Headers(), new Headers()];
  const options: CallOptions = {
    signal: stop.signal,
    headers: {
      ...(call.initial === undefined ? {} : { [initialName]: call.initial }),
      ...(call.trailing === undefined ? {} : { [trailingName]: encodeBinaryHeader(call.trailing) }),
    },
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
    onHeader: (fields) => {
      head = fields;
    },
    onTrailer: (fields) => {
      tail = fields;
    },
  };
  const messages = call.messages.map((message) => fromJson(desc.input, JSON.parse(JSON.stringify(message))));
  const sending = new Sending(call, messages);
  const several = desc.methodKind === "client_streaming" || desc.methodKind === "bidi_streaming";
  const run = async (): Promise<void> => {
    const said: unknown = method(several ? sending.messages() : messages[0], options);
    if (call.cancel === "after begin") stop.abort();
    if (typeof said === "object" && said !== null && Symbol.asyncIterator in said)
      for await (const one of said as AsyncIterable<ProtoMessage>) {
        sizes.push(sizeOf(toJson(desc.output, one)));
        sending.heard();
        if (call.cancel === "after first answer") stop.abort();
      }
    else sizes.push(sizeOf(toJson(desc.output, (await said) as ProtoMessage)));
  };
  let outcome = { status: 0, message: "" };
  await run().catch((error: unknown) => {
    if (!(error instanceof ConnectError)) throw error;
    outcome = { status: error.code, message: error.rawMessage };
    tail = error.metadata;
  });
  sending.end();
  const bytes = tail.get(trailingName);
  return {
    ...outcome,
    sizes,
    initial: head.get(initialName) ?? undefined,
    trailing: bytes === null ? undefined : new Uint8Array(decodeBinaryHeader(bytes)),
  };
}
