import { TuskerError } from "../../kernel/index.ts";
import type { Answer, ServerExchange } from "../../net/index.ts";
import { parseJson } from "../json.ts";
import { bodyOf, mediaTypeOf, problemAnswer, unsupportedMedia } from "../receive.ts";
import type { SpanStore } from "../store/store.ts";
import { decodeOtlp } from "./decode.ts";
import { decodeOtlpJson } from "./decode-json.ts";

const protobuf = "application/x-protobuf";
const json = "application/json";

/** `POST /v1/traces` (opentelemetry-proto, specification §OTLP/HTTP): the answer speaks the language of the request. */
export async function receiveOtlp(
  exchange: ServerExchange,
  store: SpanStore,
  maxBytes: number,
): Promise<Answer> {
  const type = mediaTypeOf(exchange);
  if (type !== protobuf && type !== json)
    return problemAnswer(unsupportedMedia(type, `${protobuf} or ${json}`));
  try {
    const body = await bodyOf(exchange, maxBytes);
    const { spans, rejected } = type === json ? decodeOtlpJson(parseJson(body)) : decodeOtlp(body);
    const { late, overflow } = store.add(spans);
    return success(type, rejected + late + overflow, reasonsOf(rejected, late, overflow));
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    return failure(type, error.row.http, error.row.grpc, error.message);
  }
}

function reasonsOf(rejected: number, late: number, overflow: number): string {
  const reasons: string[] = [];
  if (rejected > 0) reasons.push(`${rejected} spans had impossible ids`);
  if (late > 0) reasons.push(`${late} spans came after their trace was complete`);
  if (overflow > 0) reasons.push(`${overflow} spans were more than one trace may have`);
  return reasons.join("; ");
}

/** ExportTraceServiceResponse; `partial_success` is there only if something was refused. */
function success(type: string, rejected: number, reason: string): Answer {
  const headers = ["content-type", type];
  if (type === json) {
    const partial = { partialSuccess: { rejectedSpans: String(rejected), errorMessage: reason } };
    return { status: 200, headers, body: JSON.stringify(rejected === 0 ? {} : partial) };
  }
  if (rejected === 0) return { status: 200, headers, body: new Uint8Array() };
  const partial = Buffer.concat([numberField(1, rejected), bytesField(2, Buffer.from(reason))]);
  return { status: 200, headers, body: bytesField(1, partial) };
}

/** google.rpc.Status: code 1, message 2. */
function failure(type: string, status: number, code: number, message: string): Answer {
  const headers = ["content-type", type];
  if (type === json) return { status, headers, body: JSON.stringify({ code, message }) };
  return {
    status,
    headers,
    body: Buffer.concat([numberField(1, code), bytesField(2, Buffer.from(message))]),
  };
}

function numberField(field: number, value: number): Buffer {
  return Buffer.from([field << 3, ...varint(value)]);
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(bytes.length)]), bytes]);
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}
