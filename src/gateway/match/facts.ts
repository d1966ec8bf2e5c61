/** What a route may ask of a request besides its method and path. */
export interface Facts {
  /** As the client asked for it, with or without port. */
  readonly host: string | undefined;
  /** With its question mark; empty when there is none. */
  readonly query: string;
  /** First value of a field, any case. */
  header(name: string): string | undefined;
}

/** A request of which nothing more is known. */
export const noFacts: Facts = { host: undefined, query: "", header: () => undefined };

/** The host without port and in lower case, as routes are written; undefined when there is none. */
export function hostOf({ host }: Facts): string | undefined {
  if (host === undefined) return undefined;
  const name = host.startsWith("[") ? host.slice(0, host.indexOf("]") + 1) : (host.split(":", 1)[0] ?? "");
  // RFC 3986 §3.2.2: letter case does not count. A dot at the end names the same host.
  return name.toLowerCase().replace(/\.$/, "");
}

/** First value of a parameter of the query, decoded; undefined when it is not there. */
export function parameterOf(query: string, name: string): string | undefined {
  for (const part of query.slice(1).split("&")) {
    const at = part.indexOf("=");
    if (decoded(at < 0 ? part : part.slice(0, at)) === name) return at < 0 ? "" : decoded(part.slice(at + 1));
  }
  return undefined;
}

/** Value of a cookie (RFC 6265 §4.2); undefined when it is not there. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const part of header?.split(";") ?? []) {
    const at = part.indexOf("=");
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

function decoded(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    // Not encoded as it should be: what was sent is what it is.
    return spaced;
  }
}
