import type { SpanData } from "../../span-data.ts";
import { byResource } from "../by-resource.ts";
import type { Exporter, ExportRequest } from "../exporter.ts";
import { encodeJaeger } from "./encode.ts";

/** Jaeger's Thrift over HTTP (`POST /api/traces`): deprecated by its makers, still read by every Jaeger. */
export function jaegerExporter(url: string): Exporter {
  const headers = ["content-type", "application/x-thrift"];
  const encode = (spans: readonly SpanData[]): readonly ExportRequest[] =>
    [...byResource(spans)].map(([resource, own]) => ({ url, headers, body: encodeJaeger(resource, own) }));
  return { protocol: "jaeger", url, encode };
}
