import type { Server, ServerHandler } from "./exchange.ts";
import { startHttp1Server } from "./http1/server/start.ts";
import { handOver } from "./http1/server/to-exchange.ts";
import type { Http1ServerOptions } from "./http1-options.ts";

/**
 * Serves HTTP/1.1.
 *
 * @throws TuskerError NET_PORT_TAKEN, NET_BIND
 * @example const server = await serveHttp1((x) => x.respond({ status: 200, body: "hello" }), { port: 0 });
 */
export async function serveHttp1(handler: ServerHandler, options: Http1ServerOptions): Promise<Server> {
  if (options.transport === "compat") {
    const { serveCompat } = await import("./compat/server.ts");
    return serveCompat(handler, options);
  }
  return startHttp1Server((exchange) => handOver(handler, exchange, options.onError), options);
}
