import { TuskerError } from "../../kernel/index.ts";
import type { Exporter, ExportProtocol } from "./exporter.ts";
import { jaegerExporter } from "./jaeger/send.ts";
import { otlpExporter } from "./otlp/send.ts";
import { zipkinExporter } from "./zipkin/send.ts";

/** Where spans go and in which words. */
export interface ExportEndpoint {
  readonly protocol: ExportProtocol;
  readonly url: string;
}

const defaultPath: Readonly<Record<ExportProtocol, string>> = {
  otlp: "/v1/traces",
  zipkin: "/api/v2/spans",
  jaeger: "/api/traces",
};

/**
 * The protocol of an address, by its path first and its port second: `/v1/traces` OTLP, `/api/v2/spans` or 9411
 * Zipkin, `/api/traces` or 14268 Jaeger Thrift. An address without a path gets the protocol's own; anything else is
 * the base of an OTLP endpoint, as in OTEL_EXPORTER_OTLP_ENDPOINT. Of `service://name` the port through which requests go
 * knows the instances.
 *
 * @param assumed of an address whose path does not say it; default by its port
 * @throws TuskerError TELEMETRY_ENDPOINT for what is no http address, and for port 4317, which speaks gRPC
 * @example exportEndpoint("http://localhost:4318") // { protocol: "otlp", url: "http://localhost:4318/v1/traces" }
 */
export function exportEndpoint(address: string, assumed?: ExportProtocol): ExportEndpoint {
  if (!URL.canParse(address) || !/^(?:https?|service):$/.test(new URL(address).protocol)) {
    throw new TuskerError(
      "TELEMETRY_ENDPOINT",
      `"${address}" is no address spans can be sent to; write for example "http://localhost:4318/v1/traces"`,
    );
  }
  const url = new URL(address);
  const path = url.pathname.replace(/\/+$/, "");
  for (const protocol of ["otlp", "zipkin", "jaeger"] as const)
    if (path.endsWith(defaultPath[protocol])) return { protocol, url: url.href };
  if (url.port === "4317") {
    throw new TuskerError(
      "TELEMETRY_ENDPOINT",
      `${url.host} speaks OTLP over gRPC, and spans are sent over HTTP; use port 4318 of the same backend`,
    );
  }
  const protocol = assumed ?? (url.port === "9411" ? "zipkin" : url.port === "14268" ? "jaeger" : "otlp");
  url.pathname = `${path}${defaultPath[protocol]}`;
  return { protocol, url: url.href };
}

/** The exporter for an address, see `exportEndpoint`. @throws TuskerError TELEMETRY_ENDPOINT */
export function exporterFor(address: string, assumed?: ExportProtocol): Exporter {
  const { protocol, url } = exportEndpoint(address, assumed);
  switch (protocol) {
    case "otlp":
      return otlpExporter(url);
    case "zipkin":
      return zipkinExporter(url);
    case "jaeger":
      return jaegerExporter(url);
  }
}
