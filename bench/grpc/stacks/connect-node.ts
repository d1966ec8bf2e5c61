import { once } from "node:events";
import { createServer } from "node:http2";
import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { createClient } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import { infoOf } from "../../../src/rpc/contract.ts";
import { bindGrpc } from "../../../src/rpc/grpc/binding.ts";
import { contractFile } from "../../../src/rpc/grpc/reflection/descriptor.ts";
import { emptyLock } from "../../../src/rpc/proto/lock.ts";
import { type Stack, timeoutMs, traceparent, type User } from "../stack.ts";
import { Users } from "./contract.ts";

/** The contract as @bufbuild/protobuf reads it from its descriptor. */
function serviceOf(): DescService {
  const binding = bindGrpc(infoOf(Users), emptyLock);
  const file = fromBinary(FileDescriptorProtoSchema, contractFile(binding).bytes);
  const service = createFileRegistry(file, () => undefined).getService(binding.service);
  if (service === undefined) throw new Error(`no ${binding.service} in the descriptor`);
  return service;
}

export const stack: Stack = {
  async serve() {
    const routes: Parameters<typeof connectNodeAdapter>[0]["routes"] = (router) => {
      // Known only at run time, a service has no types to check its implementation by.
      router.service(serviceOf(), { echo: (user: User) => user } as never);
    };
    const server = createServer(connectNodeAdapter({ routes, acceptCompression: [] }));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  },
  async connect(port) {
    const transport = createGrpcTransport({ baseUrl: `http://127.0.0.1:${port}`, acceptCompression: [] });
    const client: Readonly<Record<string, unknown>> = createClient(serviceOf(), transport);
    const { echo } = client;
    if (typeof echo !== "function") throw new Error("the contract has no method");
    return {
      call: ({ age, ...user }) =>
        echo(
          { ...user, age: BigInt(age) },
          { timeoutMs: timeoutMs(), headers: { traceparent: traceparent() } },
        ),
      // Its connections close by themselves.
      close: async () => {},
    };
  },
};
