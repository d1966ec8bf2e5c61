import type { ProtoField, ProtoMessage } from "../../proto/codec.ts";
import { jsonNameOf, protoName } from "../../proto/text.ts";
import { ByteWriter, wireType } from "../../proto/wire.ts";
import type { GrpcBinding } from "../binding.ts";

/** google.protobuf.FileDescriptorProto and its parts, as far as contracts need them (descriptor.proto). */

/** One .proto file as bytes, with the names it defines. */
export interface FileDescriptor {
  readonly name: string;
  readonly dependencies: readonly string[];
  /** Full names of its services, methods and messages. */
  readonly symbols: readonly string[];
  readonly bytes: Uint8Array;
}

/** A contract's file. */
export function contractFile(binding: GrpcBinding): FileDescriptor {
  const { shape, assignment } = binding;
  const messages = shape.messages
    .map(({ name }) => assignment.messages.get(name))
    .filter((message) => message !== undefined);
  const usesValue = messages.some(({ fields }) => fields.some(({ kind }) => kind.kind === "value"));
  const name = `${shape.package}.proto`;
  const methods = shape.methods.map(
    ({ method, path, request, response }): MethodWords => ({
      name: path.slice(path.lastIndexOf("/") + 1),
      request: `.${shape.package}.${request}`,
      response: `.${shape.package}.${response}`,
      streams: {
        in: method.stream !== undefined && method.stream !== "out",
        out: method.stream !== undefined && method.stream !== "in",
      },
    }),
  );
  const file = new ByteWriter();
  text(file, 1, name);
  text(file, 2, shape.package);
  if (usesValue) text(file, 3, structFile.name);
  for (const message of messages) nested(file, 4, messageOf(shape.package, message));
  nested(file, 6, serviceOf(shape.service, methods));
  text(file, 12, "proto3");
  const service = `${shape.package}.${shape.service}`;
  return {
    name,
    dependencies: usesValue ? [structFile.name] : [],
    symbols: [
      service,
      ...methods.map((method) => `${service}.${method.name}`),
      ...messages.map((message) => `${shape.package}.${message.name}`),
    ],
    bytes: file.finish(),
  };
}

const type = { double: 1, int64: 3, bool: 8, string: 9, message: 11, enum: 14 } as const;
const label = { optional: 1, repeated: 3 } as const;

function messageOf(packageName: string, { name, fields }: ProtoMessage): Uint8Array {
  const own = `.${packageName}.${name}`;
  const out = new ByteWriter();
  text(out, 1, name);
  const optional = fields.filter(isOptional);
  for (const field of fields) {
    const fieldName = protoName(field.name);
    const words = { name: fieldName, number: field.number, jsonName: field.name };
    if (field.cardinality === "map") {
      const entry = entryName(fieldName);
      nested(
        out,
        2,
        fieldOf({ ...words, label: label.repeated, type: type.message, typeName: `${own}.${entry}` }),
      );
    } else {
      const oneof = optional.indexOf(field);
      const repeated = field.cardinality === "repeated" ? label.repeated : label.optional;
      nested(out, 2, fieldOf({ ...words, ...typeOf(packageName, field), label: repeated, oneof }));
    }
  }
  for (const field of fields) if (field.cardinality === "map") nested(out, 3, entryOf(packageName, field));
  // proto3's "optional" is a oneof of its own, named after the field.
  for (const field of optional) {
    const oneof = new ByteWriter();
    text(oneof, 1, `_${protoName(field.name)}`);
    nested(out, 8, oneof.finish());
  }
  return out.finish();
}

/** As the .proto text says it: a scalar whose absence means something. */
function isOptional(field: ProtoField): boolean {
  return field.presence !== "required" && field.cardinality === "single" && field.kind.kind === "scalar";
}

function typeOf(packageName: string, { kind }: ProtoField): { type: number; typeName?: string } {
  if (kind.kind === "scalar") return { type: type[kind.type] };
  const typeName = kind.kind === "value" ? ".google.protobuf.Value" : `.${packageName}.${kind.name}`;
  return { type: type.message, typeName };
}

function entryOf(packageName: string, field: ProtoField): Uint8Array {
  const out = new ByteWriter();
  text(out, 1, entryName(protoName(field.name)));
  nested(
    out,
    2,
    fieldOf({ name: "key", number: 1, jsonName: "key", label: label.optional, type: type.string }),
  );
  const value = { name: "value", number: 2, jsonName: "value", label: label.optional };
  nested(out, 2, fieldOf({ ...value, ...typeOf(packageName, field) }));
  const options = new ByteWriter();
  number(options, 7, 1);
  nested(out, 7, options.finish());
  return out.finish();
}

