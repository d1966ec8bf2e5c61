import { TuskerError } from "../../kernel/index.ts";
import type { Answer, ServerExchange } from "../../net/index.ts";
import { bodyOf, mediaTypeOf, problemAnswer, unsupportedMedia } from "../receive.ts";
import type { SpanStore } from "../store/store.ts";
import { decodeJaeger } from "./decode.ts";

const thriftTypes: ReadonlySet<string> = new Set([
  "application/x-thrift",
  "application/vnd.apache.thrift.binary",
]);

/** `POST /api/traces` with a Thrift `Batch`, as Jaeger's collector takes it on port 14268. */
export async function receiveJaeger(
  exchange: ServerExchange,
  store: SpanStore,
  maxBytes: number,
): Promise<Answer> {
  const type = mediaTypeOf(exchange);
  if (!thriftTypes.has(type)) return problemAnswer(unsupportedMedia(type, [...thriftTypes].join(" or ")));
  try {
    store.add(decodeJaeger(await bodyOf(exchange, maxBytes)));
    return { status: 202 };
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    return problemAnswer(error);
  }
}
