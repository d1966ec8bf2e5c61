import { TuskerError } from "../kernel/index.ts";
import type { Answer, ServerExchange, ServerHandler } from "../net/index.ts";
import { problemAnswer } from "./receive.ts";

/** One thing a port answers: a method, a path, and what to do. `{…}` in a path matches one segment. */
export interface Endpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly answer: (request: EndpointRequest) => Promise<Answer> | Answer;
}

export interface EndpointRequest {
  readonly exchange: ServerExchange;
  /** The segment that stood for `{…}`; empty when the path has none. */
  readonly segment: string;
  readonly query: URLSearchParams;
}

/** A handler for a short list of endpoints. HEAD is answered like GET, by the server without its body. */
export function serveEndpoints(endpoints: readonly Endpoint[]): ServerHandler {
  const compiled = endpoints.map((endpoint) => ({ endpoint, pattern: patternOf(endpoint.path) }));
  return async (exchange) => {
    const [path = "", search = ""] = exchange.target.split("?", 2);
    const here = compiled.flatMap(({ endpoint, pattern }) => {
      const match = pattern.exec(path);
      return match === null ? [] : [{ endpoint, segment: decoded(match[1] ?? "") }];
    });
    const method = exchange.method === "HEAD" ? "GET" : exchange.method;
    const found = here.find(({ endpoint }) => endpoint.method === method);
    if (found === undefined)
      return exchange.respond(here.length === 0 ? unknownPath(path) : wrongMethod(here));
    const { endpoint, segment } = found;
    return exchange.respond(await endpoint.answer({ exchange, segment, query: new URLSearchParams(search) }));
  };
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{[^}]*\}/, "([^/]+)")}/?$`);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function unknownPath(path: string): Answer {
  return problemAnswer(new TuskerError("COLLECTOR_NO_ENDPOINT", `the collector answers nothing at ${path}`));
}

function wrongMethod(here: readonly { readonly endpoint: Endpoint }[]): Answer {
  const allowed = here.map(({ endpoint }) => endpoint.method).join(", ");
  return problemAnswer(new TuskerError("COLLECTOR_METHOD", `only ${allowed} is answered here`), [
    "allow",
    allowed,
  ]);
}