/** The name protoc gives the message behind a map: labels_by_id → LabelsByIdEntry. */
function entryName(field: string): string {
  const name = jsonNameOf(field);
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Entry`;
}

interface FieldWords {
  readonly name: string;
  readonly number: number;
  readonly jsonName: string;
  readonly label: number;
  readonly type: number;
  readonly typeName?: string;
  /** Index of the oneof it is in; -1 for none. */
  readonly oneof?: number;
  /** False for a oneof that is none of proto3's "optional". */
  readonly optional?: boolean;
}

function fieldOf(words: FieldWords): Uint8Array {
  const out = new ByteWriter();
  text(out, 1, words.name);
  number(out, 3, words.number);
  number(out, 4, words.label);
  number(out, 5, words.type);
  if (words.typeName !== undefined) text(out, 6, words.typeName);
  const { oneof = -1, optional = true } = words;
  if (oneof >= 0) number(out, 9, oneof);
  text(out, 10, words.jsonName);
  if (oneof >= 0 && optional) number(out, 17, 1);
  return out.finish();
}

interface MethodWords {
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly streams: { readonly in: boolean; readonly out: boolean };
}

function serviceOf(name: string, methods: readonly MethodWords[]): Uint8Array {
  const out = new ByteWriter();
  text(out, 1, name);
  for (const { name: method, request, response, streams } of methods) {
    const words = new ByteWriter();
    text(words, 1, method);
    text(words, 2, request);
    text(words, 3, response);
    if (streams.in) number(words, 5, 1);
    if (streams.out) number(words, 6, 1);
    nested(out, 2, words.finish());
  }
  return out.finish();
}

function text(out: ByteWriter, field: number, value: string): void {
  out.tag(field, wireType.bytes);
  out.string(value);
}

function nested(out: ByteWriter, field: number, value: Uint8Array): void {
  out.tag(field, wireType.bytes);
  out.bytes(value);
}

function number(out: ByteWriter, field: number, value: number): void {
  out.tag(field, wireType.varint);
  out.varint(value);
}

/** An enum whose values count from 0. */
function enumOf(name: string, values: readonly string[]): Uint8Array {
  const out = new ByteWriter();
  text(out, 1, name);
  for (const [i, value] of values.entries()) {
    const words = new ByteWriter();
    text(words, 1, value);
    number(words, 2, i);
    nested(out, 2, words.finish());
  }
  return out.finish();
}

function plainMessage(
  name: string,
  fields: readonly FieldWords[],
  more: (out: ByteWriter) => void,
): Uint8Array {
  const out = new ByteWriter();
  text(out, 1, name);
  for (const field of fields) nested(out, 2, fieldOf(field));
  more(out);
  return out.finish();
}

const one = (name: string, id: number, kind: number, typeName?: string): FieldWords => ({
  name,
  number: id,
  jsonName: jsonNameOf(name),
  label: label.optional,
  type: kind,
  ...(typeName === undefined ? {} : { typeName }),
});
const none = (): void => {};

/** google/protobuf/struct.proto: what unions and free JSON are made of. */
export const structFile: FileDescriptor = (() => {
  const packageName = "google.protobuf";
  const file = new ByteWriter();
  text(file, 1, "google/protobuf/struct.proto");
  text(file, 2, packageName);
  const value = { kind: "message", name: "Value" } as const;
  const fields = {
    name: "fields",
    number: 1,
    kind: value,
    cardinality: "map",
    presence: "required",
  } as const;
  nested(file, 4, messageOf(packageName, { name: "Struct", fields: [fields] }));
  const kinds = [
    one("null_value", 1, type.enum, ".google.protobuf.NullValue"),
    one("number_value", 2, type.double),
    one("string_value", 3, type.string),
    one("bool_value", 4, type.bool),
    one("struct_value", 5, type.message, ".google.protobuf.Struct"),
    one("list_value", 6, type.message, ".google.protobuf.ListValue"),
  ].map((field) => ({ ...field, oneof: 0, optional: false }));
  nested(
    file,
    4,
    plainMessage("Value", kinds, (out) => {
      const oneof = new ByteWriter();
      text(oneof, 1, "kind");
      nested(out, 8, oneof.finish());
    }),
  );
  const values = { ...one("values", 1, type.message, ".google.protobuf.Value"), label: label.repeated };
  nested(file, 4, plainMessage("ListValue", [values], none));
  nested(file, 5, enumOf("NullValue", ["NULL_VALUE"]));
  text(file, 12, "proto3");
  const symbols = ["Struct", "Value", "ListValue", "NullValue"].map((name) => `${packageName}.${name}`);
  return { name: "google/protobuf/struct.proto", dependencies: [], symbols, bytes: file.finish() };
})();

/** grpc/health/v1/health.proto. */
export const healthFile: FileDescriptor = (() => {
  const packageName = "grpc.health.v1";
  const file = new ByteWriter();
  text(file, 1, "grpc/health/v1/health.proto");
  text(file, 2, packageName);
  nested(file, 4, plainMessage("HealthCheckRequest", [one("service", 1, type.string)], none));
  const status = one("status", 1, type.enum, ".grpc.health.v1.HealthCheckResponse.ServingStatus");
  nested(
    file,
    4,
    plainMessage("HealthCheckResponse", [status], (out) =>
      nested(out, 4, enumOf("ServingStatus", ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"])),
    ),
  );
  const [request, response] = [".grpc.health.v1.HealthCheckRequest", ".grpc.health.v1.HealthCheckResponse"];
  const methods = [
    { name: "Check", request, response, streams: { in: false, out: false } },
    { name: "Watch", request, response, streams: { in: false, out: true } },
  ];
  nested(file, 6, serviceOf("Health", methods));
  text(file, 12, "proto3");
  const names = ["Health", "Health.Check", "Health.Watch", "HealthCheckRequest", "HealthCheckResponse"];
  const symbols = [...names, "HealthCheckResponse.ServingStatus"].map((name) => `${packageName}.${name}`);
  return { name: "grpc/health/v1/health.proto", dependencies: [], symbols, bytes: file.finish() };
})();
