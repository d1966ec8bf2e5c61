import { ByteWriter } from "../byte-writer.ts";
import type { Exporter, ExportRequest } from "../exporter.ts";
import { encodeOtlp, OtlpRequest } from "./encode.ts";

/** OTLP/HTTP with binary protobuf (opentelemetry-proto, specification §OTLP/HTTP). */
export function otlpExporter(url: string): Exporter {
  const headers = ["content-type", "application/x-protobuf"];
  const carrying = (body: Uint8Array): readonly ExportRequest[] => [{ url, headers, body }];
  const spare: ByteWriter[] = [];
  return {
    protocol: "otlp",
    url,
    encode: (spans) => carrying(encodeOtlp(spans)),
    begin() {
      const out = spare.pop() ?? new ByteWriter(firstBytes);
      const request = new OtlpRequest(out);
      return {
        add: (span) => request.add(span),
        finish: () => carrying(request.finish()),
        arrived() {
          if (spare.length < mostSpare) spare.push(out.emptied());
        },
      };
    },
  };
}

/** Grows to what a batch takes, once. */
const firstBytes = 16_384;

/**
 * One is written to while the other is on its way. Memory outside the heap counts against it: with new buffers for each
 * batch, a busy gateway marked its whole heap twice a second, for a third of what tracing cost.
 */
const mostSpare = 2;
