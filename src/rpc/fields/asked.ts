import type { Method, Protocol } from "../contract.ts";
import { invalidInput } from "../dispatch.ts";
import type { FieldProblem } from "../schema.ts";
import { callValues, type FieldValues, isProblem } from "./values.ts";

/** The part of a call's options that becomes header fields. */
interface AskedFields {
  readonly headers?: Readonly<Record<string, FieldValues>>;
  readonly idempotencyKey?: string;
}

/**
 * The header fields, or gRPC metadata, that a caller adds to a call. Checked before anything is sent: a field that no
 * connection would take says nothing about any endpoint.
 *
 * @throws TuskerError RPC_INVALID_INPUT naming every field that cannot be sent
 */
export function ownFields(method: Method, asked: AskedFields, protocol: Protocol): readonly string[] {
  const { headers, idempotencyKey } = asked;
  if (headers === undefined && idempotencyKey === undefined) return none;
  const own = Object.entries(headers ?? {});
  if (idempotencyKey !== undefined) own.push(["idempotency-key", idempotencyKey]);
  const problems: FieldProblem[] = [];
  const fields: string[] = [];
  for (const [name, values] of own) {
    const texts = callValues(name, values, protocol);
    if (isProblem(texts)) problems.push({ path: `headers.${name}`, message: texts.problem });
    else for (const text of texts) fields.push(name, text);
  }
  if (problems.length > 0) throw invalidInput(method, problems);
  return fields;
}

const none: readonly string[] = [];
