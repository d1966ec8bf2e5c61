import { TuskerError } from "../../kernel/index.ts";
import { encodeOtlpJson } from "../otlp/encode-json.ts";
import { jsonAnswer, problemAnswer } from "../receive.ts";
import type { Endpoint } from "../routes.ts";
import type { SpanStore, TraceQuery } from "../store/store.ts";
import { walk } from "../store/trace.ts";

/**
 * What `traceReader` asks: lists of traces, one trace as OTLP JSON (with a member `complete` beside it), services,
 * dependencies. On the OTLP port, below `/api/tusker`.
 */
export function ownApi(store: SpanStore): readonly Endpoint[] {
  return [
    {
      method: "GET",
      path: "/api/tusker/traces",
      answer: ({ query }) => jsonAnswer({ traces: store.traces(queryOf(query)) }),
    },
    {
      method: "GET",
      path: "/api/tusker/traces/{id}",
      answer: ({ segment }) => {
        const trace = store.trace(segment.toLowerCase());
        if (trace === undefined) return problemAnswer(noTrace(segment));
        const spans = [...walk(trace.roots)].map(({ node }) => node.span);
        return jsonAnswer({ complete: trace.complete, ...encodeOtlpJson(spans) });
      },
    },
    {
      method: "GET",
      path: "/api/tusker/services",
      answer: () => jsonAnswer({ services: store.services() }),
    },
    {
      method: "GET",
      path: "/api/tusker/dependencies",
      answer: () => jsonAnswer({ dependencies: store.dependencies() }),
    },
    { method: "GET", path: "/health", answer: () => jsonAnswer({ status: "UP", ...store.stats() }) },
  ];
}

/** The error of a trace nobody has. The id is cut: it came from outside. */
export function noTrace(traceId: string): TuskerError {
  const id = traceId.slice(0, 64);
  return new TuskerError(
    "COLLECTOR_NO_TRACE",
    `no trace ${id} is stored; it may have been evicted or never sampled`,
  );
}

/** Numbers that cannot be read are left out, as if they had not been said. */
function queryOf(query: URLSearchParams): TraceQuery {
  const error = query.get("error");
  return {
    service: query.get("service") ?? undefined,
    name: query.get("name") ?? undefined,
    minDurationMs: numberOf(query.get("minDurationMs")),
    maxDurationMs: numberOf(query.get("maxDurationMs")),
    error: error === null ? undefined : error === "true",
    sinceUs: numberOf(query.get("sinceUs")),
    untilUs: numberOf(query.get("untilUs")),
    limit: Math.min(numberOf(query.get("limit")) ?? 20, 1000),
  };
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
