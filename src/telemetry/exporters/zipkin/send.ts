import type { Exporter } from "../exporter.ts";
import { encodeZipkin } from "./encode.ts";

/** Zipkin v2 JSON (openzipkin/zipkin-api, `POST /api/v2/spans`). */
export function zipkinExporter(url: string): Exporter {
  const headers = ["content-type", "application/json"];
  return {
    protocol: "zipkin",
    url,
    encode: (spans) => [{ url, headers, body: Buffer.from(JSON.stringify(encodeZipkin(spans))) }],
  };
}
