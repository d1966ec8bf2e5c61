import type { ProtoField, ProtoMessage } from "./codec.ts";
import { typeText } from "./lock.ts";
import type { ServiceShape } from "./shape.ts";

/** The contract as a .proto file (proto3), for callers in other languages. */
export function protoText(shape: ServiceShape, messages: ReadonlyMap<string, ProtoMessage>): string {
  const all = shape.messages
    .map((message) => messages.get(message.name))
    .filter((message) => message !== undefined);
  const needsStruct = all.some((message) => message.fields.some((field) => field.kind.kind === "value"));
  const lines = ['syntax = "proto3";', "", `package ${shape.package};`, ""];
  if (needsStruct) lines.push('import "google/protobuf/struct.proto";', "");
  lines.push(`service ${shape.service} {`);
  for (const { method, path, request, response } of shape.methods) {
    const takes = method.stream === "in" || method.stream === "both" ? `stream ${request}` : request;
    const gives = method.stream === "out" || method.stream === "both" ? `stream ${response}` : response;
    lines.push(`  rpc ${path.slice(path.lastIndexOf("/") + 1)}(${takes}) returns (${gives});`);
  }
  lines.push("}");
  for (const message of all) lines.push("", ...messageLines(message));
  return `${lines.join("\n")}\n`;
}

function messageLines(message: ProtoMessage): string[] {
  const fields = [...message.fields].sort((a, b) => a.number - b.number).map(fieldLine);
  return [`message ${message.name} {`, ...fields, "}"];
}

function fieldLine(field: ProtoField): string {
  const presence =
    field.presence !== "required" && field.cardinality === "single" && field.kind.kind === "scalar";
  const name = protoName(field.name);
  // protoc makes JSON names out of field names in its own way; the real one is said where the two would differ.
  const json = jsonNameOf(name) === field.name ? "" : ` [json_name = ${JSON.stringify(field.name)}]`;
  return `  ${presence ? "optional " : ""}${typeText(field)} ${name} = ${field.number}${json};`;
}

/** A legal protobuf identifier for any JSON key. */
export function protoName(key: string): string {
  const name = key.replaceAll(/[^A-Za-z0-9_]/g, "_");
  return /^[A-Za-z_]/.test(name) ? name : `_${name}`;
}

export function jsonNameOf(name: string): string {
  return name.replaceAll(/_+([A-Za-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
}
