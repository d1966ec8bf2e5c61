/** A route's path, taken apart. */
export interface Pattern {
  readonly segments: readonly PatternSegment[];
  /** True for a path that ends in `/*`: it matches what stands before the star and everything below. */
  readonly rest: boolean;
}

export type PatternSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "param"; readonly name: string };

export type PatternResult =
  | { readonly ok: true; readonly pattern: Pattern }
  /** What is wrong, to be read after the path: `path "/a*b" …`. */
  | { readonly ok: false; readonly problem: string };

/**
 * Reads a path as written in `[routes]`: `/users` (exact), `/users/*` (prefix), `/users/{id}` (pattern); a pattern
 * may end in `/*` too.
 */
export function parsePattern(text: string): PatternResult {
  if (!text.startsWith("/")) return wrong('must begin with "/"');
  const rest = text.endsWith("/*");
  const body = rest ? text.slice(0, -2) : text;
  const segments: PatternSegment[] = [];
  const names = new Set<string>();
  // "/*" has nothing before its star; "/" is one empty segment, as in a request for it.
  for (const part of body === "" && rest ? [] : body.slice(1).split("/")) {
    const name = part.startsWith("{") ? /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(part)?.[1] : undefined;
    if (name !== undefined && names.has(name)) return wrong(`names {${name}} twice`);
    if (name !== undefined) names.add(name);
    if (name === undefined && !plain(part)) return wrong(whatIsWrongWith(part));
    segments.push(name === undefined ? literal(part) : { kind: "param", name });
  }
  return { ok: true, pattern: { segments, rest } };
}

/** The pattern without names: two patterns of one shape match the same paths. */
export function shapeOf(pattern: Pattern): string {
  let shape = "";
  for (const segment of pattern.segments) shape += segment.kind === "literal" ? `/${segment.text}` : "/{}";
  if (pattern.rest) shape += "/*";
  return shape === "" ? "/" : shape;
}

/**
 * Order of precedence, the more specific first: exact paths; then the longer literal beginning; at the same length
 * a prefix before a pattern; between patterns a literal before a parameter, the longer one first.
 */
export function comparePatterns(a: Pattern, b: Pattern): number {
  return (
    Number(isExact(b)) - Number(isExact(a)) ||
    literalLength(b) - literalLength(a) ||
    Number(isPrefix(b)) - Number(isPrefix(a)) ||
    compareSegments(a.segments, b.segments) ||
    Number(a.rest) - Number(b.rest)
  );
}

function isExact({ segments, rest }: Pattern): boolean {
  return !rest && segments.every((segment) => segment.kind === "literal");
}

function isPrefix({ segments, rest }: Pattern): boolean {
  return rest && segments.every((segment) => segment.kind === "literal");
}

function literalLength({ segments }: Pattern): number {
  const at = segments.findIndex((segment) => segment.kind === "param");
  return at < 0 ? segments.length : at;
}

function compareSegments(a: readonly PatternSegment[], b: readonly PatternSegment[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = Number(a[i]?.kind === "param") - Number(b[i]?.kind === "param");
    if (order !== 0) return order;
  }
  return b.length - a.length;
}

/**
 * A path as a request has it. Requests are matched and forwarded in percent-encoded form, so what the file has in plain
 * letters is encoded the same way; what it has encoded stays.
 */
export function encodedPath(text: string): string {
  // Most paths are plain letters.
  return /^[\w./~-]*$/.test(text) ? text : encodeURI(text.toWellFormed()).replaceAll("%25", "%");
}

function literal(part: string): PatternSegment {
  return { kind: "literal", text: encodedPath(part) };
}

function plain(part: string): boolean {
  return (
    /^(?:[^\s/\\{}*?#%[\]]|%[0-9A-F]{2})*$/.test(part) &&
    part !== "." &&
    part !== ".." &&
    !/^\.{1,2}(?:;|%3B)/.test(part) &&
    // What stands for a slash, a backslash or nothing, and letters that a request has in plain form.
    !/%(?:2F|5C|00|2[DE]|3\d|[46][1-9A-F]|[57][0-9A]|5F|7E)/.test(part)
  );
}

function whatIsWrongWith(part: string): string {
  if (part.includes("*")) return 'may have a "*" only as its whole last segment';
  if (/[{}]/.test(part)) return `has the segment "${part}"; a parameter is a whole segment such as {id}`;
  if (/[?#]/.test(part)) return "is a path only, without query or fragment";
  return `has the segment "${part}", which no request can match`;
}

function wrong(problem: string): PatternResult {
  return { ok: false, problem };
}
