import * as grpc from "@grpc/grpc-js";
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
import { definitionOf } from "./proto.ts";
import { initialName, type MethodName, trailingName, zeros } from "./service.ts";

/** @grpc/grpc-js, with messages by protobufjs. */
export const grpcJs: Party = {
  name: "@grpc/grpc-js",
  cannot: {
    server: {
      server_compressed_unary: "its server packs no answers",
      server_compressed_streaming: "its server packs no answers",
    },
  },
  async serve() {
    const server = new grpc.Server();
    const methods: readonly MethodName[] = [
      ...(["emptyCall", "unaryCall", "streamingInputCall"] as const),
      ...(["streamingOutputCall", "fullDuplexCall"] as const),
    ];
    server.addService(Object.fromEntries(methods.map((name) => [name, definitionOf(name)])), {
      emptyCall: (_call: Unary, answer: Answer) => answer(null, {}),
      unaryCall: (call: Unary, answer: Answer) => {
        const { request } = call;
        const trailer = trailing(call.metadata);
        echoHead(call);
        if (request.responseStatus === undefined) answer(null, payload(request.responseSize), trailer);
        else
          answer(
            { code: request.responseStatus.code, details: request.responseStatus.message },
            null,
            trailer,
          );
      },
      streamingInputCall: (call: grpc.ServerReadableStream<Message, object>, answer: Answer) => {
        let aggregatedPayloadSize = 0;
        call.on("data", (message: Message) => {
          aggregatedPayloadSize += sizeOf(message);
        });
        call.on("end", () => answer(null, { aggregatedPayloadSize }));
      },
      streamingOutputCall: (call: grpc.ServerWritableStream<Message, object>) => {
        for (const { size } of call.request.responseParameters ?? []) call.write(payload(size));
        call.end();
      },
      fullDuplexCall: talk,
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    return { port, [Symbol.asyncDispose]: async () => server.forceShutdown() };
  },
  async connect(port, packing) {
    const plain = stock(port, "plain");
    const packed = packing === "packed" ? stock(port, "packed") : plain;
    return {
      // It packs all messages of a channel or none: small ones go over a plain one.
      call: (call) => ask(call.messages.some((message) => sizeOf(message) > 1_024) ? packed : plain, call),
      async [Symbol.asyncDispose]() {
        plain.close();
        packed.close();
      },
    } satisfies Caller;
  },
};

/** WriteFlags.NoCompress, which is not exported. */
const noCompress = 2;

type Unary = grpc.ServerUnaryCall<Message, object>;
type Answer = grpc.sendUnaryData<object>;

function stock(port: number, packing: Packing): grpc.Client {
  const options =
    packing === "packed" ? { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip } : {};
  return new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
    ...options,
    "grpc.max_receive_message_length": -1,
  });
}

const payload = (size = 0): object => ({ payload: { body: zeros(size) } });

function trailing(asked: grpc.Metadata): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const value of asked.get(trailingName)) metadata.add(trailingName, value);
  return metadata;
}

function echoHead(call: Unary | grpc.ServerDuplexStream<Message, object>): void {
  const [initial] = call.metadata.get(initialName);
  if (initial === undefined) return;
  const metadata = new grpc.Metadata();
  metadata.set(initialName, initial);
  call.sendMetadata(metadata);
}

function talk(call: grpc.ServerDuplexStream<Message, object>): void {
  let asleep = false;
  echoHead(call);
  call.on("data", ({ responseStatus, responseParameters = [] }: Message) => {
    if (responseStatus !== undefined)
      call.emit("error", { code: responseStatus.code, details: responseStatus.message });
    else if (responseParameters.some(({ intervalMs }) => intervalMs !== undefined)) asleep = true;
    else for (const { size } of responseParameters) call.write(payload(size));
  });
  // Who is asked to sleep never answers.
  call.on("end", () => asleep || call.end(trailing(call.metadata)));
}

async function ask(client: grpc.Client, call: InteropCall): Promise<Said> {
  const definition = definitionOf(call.method, call);
  const { path, requestSerialize, responseDeserialize } = definition;
  const metadata = new grpc.Metadata();
  if (call.initial !== undefined) metadata.set(initialName, call.initial);
  if (call.trailing !== undefined) metadata.set(trailingName, Buffer.from(call.trailing));
  const options = call.timeoutMs === undefined ? {} : { deadline: Date.now() + call.timeoutMs };
  const sizes: number[] = [];
  const [one = {}] = call.messages;
  const onUnary = (_error: unknown, answer?: object): void => {
    if (answer !== undefined) sizes.push(sizeOf(answer));
  };
  const to = [path, requestSerialize, responseDeserialize] as const;
  const written = definition.requestStream
    ? definition.responseStream
      ? client.makeBidiStreamRequest(...to, metadata, options)
      : client.makeClientStreamRequest(...to, metadata, options, onUnary)
    : undefined;
  const opened =
    written ??
    (definition.responseStream
      ? client.makeServerStreamRequest(...to, one, metadata, options)
      : client.makeUnaryRequest(...to, one, metadata, options, onUnary));
  const head = new Promise<grpc.Metadata>((resolve) => opened.once("metadata", resolve));
  const ended = new Promise<grpc.StatusObject>((resolve) => opened.once("status", resolve));
  const sending = new Sending(call, call.messages);
  opened.on("error", () => {});
  opened.on("data", (answer: object) => {
    sizes.push(sizeOf(answer));
    sending.heard();
    if (call.cancel === "after first answer") opened.cancel();
  });
  if (written !== undefined) void write(written, sending);
  if (call.cancel === "after begin") opened.cancel();
  const status = await ended;
  sending.end();
  const initial = await Promise.race([head, Promise.resolve(undefined)]);
  const [text] = initial?.get(initialName) ?? [];
  const [bytes] = status.metadata.get(trailingName);
  return {
    status: status.code,
    message: status.code === 0 ? "" : status.details,
    sizes,
    initial: typeof text === "string" ? text : undefined,
    trailing: typeof bytes === "object" ? new Uint8Array(bytes) : undefined,
  };
}

async function write(to: grpc.ClientWritableStream<Message>, sending: Sending<Message>): Promise<void> {
  for await (const message of sending.messages()) to.write(message, sizeOf(message) > 1_024 ? 0 : noCompress);
  to.end();
}
