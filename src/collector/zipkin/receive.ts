import { TuskerError } from "../../kernel/index.ts";
import type { Answer, ServerExchange } from "../../net/index.ts";
import { parseJson } from "../json.ts";
import { bodyOf, mediaTypeOf, problemAnswer, unsupportedMedia } from "../receive.ts";
import type { SpanStore } from "../store/store.ts";
import { decodeZipkin } from "./decode.ts";

/** `POST /api/v2/spans` with JSON (openzipkin/zipkin-api, zipkin2-api.yaml). */
export async function receiveZipkin(
  exchange: ServerExchange,
  store: SpanStore,
  maxBytes: number,
): Promise<Answer> {
  const type = mediaTypeOf(exchange);
  if (type !== "application/json") return problemAnswer(unsupportedMedia(type, "application/json"));
  try {
    store.add(decodeZipkin(parseJson(await bodyOf(exchange, maxBytes))));
    return { status: 202 };
  } catch (error) {
    if (!(error instanceof TuskerError)) throw error;
    return problemAnswer(error);
  }
}
