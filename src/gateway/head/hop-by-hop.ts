/** Fields that concern one connection only: RFC 9110 §7.6.1, and what older proxies and HTTP/2 upgrades use. */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
  "expect",
]);

/**
 * Names listed in Connection are per hop. Obeying for these would let a client delete what the service or the
 * gateway itself relies on: who is asked, who asks, and how much follows.
 */
const protectedNames: ReadonlySet<string> = new Set([
  "host",
  "authorization",
  "cookie",
  "content-length",
  "content-type",
  "forwarded",
  "via",
  "traceparent",
  "idempotency-key",
]);

/** Adds the names of one Connection field value to `named`, except those that must not be taken away. */
export function namedByConnection(value: string, named: Set<string>): void {
  for (const part of value.split(",")) {
    const name = part.trim().toLowerCase();
    if (name !== "" && !protectedNames.has(name) && !name.startsWith("x-forwarded-")) named.add(name);
  }
}
