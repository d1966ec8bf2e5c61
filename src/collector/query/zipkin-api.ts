import type { Clock } from "../../kernel/index.ts";
import { encodeZipkin, type ZipkinSpan } from "../../telemetry/index.ts";
import { jsonAnswer, problemAnswer } from "../receive.ts";
import type { Endpoint } from "../routes.ts";
import type { SpanStore, TraceQuery } from "../store/store.ts";
import { walk } from "../store/trace.ts";
import { noTrace } from "./own-api.ts";

/** The reading half of Zipkin's API v2 (openzipkin/zipkin-api, zipkin2-api.yaml), as Grafana and others ask it. */
export function zipkinApi(store: SpanStore, clock: Clock): readonly Endpoint[] {
  return [
    {
      method: "GET",
      path: "/api/v2/services",
      answer: () => jsonAnswer(store.services().map(({ service }) => service)),
    },
    {
      method: "GET",
      path: "/api/v2/spans",
      answer: ({ query }) => jsonAnswer(store.spanNames(query.get("serviceName") ?? "")),
    },
    {
      method: "GET",
      path: "/api/v2/traces",
      answer: ({ query }) =>
        jsonAnswer(store.traces(queryOf(query, clock)).map(({ traceId }) => spansOf(store, traceId))),
    },
    {
      method: "GET",
      path: "/api/v2/trace/{id}",
      answer: ({ segment }) => {
        const spans = spansOf(store, segment.toLowerCase().padStart(32, "0"));
        return spans.length === 0 ? problemAnswer(noTrace(segment)) : jsonAnswer(spans);
      },
    },
    {
      method: "GET",
      path: "/api/v2/dependencies",
      answer: ({ query }) =>
        jsonAnswer(
          store.dependencies(windowOf(query, clock)).map(({ caller, callee, calls, errors }) => ({
            parent: caller,
            child: callee,
            callCount: calls,
            errorCount: errors,
          })),
        ),
    },
  ];
}

function spansOf(store: SpanStore, traceId: string): readonly ZipkinSpan[] {
  const trace = store.trace(traceId);
  if (trace === undefined) return [];
  return encodeZipkin([...walk(trace.roots)].map(({ node }) => node.span));
}

/** Defaults of the API: 10 traces; durations in microseconds, the window in milliseconds. */
function queryOf(query: URLSearchParams, clock: Clock): TraceQuery {
  const annotations = query.get("annotationQuery")?.split(" and ") ?? [];
  const minUs = numberOf(query.get("minDuration"));
  const maxUs = numberOf(query.get("maxDuration"));
  return {
    service: query.get("serviceName") ?? undefined,
    name: query.get("spanName") ?? undefined,
    minDurationMs: minUs === undefined ? undefined : minUs / 1000,
    maxDurationMs: maxUs === undefined ? undefined : maxUs / 1000,
    ...(annotations.includes("error") ? { error: true } : {}),
    ...windowOf(query, clock),
    limit: Math.min(numberOf(query.get("limit")) ?? 10, 1000),
  };
}

/** `endTs` is now and `lookback` a day, unless they are given. */
function windowOf(
  query: URLSearchParams,
  clock: Clock,
): { readonly sinceUs: number; readonly untilUs: number } {
  const endMs = numberOf(query.get("endTs")) ?? clock.wall();
  const lookbackMs = numberOf(query.get("lookback")) ?? 86_400_000;
  return { sinceUs: (endMs - lookbackMs) * 1000, untilUs: endMs * 1000 };
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
