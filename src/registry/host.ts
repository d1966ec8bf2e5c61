import type { ServerHandler } from "../net/index.ts";

/**
 * Only for a registry bound to loopback. A page of a foreign site whose name was pointed at this machine (DNS
 * rebinding) reaches the port from inside a browser here, but it arrives with its own Host: requests by any name but
 * localhost are refused. Programs that mean this machine say localhost or an address.
 */
export function refuseRebinding(handler: ServerHandler): ServerHandler {
  return (exchange) => {
    const host = exchange.header("host");
    if (host === undefined || isOwnName(host)) return handler(exchange);
    return exchange.respond({
      status: 403,
      headers: ["Content-Type", "text/plain; charset=utf-8"],
      body: "this registry listens on loopback and answers to localhost and to addresses only, not to other names",
    });
  };
}

/** True when an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** RFC 9110 §7.2: a name or an address, and a port when it is not the usual one. */
function isOwnName(host: string): boolean {
  return /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d*)?$/i.test(host);
}
