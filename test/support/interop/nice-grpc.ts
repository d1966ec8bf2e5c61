import {
  type CallContext,
  ClientError,
  createChannel,
  createClient,
  createServer,
  Metadata,
  ServerError,
} from "nice-grpc";
import { type InteropCall, type Message, type Party, type Said, Sending, sizeOf } from "./party.ts";
import { definitionOf } from "./proto.ts";
import { initialName, trailingName, zeros } from "./service.ts";

// The kinds of methods as literals, by which its types tell them apart.
const unary = { requestStream: false, responseStream: false } as const;
const takes = { requestStream: true, responseStream: false } as const;
const gives = { requestStream: false, responseStream: true } as const;
const both = { requestStream: true, responseStream: true } as const;

const served = {
  emptyCall: { ...definitionOf("emptyCall"), ...unary },
  unaryCall: { ...definitionOf("unaryCall"), ...unary },
  streamingInputCall: { ...definitionOf("streamingInputCall"), ...takes },
  streamingOutputCall: { ...definitionOf("streamingOutputCall"), ...gives },
  fullDuplexCall: { ...definitionOf("fullDuplexCall"), ...both },
};
const believed = { ...served, unimplementedCall: definitionOf("unimplementedCall") };
const nowhere = { unimplementedCall: definitionOf("unimplementedCall", { nowhere: true }) };

/** nice-grpc: promises and async iterables over @grpc/grpc-js. */
export const niceGrpc: Party = {
  name: "nice-grpc",
  cannot: {
    client: {
      timeout_on_sleeping_server:
        "deadlines are a package of their own (nice-grpc-client-middleware-deadline)",
      client_compressed_streaming: "it packs every message of a channel or none",
    },
    server: {
      server_compressed_unary: "its server packs no answers",
      server_compressed_streaming: "its server packs no answers",
    },
  },
  async serve() {
    const server = createServer();
    server.add(served, {
      emptyCall: async () => ({}),
      async unaryCall({ responseStatus, responseSize }: Message, context: CallContext) {
        echo(context);
        if (responseStatus !== undefined) throw new ServerError(responseStatus.code, responseStatus.message);
        return payload(responseSize);
      },
      async streamingInputCall(messages: AsyncIterable<Message>) {
        let aggregatedPayloadSize = 0;
        for await (const message of messages) aggregatedPayloadSize += sizeOf(message);
        return { aggregatedPayloadSize };
      },
      async *streamingOutputCall({ responseParameters = [] }: Message) {
        for (const { size } of responseParameters) yield payload(size);
      },
      async *fullDuplexCall(messages: AsyncIterable<Message>, context: CallContext) {
        echo(context);
        for await (const { responseStatus, responseParameters = [] } of messages) {
          if (responseStatus !== undefined)
            throw new ServerError(responseStatus.code, responseStatus.message);
          for (const { size, intervalMs } of responseParameters) {
            if (intervalMs !== undefined) await gone(context.signal);
            yield payload(size);
          }
        }
      },
    });
    const port = await server.listen("127.0.0.1:0");
    return { port, [Symbol.asyncDispose]: async () => server.forceShutdown() };
  },
  async connect(port, packing) {
    const address = `http://127.0.0.1:${port}`;
    const plain = createChannel(address);
    const packed = createChannel(
      address,
      undefined,
      packing === "packed" ? { "grpc.default_compression_algorithm": 2 } : {},
    );
    return {
      call(call) {
        const channel = call.messages.some((message) => sizeOf(message) > 1_024) ? packed : plain;
        return call.nowhere === true
          ? ask(createClient(nowhere, channel), call)
          : ask(createClient(believed, channel), call);
      },
      async [Symbol.asyncDispose]() {
        plain.close();
        packed.close();
      },
    };
  },
};

const payload = (size = 0): object => ({ payload: { body: zeros(size) } });

function echo({ metadata, header, trailer }: CallContext): void {
  const initial = metadata.get(initialName);
  if (initial !== undefined) header.set(initialName, initial);
  trailer.set(trailingName, metadata.getAll(trailingName));
}

function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function ask(client: Readonly<Record<string, unknown>>, call: InteropCall): Promise<Said> {
  const stop = new AbortController();
  const sizes: number[] = [];
  let [head, tail] = [new Metadata(), new Metadata()];
  const metadata = new Metadata();
  if (call.initial !== undefined) metadata.set(initialName, call.initial);
  if (call.trailing !== undefined) metadata.set(trailingName, call.trailing);
  const options = {
    metadata,
    signal: stop.signal,
    onHeader: (fields: Metadata) => {
      head = fields;
    },
    onTrailer: (fields: Metadata) => {
      tail = fields;
    },
  };
  const sending = new Sending(call, call.messages);
  const method = client[call.method];
  if (typeof method !== "function") throw new Error(`no ${call.method}`);
  const several = call.method === "streamingInputCall" || call.method === "fullDuplexCall";
  const run = async (): Promise<void> => {
    const answer: unknown = method(several ? sending.messages() : (call.messages[0] ?? {}), options);
    if (call.cancel === "after begin") stop.abort();
    if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer)
      for await (const one of answer as AsyncIterable<unknown>) {
        sizes.push(sizeOf(one));
        sending.heard();
        if (call.cancel === "after first answer") stop.abort();
      }
    else sizes.push(sizeOf(await answer));
  };
  const outcome = await run().then(() => ({ status: 0, message: "" }), failureOf);
  sending.end();
  return { ...outcome, sizes, initial: head.get(initialName), trailing: bytesOf(tail.get(trailingName)) };
}

function failureOf(error: unknown): { status: number; message: string } {
  if (error instanceof ClientError) return { status: error.code, message: error.details };
  // It tells a call that was given up as an AbortError.
  if (error instanceof Error && error.name === "AbortError") return { status: 1, message: error.message };
  throw error;
}

function bytesOf(value: Uint8Array | string | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? new Uint8Array(value) : undefined;
}
