import type { ServerHandler } from "./exchange.ts";

/**
 * For a server bound to loopback. A page of a foreign site whose name was pointed at this machine (DNS rebinding)
 * reaches the port from inside a browser here, but it arrives with its own Host: requests by any name but localhost are
 * refused with 403. Programs that mean this machine say localhost or an address.
 *
 * @param who the server, as its refusal names it: "this registry"
 * @param host the address it is bound to; on any other than loopback nothing is refused
 */
export function refuseRebinding(who: string, host: string, handler: ServerHandler): ServerHandler {
  if (!isLoopback(host)) return handler;
  return (exchange) => {
    const asked = exchange.header("host");
    if (asked === undefined || isOwnName(asked)) return handler(exchange);
    return exchange.respond({
      status: 403,
      headers: ["Content-Type", "text/plain; charset=utf-8"],
      body: `${who} listens on loopback and answers to localhost and to addresses only, not to other names`,
    });
  };
}

/** True for a Host that names this machine by localhost or by an address (RFC 9110 §7.2), with or without a port. */
export function isOwnName(host: string): boolean {
  return /^(?:localhost|\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])(?::\d*)?$/i.test(host);
}

/** True when an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Host and port as they stand in an address: one of IPv6 in brackets (RFC 3986 §3.2.2). */
export function authority(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
