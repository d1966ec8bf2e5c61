import type { Clock } from "../kernel/index.ts";
import {
  type Answer,
  connectionMeters,
  refuseRebinding,
  type Server,
  type ServerExchange,
  type ServerHandler,
  serveHttp1,
} from "../net/index.ts";
import type { RouteStats, ServiceStats } from "./gateway.ts";

/** What the operator's door shows. Of several threads it is what all of them know together. */
export interface AdminView {
  /** Resolves once every service a route names has had an endpoint. */
  reachable(): Promise<void>;
  routes(): readonly RouteStats[] | Promise<readonly RouteStats[]>;
  services(): readonly ServiceStats[] | Promise<readonly ServiceStats[]>;
  /** In Prometheus text format. */
  metrics(): string | Promise<string>;
}

export interface AdminOptions {
  readonly port: number;
  readonly view: AdminView;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/**
 * The operator's door of a gateway that runs alone, on 127.0.0.1: readiness, routes, endpoints, metrics. It only tells;
 * what changes a gateway is its file.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 */
export async function startAdmin({ port, view, clock, onError }: AdminOptions): Promise<Server> {
  const meters = connectionMeters("gateway_admin");
  let reachable = false;
  void view.reachable().then(() => {
    reachable = true;
  });
  const pages: Pages = {
    "/-/ready": () =>
      reachable ? text(200, "ready\n") : text(503, "not every routed service has an instance yet\n"),
    "/-/routes": async () => json(await view.routes()),
    "/-/endpoints": async () => json(await view.services()),
    "/-/metrics": async () => ({
      status: 200,
      headers: ["Content-Type", "text/plain; version=0.0.4; charset=utf-8"],
      body: (await view.metrics()) + meters.render(),
    }),
  };
  const host = "127.0.0.1";
  const handler: ServerHandler = async (exchange) => exchange.respond(await answerFor(exchange, pages));
  return serveHttp1(refuseRebinding("the gateway's admin door", host, handler), {
    ...{ host, port, clock, onError },
    ...meters.hooks,
  });
}

type Pages = Readonly<Record<string, () => Answer | Promise<Answer>>>;

function answerFor({ method, target }: ServerExchange, pages: Pages): Answer | Promise<Answer> {
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
