import { TuskerError } from "../../kernel/index.ts";
import type { Answer, ServerExchange, ServerHandler } from "../../net/index.ts";
import { extract, type Span, withSpan } from "../../telemetry/index.ts";
import { hasBody, type Method } from "../contract.ts";
import { dispatch, type ReadInput } from "../dispatch.ts";
import { AnswerFields } from "../fields/answer.ts";
import type { Service } from "../service.ts";
import { jsonMediaType, toAnswer, toErrorAnswer } from "./answer.ts";
import { readBody, readInput } from "./input.ts";
import { type Match, router } from "./router.ts";

/** Largest JSON body a service takes. */
const maxBodyBytes = 4 * 1024 * 1024;

/**
 * A service over HTTP/1.1 and JSON. A request's way:
 * 1. split path and query  2. find the method, or say 404, 405, 204  3. open the span under the caller's; the deadline
 * runs  4. read the body, or say 415, 413, 400  5. make the input  6. validate, handle, validate  7. answer
 */
export function restHandler(service: Service): ServerHandler {
  const routes = router(service.info.methods);
  return (exchange) => {
    const cut = exchange.target.indexOf("?");
    const path = cut < 0 ? exchange.target : exchange.target.slice(0, cut);
    const query = cut < 0 ? "" : exchange.target.slice(cut + 1);
    const match = routes.match(exchange.method, path);
    if (match.kind === "method") return answerCall(service, exchange, match, path, query);
    return exchange.respond(
      builtIn(service, exchange.method, path) ?? noMethod(service, exchange.method, path, match),
    );
  };
}

async function answerCall(
  service: Service,
  exchange: ServerExchange,
  match: Extract<Match, { kind: "method" }>,
  path: string,
  query: string,
): Promise<void> {
  const { method } = match;
  const span = service.tracer.startSpan(`${exchange.method} ${method.path.text}`, {
    kind: "server",
    parent: extract(exchange.headers) ?? "root",
    attributes: {
      "http.request.method": exchange.method,
      "http.route": method.path.text,
      "url.path": path,
      "url.scheme": "http",
      "client.address": exchange.remoteAddress,
      "rpc.method": method.name,
    },
  });
  try {
    const answer = await withSpan(span, () => run(service, exchange, method, match.params, query, span));
    span.setAttribute("http.response.status_code", answer.status);
    await exchange.respond(answer);
  } catch (error) {
    span.recordError(error);
    throw error;
  } finally {
    span.end();
  }
}

async function run(
  service: Service,
  exchange: ServerExchange,
  method: Method,
  params: Readonly<Record<string, string>>,
  query: string,
  span: Span,
): Promise<Answer> {
  const { envelope } = service;
  let added: AnswerFields | undefined;
  const more = (): readonly string[] => (added === undefined ? [] : [...added.head, ...added.tail]);
  const failed = (error: TuskerError): Answer => {
    // Semantic conventions for HTTP: a 4xx is the client's failure and leaves the server span's status alone.
    if (error.row.http >= 500) span.recordError(error);
    else span.setAttribute("error.type", error.code);
    return toErrorAnswer(error, { traceId: span.context.traceId, envelope, headers: more() });
  };
  try {
    const read: ReadInput = async (bytes) => {
      const body = hasBody(method.verb) ? readBody(await bytes(() => bodyBytes(exchange))) : undefined;
      return readInput(method, params, query, body);
    };
    const incoming = {
      protocol: "rest" as const,
      header: (name: string) => exchange.header(name),
      get fields() {
        return exchange.headers;
      },
      get answer() {
        added ??= new AnswerFields();
        return added;
      },
      get signal() {
        return exchange.signal;
      },
    };
    const outcome = await dispatch(method, service.handlerOf(method), read, incoming, service);
    if (!outcome.ok) return failed(outcome.error);
    return toAnswer(method.spec.status ?? 200, outcome.value, { envelope, headers: more() });
  } catch (error) {
    if (error instanceof TuskerError) return failed(error);
    throw error;
  }
}

async function bodyBytes(exchange: ServerExchange): Promise<Uint8Array> {
  if (!exchange.hasBody) return new Uint8Array();
  const type = exchange.header("content-type");
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type ?? "")) {
    throw new TuskerError(
      "RPC_UNSUPPORTED_MEDIA",
      `the body is ${type ?? "of no type"}; send application/json`,
    );
  }
  const coding = exchange.header("content-encoding");
  if (coding !== undefined && coding.toLowerCase() !== "identity") {
    throw new TuskerError("RPC_UNSUPPORTED_MEDIA", `the body is encoded as ${coding}; send it plain`);
  }
  return exchange.bytes(maxBodyBytes);
}

/** What every service answers besides its methods, unless they take the path. */
function builtIn(service: Service, verb: string, path: string): Answer | undefined {
  if (verb !== "GET" && verb !== "HEAD") return undefined;
  if (path === service.healthPath) {
    const { draining } = service.lifecycle;
    const body = JSON.stringify({ status: draining ? "draining" : "ok", service: service.info.name });
    return {
      status: draining ? 503 : 200,
      headers: ["content-type", jsonMediaType, "cache-control", "no-store"],
      body,
    };
  }
  if (path !== "/openapi.json") return undefined;
  return { status: 200, headers: ["content-type", jsonMediaType], body: service.openapi() };
}

function noMethod(
  service: Service,
  verb: string,
  path: string,
  match: Exclude<Match, { kind: "method" }>,
): Answer {
  const { envelope } = service;
  if (match.kind === "verb") {
    const headers = ["allow", match.allowed.join(", ")];
    if (verb === "OPTIONS") return { status: 204, headers };
    const error = new TuskerError(
      "RPC_METHOD_NOT_ALLOWED",
      `${path} answers ${match.allowed.join(", ")}, not ${verb}`,
    );
    return toErrorAnswer(error, { envelope, headers });
  }
  if (match.kind === "malformed") {
    const problems = [{ path: "", message: `${path} has a broken percent-encoding` }];
    return toErrorAnswer(
      new TuskerError("RPC_INVALID_INPUT", problems[0]?.message ?? "", { details: { problems } }),
      { envelope },
    );
  }
  return toErrorAnswer(
    new TuskerError("RPC_NOT_FOUND", `${service.info.name} has no ${path}; /openapi.json lists what it has`),
    {
      envelope,
    },
  );
}
