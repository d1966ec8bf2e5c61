import type { Protocol } from "../contract.ts";
import { toBinaryText } from "./metadata.ts";

/** One value of a header field or metadata entry: text, or bytes under a name that ends in `-bin`. */
export type FieldValue = string | Uint8Array;

/** One or several values of a name. */
export type FieldValues = FieldValue | readonly FieldValue[];

/** RFC 9110 §5.6.2; gRPC's Header-Name is narrower. */
const token: Readonly<Record<Protocol, RegExp>> = { rest: /^[!#$%&'*+.^_`|~\w-]+$/, grpc: /^[\w.-]+$/ };

/** RFC 9110 §5.5: one line; what is no ASCII must still fit a byte. gRPC's ASCII-Value is narrower. */
const text: Readonly<Record<Protocol, RegExp>> = {
  rest: /^[\t\x20-\x7e\x80-\xff]*$/,
  grpc: /^[\x20-\x7e]*$/,
};

/** They speak of the connection or of how the message is cut (RFC 9110 §7.6.1), which is not the caller's to say. */
const framing: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What an answer's bytes are is said by whoever writes them. */
const answering: ReadonlySet<string> = new Set([...framing, "content-type", "content-encoding", "date"]);

/** A field that a caller adds to its call, as text; or why it cannot be sent. */
export function callValues(name: string, values: FieldValues, protocol: Protocol): Texts {
  return textsOf(name, values, protocol, framing);
}

/** A field that a handler adds to its answer, as text; or why it cannot be sent. */
export function answerValues(name: string, values: FieldValues, protocol: Protocol): Texts {
  return textsOf(name, values, protocol, answering);
}

/** The values of a field as they are sent, or why they cannot be. */
export type Texts = readonly string[] | { readonly problem: string };

export function isProblem(texts: Texts): texts is { readonly problem: string } {
  return "problem" in texts;
}

function textsOf(name: string, values: FieldValues, protocol: Protocol, taken: ReadonlySet<string>): Texts {
  const problem = nameProblem(name, protocol, taken);
  if (problem !== undefined) return { problem };
  const texts: string[] = [];
  const several = typeof values === "object" && !(values instanceof Uint8Array);
  for (const value of several ? values : [values]) {
    const wrong = valueProblem(name, value, protocol);
    if (wrong !== undefined) return { problem: wrong };
    texts.push(typeof value === "string" ? value : toBinaryText(value));
  }
  return texts;
}

function nameProblem(name: string, protocol: Protocol, taken: ReadonlySet<string>): string | undefined {
  if (!token[protocol].test(name)) return "is no name of a header field";
  const lower = name.toLowerCase();
  if (taken.has(lower)) return "belongs to the connection and cannot be set";
  const reserved = protocol === "grpc" && (lower.startsWith("grpc-") || lower === "content-type");
  return reserved ? "belongs to gRPC and cannot be set" : undefined;
}

/** The text itself may be a secret, so it is not said. */
function valueProblem(name: string, value: FieldValue, protocol: Protocol): string | undefined {
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return "is neither text nor bytes";
  const binary = name.toLowerCase().endsWith("-bin");
  if (typeof value !== "string")
    return binary ? undefined : "is bytes; a name that ends in -bin carries them";
  if (binary) return "is text; a name that ends in -bin carries bytes (a Uint8Array)";
  return text[protocol].test(value)
    ? undefined
    : "has a character that no header field can carry; send bytes under a name that ends in -bin";
}
