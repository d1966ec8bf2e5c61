import type { Method, Protocol } from "./contract.ts";
import { invalidInput } from "./dispatch.ts";
import type { FieldProblem } from "./schema.ts";

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~\w-]+$/;

/** RFC 9110 §5.5: one line; what is no ASCII must still fit a byte. gRPC's ASCII-Value is narrower. */
const value: Readonly<Record<Protocol, RegExp>> = {
  rest: /^[\t\x20-\x7e\x80-\xff]*$/,
  grpc: /^[\x20-\x7e]*$/,
};

/** They speak of the connection or of how the message is cut (RFC 9110 §7.6.1), which is not the caller's to say. */
const framing = new Set([
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

/** The part of a call's options that becomes header fields. */
interface AskedFields {
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
}

/**
 * The header fields, or gRPC metadata, that a caller adds to a call. Checked before anything is sent: a field that no
 * connection would take says nothing about any endpoint.
 *
 * @throws TuskerError RPC_INVALID_INPUT naming every field that cannot be sent
 */
export function ownFields(method: Method, asked: AskedFields, protocol: Protocol): readonly string[] {
  const { headers = {}, idempotencyKey } = asked;
  const own = Object.entries(headers);
  if (idempotencyKey !== undefined) own.push(["idempotency-key", idempotencyKey]);
  const problems = own.flatMap(([name, text]) => problemOf(name, text, protocol));
  if (problems.length > 0) throw invalidInput(method, problems);
  return own.flat();
}

function problemOf(name: string, text: string, protocol: Protocol): FieldProblem[] {
  const path = `headers.${name}`;
  if (!token.test(name)) return [{ path, message: "is no name of a header field" }];
  if (framing.has(name.toLowerCase()))
    return [{ path, message: "belongs to the connection and cannot be set" }];
  // The text itself may be a secret.
  if (!value[protocol].test(text))
    return [{ path, message: "has a character that no header field can carry; encode it" }];
  return [];
}
