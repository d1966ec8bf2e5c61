import type { Clock } from "../kernel/index.ts";
import { type Answer, type Server, type ServerExchange, serveHttp1 } from "../net/index.ts";
import type { Metrics } from "../telemetry/index.ts";
import type { Gateway } from "./gateway.ts";

export interface AdminOptions {
  readonly port: number;
  readonly gateway: Gateway;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/**
 * The operator's door of a gateway that runs alone, on 127.0.0.1: readiness, routes, endpoints, metrics. It only tells;
 * what changes a gateway is its file.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function startAdmin(options: AdminOptions): Promise<Server> {
  const { gateway, metrics, clock, onError } = options;
  let reachable = false;
  void gateway.reachable().then(() => {
    reachable = true;
  });
  const pages: Readonly<Record<string, () => Answer>> = {
    "/-/ready": () =>
      reachable ? text(200, "ready\n") : text(503, "not every routed service has an instance yet\n"),
    "/-/routes": () => json(gateway.routes()),
    "/-/endpoints": () => json(gateway.stats().services),
    "/-/metrics": () => ({
      status: 200,
      headers: ["Content-Type", "text/plain; version=0.0.4; charset=utf-8"],
      body: metrics.render(),
    }),
  };
  return serveHttp1((exchange) => exchange.respond(answerFor(exchange, pages)), {
    host: "127.0.0.1",
    port: options.port,
    clock,
    onError,
  });
}

function answerFor(
  { method, target }: ServerExchange,
  pages: Readonly<Record<string, () => Answer>>,
): Answer {
  const path = target.split("?", 1)[0] ?? "";
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return text(404, `there are ${Object.keys(pages).join(", ")}\n`);
  if (method !== "GET" && method !== "HEAD")
    return { ...text(405, "GET only\n"), headers: ["Allow", "GET, HEAD"] };
  return page();
}

function text(status: number, body: string): Answer {
  return { status, headers: ["Content-Type", "text/plain; charset=utf-8"], body };
}

function json(value: unknown): Answer {
  return {
    status: 200,
    headers: ["Content-Type", "application/json"],
    body: `${JSON.stringify(value, undefined, 2)}\n`,
  };
}
