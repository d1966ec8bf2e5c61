import { ByteReader, ByteWriter, wireType } from "../../proto/wire.ts";
import type { GrpcBinding } from "../binding.ts";
import { frame } from "../frame.ts";
import { healthService } from "../health.ts";
import type { ByteMethod } from "../serving/method.ts";
import { grpcStatus } from "../status.ts";
import { contractFile, type FileDescriptor, healthFile, structFile } from "./descriptor.ts";

/** https://github.com/grpc/grpc/blob/master/doc/server-reflection.md; both versions say the same. */
const versions = ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/** What tools such as grpcurl ask a server to learn its services and messages. */
export function reflectionMethods(binding: GrpcBinding): Map<string, ByteMethod> {
  let book: Book | undefined;
  const method: ByteMethod = {
    kind: "stream",
    // What is asked is also said back, so it outlives the call.
    decode: (message) => Buffer.from(message),
    async *answers(_call, inputs) {
      book ??= bookOf(binding);
      for await (const asked of inputs) if (asked instanceof Uint8Array) yield frame(answer(book, asked));
    },
  };
  return new Map(versions.map((service) => [`/${service}/ServerReflectionInfo`, method]));
}

interface Book {
  readonly services: readonly string[];
  readonly byName: ReadonlyMap<string, FileDescriptor>;
  readonly bySymbol: ReadonlyMap<string, FileDescriptor>;
}

/** Made when somebody asks: most servers are never asked. */
function bookOf(binding: GrpcBinding): Book {
  const files = [contractFile(binding), structFile, healthFile];
  return {
    services: [binding.service, healthService],
    byName: new Map(files.map((file) => [file.name, file])),
    bySymbol: new Map(files.flatMap((file) => file.symbols.map((symbol) => [symbol, file] as const))),
  };
}

/** A ServerReflectionResponse for a ServerReflectionRequest. @throws WireError when it is none */
function answer(book: Book, request: Uint8Array): Uint8Array {
  const { host, question, text } = parse(request);
  const out = new ByteWriter();
  write(out, 1, Buffer.from(host));
  write(out, 2, request);
  switch (question) {
    case 3:
      files(out, book, book.byName.get(text), `no file ${text}`);
      break;
    case 4:
      files(out, book, book.bySymbol.get(text), `no symbol ${text}`);
      break;
    case 7:
      write(out, 6, list(book.services));
      break;
    default:
      // proto3 has no extensions.
      write(out, 7, failure(grpcStatus.NOT_FOUND, "there are no extensions here"));
  }
  return out.finish();
}

function parse(request: Uint8Array): { host: string; question: number; text: string } {
  const reader = new ByteReader(request);
  let [host, question, text] = ["", 0, ""];
  while (!reader.done) {
    const { number, type } = reader.tag();
    if (type !== wireType.bytes) reader.skip(type);
    else if (number === 1) host = reader.string();
    else if (number === 5) {
      question = number;
      reader.skip(type);
    } else {
      question = number;
      text = reader.string();
    }
  }
  return { host, question, text };
}

/** A file with what it needs, so that the asker need not ask again. */
function files(out: ByteWriter, book: Book, file: FileDescriptor | undefined, missing: string): void {
  if (file === undefined) {
    write(out, 7, failure(grpcStatus.NOT_FOUND, missing));
    return;
  }
  const inner = new ByteWriter();
  write(inner, 1, file.bytes);
  for (const name of file.dependencies) write(inner, 1, book.byName.get(name)?.bytes ?? new Uint8Array());
  write(out, 4, inner.finish());
}

function list(services: readonly string[]): Uint8Array {
  const out = new ByteWriter();
  for (const name of services) {
    const service = new ByteWriter();
    write(service, 1, Buffer.from(name));
    write(out, 1, service.finish());
  }
  return out.finish();
}

function failure(code: number, message: string): Uint8Array {
  const out = new ByteWriter();
  out.tag(1, wireType.varint);
  out.varint(code);
  write(out, 2, Buffer.from(message));
  return out.finish();
}

function write(out: ByteWriter, field: number, bytes: Uint8Array): void {
  out.tag(field, wireType.bytes);
  out.bytes(bytes);
}
