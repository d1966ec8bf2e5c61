import { TuskerError } from "../../../kernel/index.ts";
import { schemaProblems } from "../../config/schemas.ts";
import type { KvDraft } from "../../kv/draft.ts";
import { refusal } from "../refusal.ts";
import type { WireRequest } from "../route.ts";

/** The most a value may weigh. */
export const maxValueBytes: number = 512 * 1024;

const maxWhole = 2n ** 64n - 1n;

/** Digits of a parameter that is a whole number of 64 bits. @throws TuskerError REGISTRY_INVALID, 500 */
export function wholeOf(query: URLSearchParams, name: string): string | undefined {
  const written = query.get(name);
  if (written === null) return undefined;
  const why = !/^\d+$/.test(written)
    ? "invalid syntax"
    : BigInt(written) > maxWhole
      ? "value out of range"
      : "";
  if (why !== "") throw refusal(500, `strconv.ParseUint: parsing ${JSON.stringify(written)}: ${why}`);
  return String(BigInt(written));
}

/** The body as base64. @throws TuskerError REGISTRY_INVALID, 413 */
export async function readValue(request: WireRequest): Promise<string> {
  try {
    return Buffer.from(await request.bytes()).toString("base64");
  } catch (error) {
    throw tooLarge(request, error);
  }
}

/** Whatever way a value comes, its schema is obeyed. @throws TuskerError REGISTRY_INVALID, 422 */
export function refuseInvalid(draft: KvDraft): void {
  const [first, ...more] = schemaProblems(draft);
  if (first === undefined) return;
  const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
  throw refusal(422, `the schema refuses ${first.key}: ${first.message}${others}`);
}

/** The words the wire has for a body that is too large; any other failure stays as it is. */
export function tooLarge(request: WireRequest, error: unknown): unknown {
  if (!(error instanceof TuskerError) || error.code !== "NET_BODY_TOO_LARGE") return error;
  const size = request.declaredBytes === undefined ? "" : `(${request.declaredBytes} bytes)`;
  return refusal(413, `Request body${size} too large, max size: ${maxValueBytes} bytes.`, error);
}
