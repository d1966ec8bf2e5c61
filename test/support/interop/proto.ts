import protobuf from "protobufjs";
import { bindGrpc, emptyLock, infoOf, protoText } from "../../../src/rpc/index.ts";
import type { Message } from "./party.ts";
import { Believed, type MethodName, Nowhere, streamsOf } from "./service.ts";

// The contract as another implementation of protobuf reads it: from the .proto text.

const { shape, assignment, methods } = bindGrpc(infoOf(Believed), emptyLock);
const { root } = protobuf.parse(protoText(shape, assignment.messages));
const service = root.lookupService(`${shape.package}.${shape.service}`);
const [nowhere] = bindGrpc(infoOf(Nowhere), emptyLock).methods;

export function pathOf(call: { readonly nowhere?: boolean; readonly method: MethodName }): string {
  const path =
    call.nowhere === true ? nowhere?.path : methods.find(({ method }) => method.name === call.method)?.path;
  if (path === undefined) throw new Error(`no ${call.method}`);
  return path;
}

export const requestBytes = (method: MethodName, message: Message): Buffer =>
  Buffer.from(typeOf(method, "request").encode(typeOf(method, "request").fromObject(message)).finish());
export const requestOf = (method: MethodName, bytes: Uint8Array): Message =>
  typeOf(method, "request").toObject(typeOf(method, "request").decode(bytes), plain);
export const answerBytes = (method: MethodName, message: object): Buffer =>
  Buffer.from(typeOf(method, "response").encode(typeOf(method, "response").fromObject(message)).finish());
export const answerOf = (method: MethodName, bytes: Uint8Array): object =>
  typeOf(method, "response").toObject(typeOf(method, "response").decode(bytes), plain);

const plain = { longs: Number, arrays: true } as const;

function typeOf(method: MethodName, side: "request" | "response"): protobuf.Type {
  const found = Object.values(service.methods).find(
    ({ name }) => name.toLowerCase() === method.toLowerCase(),
  );
  if (found === undefined) throw new Error(`no ${method} in the .proto text`);
  return root.lookupType(`${shape.package}.${side === "request" ? found.requestType : found.responseType}`);
}

/** A definition as @grpc/grpc-js and nice-grpc take it. */
export function definitionOf(method: MethodName, where: { readonly nowhere?: boolean } = {}) {
  const stream = streamsOf(method);
  return {
    path: pathOf({ ...where, method }),
    requestStream: stream === "in" || stream === "both",
    responseStream: stream === "out" || stream === "both",
    requestSerialize: (message: Message): Buffer => requestBytes(method, message),
    requestDeserialize: (bytes: Buffer): Message => requestOf(method, bytes),
    responseSerialize: (message: object): Buffer => answerBytes(method, message),
    responseDeserialize: (bytes: Buffer): object => answerOf(method, bytes),
  };
}
