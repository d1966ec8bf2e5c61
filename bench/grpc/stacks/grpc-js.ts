import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { type Stack, timeoutMs, traceparent, type User } from "../stack.ts";

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

export const stack: Stack = {
  serve() {
    const server = new grpc.Server();
    const echo: grpc.handleUnaryCall<User, User> = (call, answer) => answer(null, call.request);
    server.addService({ echo: definition }, { echo });
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
      close: async () => client.close(),
    };
  },
};
