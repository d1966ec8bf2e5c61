/** What RFC 9113 §8.2 and §8.3 allow in a field and in a message. */

/**
 * True when a field of this name may stand in a message: a lower-case token (RFC 9113 §8.2.1), of the pseudo fields only
 * those there are, none that speaks of one connection.
 */
export function isNameAllowed(name: string): boolean {
  return fieldName.test(name) && !perConnection.has(name);
}

/**
 * True for a value without line ends, NUL or white space around it. Without this a field could split a message of
 * HTTP/1.1 behind us in two.
 */
export function isValueAllowed(value: string): boolean {
  return fieldValue.test(value);
}

const fieldName = /^(?::(?:method|scheme|authority|path|protocol|status)|[!#$%&'*+\-.^_`|~0-9a-z]+)$/;
const fieldValue = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;

/** Fields that speak of one connection of HTTP/1.1: with them a message is malformed (RFC 9113 §8.2.2). */
const perConnection: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** What is wrong with the head of a request; undefined when nothing is. @param extendedConnect RFC 8441 §4 is on */
export function requestProblem(fields: readonly string[], extendedConnect: boolean): string | undefined {
  let [method, scheme, authority, path, protocol, host] = none;
  let regular = false;
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? "";
    const value = fields[i + 1] ?? "";
    if (name.charCodeAt(0) !== colon) {
      regular = true;
      if (name === "te" && value !== "trailers") return "te may only be trailers";
      if (name === "host") host = value;
      continue;
    }
    if (regular) return `${name} stands after a regular field`;
    switch (name) {
      case ":method":
        if (method !== undefined) return twice(name);
        method = value;
        break;
      case ":scheme":
        if (scheme !== undefined) return twice(name);
        scheme = value;
        break;
      case ":authority":
        if (authority !== undefined) return twice(name);
        authority = value;
        break;
      case ":path":
        if (path !== undefined) return twice(name);
        path = value;
        break;
      case ":protocol":
        if (protocol !== undefined || !extendedConnect) return "a :protocol that was not agreed on";
        protocol = value;
        break;
      default:
        return `a request has no ${name}`;
    }
  }
  if (authority !== undefined && host !== undefined && authority !== host) return "host is not :authority";
  if (authority?.includes("@")) return ":authority names a user";
  if (method === "CONNECT" && protocol === undefined) {
    const fine = scheme === undefined && path === undefined && authority;
    return fine ? undefined : "CONNECT takes :authority and neither :scheme nor :path";
  }
  if (protocol !== undefined && method !== "CONNECT") return ":protocol is for CONNECT";
  if (!method || !scheme || !path) return ":method, :scheme and :path must be there and not empty";
  if (path.charCodeAt(0) !== slash && !(path === "*" && method === "OPTIONS"))
    return ":path must begin with /";
  return undefined;
}

/** What is wrong with the head of a response; undefined when nothing is. */
export function responseProblem(fields: readonly string[]): string | undefined {
  if (fields[0] !== ":status" || !/^[1-5][0-9][0-9]$/.test(fields[1] ?? ""))
    return "a response begins with :status";
  if (fields[1] === "101") return "HTTP/2 has no 101";
  for (let i = 2; i < fields.length; i += 2) {
    if (fields[i]?.charCodeAt(0) === colon) return `${fields[i]} in a response`;
  }
  return undefined;
}

/** RFC 9113 §8.1: trailers carry no pseudo fields. */
export function trailersProblem(fields: readonly string[]): string | undefined {
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]?.charCodeAt(0) === colon) return `${fields[i]} in the trailers`;
  }
  return undefined;
}

/** The announced length of a body; undefined when there is none, NaN when it is no length. */
export function announcedLength(fields: readonly string[]): number | undefined {
  let length: number | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== "content-length") continue;
    const value = fields[i + 1] ?? "";
    const one = /^[0-9]{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (length !== undefined && length !== one) return Number.NaN;
    length = one;
  }
  return length;
}

const none: readonly (string | undefined)[] = [];
const colon = 0x3a;
const slash = 0x2f;
const twice = (name: string): string => `${name} stands twice`;
