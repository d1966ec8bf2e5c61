/** A request target, understood once; everything after works on this form only. */
export type Target =
  | {
      readonly kind: "path";
      /** Normalised: no dot segments, no needlessly encoded letters, hex digits in capitals. */
      readonly path: string;
      /** With its question mark, as received; empty when there is none. */
      readonly query: string;
      /** Host of an absolute-form target, which overrides the Host field (RFC 9112 §3.2.2). */
      readonly host?: string;
    }
  /** `OPTIONS *`: the server itself. */
  | { readonly kind: "server" }
  /** What is wrong, as a sentence. */
  | { readonly kind: "bad"; readonly problem: string };

/** How a gateway reads what programs read in different ways. */
export interface PathRules {
  /** `%2F`: refused, kept as a letter of its segment, or a slash like any other. */
  readonly encodedSlash: "reject" | "keep" | "decode";
  /** `//`: kept as an empty segment, made one slash, or refused. */
  readonly repeatedSlashes: "keep" | "merge" | "reject";
}

export const usualPathRules: PathRules = { encodedSlash: "reject", repeatedSlashes: "keep" };

const maxTargetBytes = 8192;

/** Reads the request target of RFC 9112 §3.2. What two programs could read in two ways goes by the rules. */
export function parseTarget(method: string, target: string, rules: PathRules = usualPathRules): Target {
  const plain = plainTarget(target, rules.repeatedSlashes === "keep");
  if (plain !== undefined) return plain;
  if (target === "*")
    return method === "OPTIONS" ? { kind: "server" } : bad("the target * is for OPTIONS only");
  if (target.length > maxTargetBytes) return bad(`the target is longer than ${maxTargetBytes} bytes`);
  // Control bytes, spaces, bytes above ASCII and fragments have no place in a target; a backslash is a slash to some.
  if (!/^[\x21-\x7e]+$/.test(target) || /[\\#]/.test(target))
    return bad("the target has characters that are not allowed");
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  const local = absolute === null ? target : (absolute[2] ?? "");
  const queryAt = local.indexOf("?");
  const rawPath = queryAt < 0 ? local : local.slice(0, queryAt);
  const query = queryAt < 0 ? "" : local.slice(queryAt);
  if (absolute === null && !rawPath.startsWith("/")) return bad("the target must begin with /");
  const path = normalisePath(rawPath === "" ? "/" : rawPath, rules);
  if (typeof path !== "string") return bad(path.problem);
  const host = absolute?.[1];
  if (host?.includes("@")) return bad("the target names a user");
  return { kind: "path", path, query, ...(host === undefined ? {} : { host }) };
}

/** Most targets are in their one form already: nothing encoded, no dot behind a slash, nothing two programs dispute. */
function plainTarget(target: string, emptySegments: boolean): Target | undefined {
  if (target.length > maxTargetBytes || target.charCodeAt(0) !== slash) return undefined;
  let queryAt = -1;
  for (let at = 1, before = slash; at < target.length; at++) {
    const code = target.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f || code === 0x23 || code === 0x5c) return undefined;
    if (queryAt < 0) {
      if (code === percent) return undefined;
      if (before === slash && (code === dot || (code === slash && !emptySegments))) return undefined;
      if (code === question) queryAt = at;
      before = code;
    }
  }
  if (queryAt < 0) return { kind: "path", path: target, query: "" };
  return { kind: "path", path: target.slice(0, queryAt), query: target.slice(queryAt) };
}

const percent = 0x25;
const dot = 0x2e;
const slash = 0x2f;
const question = 0x3f;

/** RFC 3986 §6.2.2: one form for every path that means the same, so that what is matched is what is forwarded. */
export function normalisePath(
  written: string,
  { encodedSlash, repeatedSlashes }: PathRules = usualPathRules,
): string | { readonly problem: string } {
  const path = encodedSlash === "decode" ? written.replaceAll(/%2f/gi, "/") : written;
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return { problem: "the path has a broken percent-encoding" };
  // An encoded slash is data to one program and a separator to the next: rules could be walked around with it.
  if (/%(?:5c|00)/i.test(path) || (encodedSlash === "reject" && /%2f/i.test(path)))
    return { problem: "the path has an encoded slash, backslash or zero byte" };
  if (repeatedSlashes === "reject" && path.includes("//"))
    return { problem: "the path has an empty segment" };
  // Servlet containers take parameters off a segment before they resolve dots: to them `..;x` is `..`.
  if (dotsWithParameters.test(path)) return { problem: "the path has dots with parameters as a segment" };
  const decoded = path.includes("%") ? path.replace(/%[0-9A-Fa-f]{2}/g, unreservedOnly) : path;
  // Kept slashes hide them from us, and not from a service that decodes its path.
  if (dotsBesideEncodedSlash.test(decoded)) return { problem: "the path has dots beside an encoded slash" };
  const merged = repeatedSlashes === "merge" ? decoded.replaceAll(/\/{2,}/g, "/") : decoded;
  return merged.includes("/.") ? withoutDots(merged) : merged;
}

const dotsBesideEncodedSlash = /%2F\.{1,2}(?:%2F|%3B|[/;]|$)|\/\.{1,2}%2F/;

const dotsWithParameters = /\/(?:\.|%2e){1,2}(?:;|%3b)/i;

/** RFC 3986 §6.2.2.2: letters, digits and -._~ mean the same encoded or not. */
function unreservedOnly(encoded: string): string {
  const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(char) ? char : encoded.toUpperCase();
}

/** RFC 3986 §5.2.4, except that a path which climbs above its root is refused instead of cut. */
function withoutDots(path: string): string | { readonly problem: string } {
  const kept: string[] = [];
  const segments = path.slice(1).split("/");
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === "..") {
      if (kept.pop() === undefined) return { problem: "the path climbs above its root" };
    } else if (segment !== ".") kept.push(segment);
    if (last && (segment === "." || segment === "..")) kept.push("");
  }
  return `/${kept.join("/")}`;
}

function bad(problem: string): Target {
  return { kind: "bad", problem };
}
