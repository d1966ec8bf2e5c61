import { TuskerError } from "../../kernel/index.ts";

/** A path template such as `/users/{id}`, taken apart. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly PathSegment[];
  /** Names of the parameters, in order. */
  readonly params: readonly string[];
}

export type PathSegment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "param"; readonly name: string };

/** @throws TuskerError RPC_CONTRACT with what is wrong in the template */
export function parsePath(text: string, where: string): PathTemplate {
  const wrong = (why: string): TuskerError =>
    new TuskerError("RPC_CONTRACT", `${where}: path "${text}" ${why}; write it like "/users/{id}"`);
  if (!text.startsWith("/")) throw wrong("does not begin with /");
  if (text !== "/" && text.endsWith("/")) throw wrong("ends with /");
  const params: string[] = [];
  const segments = (text === "/" ? [] : text.slice(1).split("/")).map((part): PathSegment => {
    const name = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(part)?.[1];
    if (name !== undefined) {
      if (params.includes(name)) throw wrong(`names {${name}} twice`);
      params.push(name);
      return { kind: "param", name };
    }
    if (!/^[A-Za-z0-9._~!$&'()*+,;=:@-]+$/.test(part) || part === "." || part === "..") {
      throw wrong(`has the segment "${part}", which is neither plain text nor one {parameter}`);
    }
    return { kind: "literal", text: part };
  });
  return { text, segments, params };
}

/** The template without parameter names: two templates of one shape match the same requests. */
export function shapeOf(path: PathTemplate): string {
  return `/${path.segments.map((segment) => (segment.kind === "param" ? "{}" : segment.text)).join("/")}`;
}

/**
 * Fills a template; each value becomes exactly one segment.
 *
 * @throws TuskerError RPC_INVALID_INPUT when a parameter is missing or empty
 */
export function buildPath(path: PathTemplate, input: Readonly<Record<string, unknown>>): string {
  let out = "";
  for (const segment of path.segments) {
    out += `/${segment.kind === "literal" ? segment.text : encodeParam(segment.name, input[segment.name])}`;
  }
  return out === "" ? "/" : out;
}

function encodeParam(name: string, value: unknown): string {
  const text =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
  // "." and ".." vanish as dot segments (RFC 3986 §5.2.4), even percent-encoded: another resource would be met.
  if (text === "" || text === "." || text === "..") {
    const message = 'is part of the path and must not be empty, "." or ".."';
    throw new TuskerError("RPC_INVALID_INPUT", `${name} ${message}`, {
      details: { problems: [{ path: name, message }] },
    });
  }
  return encodeURIComponent(text);
}
