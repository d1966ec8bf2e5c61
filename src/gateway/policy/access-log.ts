import type { Endpoint } from "../../discovery/index.ts";
import type { Random } from "../../kernel/index.ts";
import type { EarlyAnswer, ServerExchange } from "../../net/index.ts";
import type { LogFields } from "../../telemetry/index.ts";
import type { Destination } from "../destination.ts";

/** What is learned of a request on its way, for its line in the log. */
export interface Trail {
  client: string | undefined;
  consumer: string | undefined;
  /** The last one asked. */
  endpoint: Endpoint | undefined;
  attempts: number;
}

export function trail(): Trail {
  return { client: undefined, consumer: undefined, endpoint: undefined, attempts: 0 };
}

/** How a request ended. */
interface Ended {
  readonly status: number;
  readonly tookMs: number;
  readonly traceId: string;
}

/** Failures always; of the others a share; nothing when that is 0. */
export function isLogged(status: number, share: number, random: Random): boolean {
  return share > 0 && (status >= 500 || random.next() < share);
}

/** What never became a request, as fields of a log line. */
export function earlyLine({ status, code, method, remoteAddress }: EarlyAnswer, traceId: string): LogFields {
  const asked = method === "" ? {} : { method };
  return { ...asked, status, client: remoteAddress, attempts: 0, code, trace_id: traceId };
}

/** One request as fields of a log line. Without query, fields and bodies: there may be secrets in them. */
export function accessLine(
  exchange: ServerExchange,
  to: Destination,
  { status, tookMs, traceId }: Ended,
  seen: Trail,
): LogFields {
  const route = to.kind === "route" ? to.route : undefined;
  const line = {
    method: exchange.method,
    path: to.kind === "route" ? to.path : exchange.target.split("?", 1)[0],
    host: exchange.header("host"),
    route: route?.path,
    status,
    ms: Math.round(tookMs * 10) / 10,
    client: seen.client ?? exchange.remoteAddress,
    consumer: seen.consumer,
    service: seen.endpoint?.service ?? route?.service,
    endpoint: seen.endpoint?.id,
    attempts: seen.attempts,
    http: exchange.httpVersion,
    trace_id: traceId,
  };
  // What a request has not is left out, for people as in JSON.
  return Object.fromEntries(Object.entries(line).filter(([, value]) => value !== undefined));
}
