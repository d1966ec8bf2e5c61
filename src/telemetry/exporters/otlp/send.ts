import type { Exporter } from "../exporter.ts";
import { encodeOtlp } from "./encode.ts";

/** OTLP/HTTP with binary protobuf (opentelemetry-proto, specification §OTLP/HTTP). */
export function otlpExporter(url: string): Exporter {
  const headers = ["content-type", "application/x-protobuf"];
  return { protocol: "otlp", url, encode: (spans) => [{ url, headers, body: encodeOtlp(spans) }] };
}
