import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { type Stack, streamedBytes, timeoutMs, traceparent, type User } from "../stack.ts";

const { root } = protobuf.parse(`
  syntax = "proto3";
  package bench_service;
  message EchoRequest { string id = 1; string name = 2; string email = 3; int64 age = 4; string city = 5; }
`);
const message = root.lookupType("bench_service.EchoRequest");
const encode = (user: User): Buffer => Buffer.from(message.encode(user).finish());
const decode = (bytes: Buffer): User => message.decode(bytes) as unknown as User;
const definition: grpc.MethodDefinition<User, User> = {
  path: "/bench_service.BenchService/Echo",
  requestStream: false,
  responseStream: false,
  requestSerialize: encode,
  requestDeserialize: decode,
  responseSerialize: encode,
  responseDeserialize: decode,
};

const pourPath = "/bench_service.BenchService/Pour";
const same = (bytes: Buffer): Buffer => bytes;
const pourDefinition: grpc.MethodDefinition<Buffer, Buffer> = {
  path: pourPath,
  requestStream: false,
  responseStream: true,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

export const stack: Stack = {
  serve() {
    const server = new grpc.Server();
    const echo: grpc.handleUnaryCall<User, User> = (call, answer) => answer(null, call.request);
    const poured = Buffer.alloc(streamedBytes);
    const pour = async (call: grpc.ServerWritableStream<Buffer, Buffer>): Promise<void> => {
      const count = call.request.readUInt32BE(0);
      for (let i = 0; i < count; i++) if (!call.write(poured)) await once(call, "drain");
      call.end();
    };
    server.addService({ echo: definition, pour: pourDefinition }, { echo, pour });
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  },
  async connect(port) {
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    return {
      call: (user) =>
        new Promise((resolve, reject) => {
          const metadata = new grpc.Metadata();
          metadata.set("traceparent", traceparent());
          const options = { deadline: Date.now() + timeoutMs() };
          const { path, requestSerialize, responseDeserialize } = definition;
          client.makeUnaryRequest(
            path,
            requestSerialize,
            responseDeserialize,
            user,
            metadata,
            options,
            (error, back) => (error === null && back !== undefined ? resolve(back) : reject(error)),
          );
        }),
      async stream(messages) {
        const asked = Buffer.alloc(4);
        asked.writeUInt32BE(messages);
        let bytes = 0;
        for await (const message of client.makeServerStreamRequest(pourPath, same, same, asked))
          bytes += message.byteLength;
        return bytes;
      },
      close: async () => client.close(),
    };
  },
};
