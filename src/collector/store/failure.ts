import type { SpanData } from "../../telemetry/index.ts";

/**
 * True when a client span is an error only because the server refused what was asked: a 4xx, or a gRPC status that the
 * server does not count as its own failure. OpenTelemetry semantic conventions for HTTP and gRPC make every such
 * client span an error and leave the server's status unset; in sums over whole traces a typo of a user would then
 * stand beside an outage. Where the server's span is missing, the client's word stands: nobody else can speak.
 */
export function isRefusedCall(client: SpanData, server: SpanData): boolean {
  if (client.kind !== "client" || server.kind !== "server") return false;
  if (client.status.code !== "error" || server.status.code === "error") return false;
  return isRefusal(client) || isRefusal(server);
}

function isRefusal({ attributes }: SpanData): boolean {
  const http = attributes["http.response.status_code"] ?? attributes["http.status_code"];
  const grpc = attributes["rpc.grpc.status_code"];
  // 499 and CANCELLED (1) say that the caller gave up: a timeout is no refusal.
  return isBetween(http, 400, 498) || isBetween(grpc, 2, 16);
}

/** Zipkin carries every attribute as text. */
function isBetween(value: SpanData["attributes"][string] | undefined, from: number, to: number): boolean {
  const number = typeof value === "string" ? Number(value) : value;
  return typeof number === "number" && number >= from && number <= to;
}
