import { strict as assert } from "node:assert";
import { test } from "node:test";
import {
  create,
  createFileRegistry,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  fromJson,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { z } from "zod";
import { seededRandom, systemClock } from "../../../kernel/index.ts";
import { createLogger, createTracer, ratioSampler } from "../../../telemetry/index.ts";
import { contract } from "../../contract.ts";
import { type Serving, serve } from "../../serve.ts";

// Somebody who knows nothing of a service but its address: a stock client and another implementation of protobuf learn
// it by reflection, and call it with what they learned.

const Item = z.object({ sku: z.string(), count: z.int(), price: z.number() });
const Everything = z.object({
  text: z.string(),
  flag: z.boolean(),
  list: z.array(Item),
  labels: z.record(z.string(), z.int()),
  maybe: z.string().optional(),
  nothing: z.string().nullable(),
  any: z.union([z.string(), z.number()]),
});
const Things = contract("thing-service", {
  echo: { http: "POST /echo", in: Everything, out: Everything },
  count: { stream: "out", in: z.object({ n: z.int() }), out: z.object({ n: z.int() }) },
  sum: { stream: "in", in: z.object({ n: z.int() }), out: z.object({ n: z.int() }) },
  talk: { stream: "both", in: Item, out: Item },
});
const parts = {
  tracer: createTracer({
    service: "t",
    sampler: ratioSampler(0),
    sink: { accept: () => undefined },
    clock: systemClock,
  }),
  log: createLogger({ service: "t", write: () => undefined, clock: systemClock }),
  random: seededRandom(1),
  discovery: undefined,
  lockFile: undefined,
};
const serveThings = (): Promise<Serving> =>
  serve(
    Things,
    {
      echo: (input) => input,
      async *count({ n }) {
        for (let i = 1; i <= n; i++) yield { n: i };
      },
      async sum(inputs) {
        let sum = 0;
        for await (const { n } of inputs) sum += n;
        return { n: sum };
      },
      async *talk(inputs) {
        yield* inputs;
      },
    },
    { port: 0, grpcPort: 0, parts },
  );

/** The messages of grpc/reflection/v1/reflection.proto that are used here; v1alpha has the same. */
const { root } = protobuf.parse(`syntax = "proto3";
  message Request { string host = 1; oneof what { string file_by_filename = 3; string file_containing_symbol = 4;
    Extension file_containing_extension = 5; string all_extension_numbers_of_type = 6; string list_services = 7; } }
  message Extension { string containing_type = 1; int32 extension_number = 2; }
  message Response { string valid_host = 1; Request original_request = 2; oneof said { Files file_descriptor_response = 4;
    List list_services_response = 6; Failure error_response = 7; } }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message List { repeated Service service = 1; }
  message Service { string name = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }`);
const [requestType, responseType] = [root.lookupType("Request"), root.lookupType("Response")];

interface Said {
  readonly originalRequest?: object;
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}

interface Stock extends Disposable {
  readonly client: grpc.Client;
  /** All questions on one stream; the answers in their order. */
  ask(version: string, ...questions: object[]): Promise<Said[]>;
}

function stock(server: Serving): Stock {
  const client = new grpc.Client(`127.0.0.1:${server.grpcPort}`, grpc.credentials.createInsecure());
  return {
    client,
    async ask(version, ...questions) {
      const call = client.makeBidiStreamRequest(
        `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        (question: object) => Buffer.from(requestType.encode(question).finish()),
        (bytes): Said => responseType.toObject(responseType.decode(bytes)),
      );
      for (const question of questions) call.write(question);
      call.end();
      const said: Said[] = [];
      for await (const answer of call) said.push(answer);
      return said;
    },
    [Symbol.dispose]: () => client.close(),
  };
}

async function learn(one: Stock, version: string, symbol: string): Promise<FileRegistry> {
  const [said] = await one.ask(version, { fileContainingSymbol: symbol });
  const files = said?.fileDescriptorResponse?.fileDescriptorProto ?? [];
  // In a set a file stands after those it needs.
  const file = files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes)).reverse();
  return createFileRegistry(create(FileDescriptorSetSchema, { file }));
}

for (const version of ["v1", "v1alpha"]) {
  test(`${version}: services are listed, learned by symbol, and called with what was learned`, async () => {
    await using server = await serveThings();
    using one = stock(server);
    const [list] = await one.ask(version, { listServices: "*" });
    const names = list?.listServicesResponse?.service.map(({ name }) => name);
    assert.deepEqual(names, ["thing_service.ThingService", "grpc.health.v1.Health"]);
    const service = (await learn(one, version, "thing_service.ThingService")).getService(
      "thing_service.ThingService",
    );
    assert.ok(service);
    assert.deepEqual(
      service.methods.map(({ name, methodKind }) => [name, methodKind]),
      [
        ["Echo", "unary"],
        ["Count", "server_streaming"],
        ["Sum", "client_streaming"],
        ["Talk", "bidi_streaming"],
      ],
    );
    const [echo] = service.methods;
    assert.ok(echo);
    const value = {
      ...{ text: "é", flag: true, list: [{ sku: "a", count: "2", price: 0.5 }] },
      ...{ labels: { a: "1" }, maybe: "so", any: 7 },
    };
    assert.deepEqual(await callUnary(one.client, echo, value), value);
  });

  test(`${version}: what nobody knows is NOT_FOUND in the answer, and the stream goes on`, async () => {
    await using server = await serveThings();
    using one = stock(server);
    const said = await one.ask(
      version,
      { fileContainingSymbol: "nope.Nope" },
      { fileByFilename: "nope.proto" },
      { fileContainingExtension: { containingType: "thing_service.Thing", extensionNumber: 1 } },
      { allExtensionNumbersOfType: "thing_service.Thing" },
      { fileByFilename: "thing_service.proto" },
      { fileContainingSymbol: "grpc.health.v1.Health.Watch" },
    );
    assert.deepEqual(
      said.map(({ errorResponse }) => errorResponse?.errorCode),
      [5, 5, 5, 5, undefined, undefined],
    );
    assert.deepEqual(said[0]?.originalRequest, { fileContainingSymbol: "nope.Nope" });
    const [file] = said[5]?.fileDescriptorResponse?.fileDescriptorProto ?? [];
    assert.equal(fromBinary(FileDescriptorProtoSchema, file ?? Buffer.alloc(0)).package, "grpc.health.v1");
  });
}

test("every symbol of a contract leads to its file", async () => {
  await using server = await serveThings();
  using one = stock(server);
  const symbols = ["Echo", "Count"].map((method) => `thing_service.ThingService.${method}`);
  for (const symbol of [...symbols, "thing_service.EchoRequest", "google.protobuf.Value"]) {
    const [said] = await one.ask("v1", { fileContainingSymbol: symbol });
    assert.ok(said?.fileDescriptorResponse, symbol);
  }
});

async function callUnary(client: grpc.Client, method: DescMethod, value: object): Promise<unknown> {
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const request = fromJson(method.input, JSON.parse(JSON.stringify(value)));
    client.makeUnaryRequest(
      `/${method.parent.typeName}/${method.name}`,
      (message: typeof request) => Buffer.from(toBinary(method.input, message)),
      (answer) => answer,
      request,
      (error, answer) => (answer === undefined ? reject(error) : resolve(answer)),
    );
  });
  return toJson(method.output, fromBinary(method.output, bytes));
}
