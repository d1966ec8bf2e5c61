import { z } from "zod";
import { fromProblem, TuskerError } from "../../kernel/index.ts";
import type { HttpClient } from "../../net/index.ts";
import { decodeOtlpJson } from "../otlp/decode-json.ts";
import type { Dependency } from "../store/dependencies.ts";
import type { ServiceSummary, TraceQuery, TraceSummary } from "../store/store.ts";
import { buildTrace, type Trace } from "../store/trace.ts";

/** Reads a collector of ours over HTTP: what `tusker traces` uses. */
export interface TraceReader {
  traces(query?: TraceQuery, signal?: AbortSignal): Promise<readonly TraceSummary[]>;
  /** By its id or the beginning of it. @throws TuskerError COLLECTOR_NO_TRACE */
  trace(traceId: string, signal?: AbortSignal): Promise<Trace>;
  services(signal?: AbortSignal): Promise<readonly ServiceSummary[]>;
  dependencies(signal?: AbortSignal): Promise<readonly Dependency[]>;
}

const maxAnswerBytes = 64 * 1024 * 1024;

const service = z.object({ service: z.string(), spanCount: z.number() });
const summary = z.object({
  traceId: z.string(),
  name: z.string(),
  service: z.string(),
  startUs: z.number(),
  durationUs: z.number(),
  spanCount: z.number(),
  errorCount: z.number(),
  services: z.array(service),
  complete: z.boolean(),
});
const dependency = z.object({
  caller: z.string(),
  callee: z.string(),
  calls: z.number(),
  errors: z.number(),
});

/**
 * A reader for the collector at `baseUrl`, its OTLP address without a path.
 *
 * @example await traceReader("http://127.0.0.1:4318", client).traces({ error: true });
 */
export function traceReader(baseUrl: string, client: HttpClient): TraceReader {
  const read = async <T>(path: string, schema: z.ZodType<T>, signal: AbortSignal | undefined): Promise<T> => {
    const url = new URL(path, baseUrl).href;
    const answer = await client.request({
      method: "GET",
      url,
      ...(signal === undefined ? {} : { signal }),
    });
    const body = parsed(await answer.text(maxAnswerBytes));
    const problem = answer.status === 200 ? undefined : fromProblem(body);
    if (problem !== undefined) throw problem;
    const result = schema.safeParse(body);
    if (answer.status === 200 && result.success) return result.data;
    throw new TuskerError(
      "COLLECTOR_MALFORMED",
      `${url} answered ${answer.status}, but not as a Tusker collector`,
    );
  };
  return {
    traces: async (query = {}, signal) =>
      (await read(`/api/tusker/traces?${searchOf(query)}`, z.object({ traces: z.array(summary) }), signal))
        .traces,
    async trace(traceId, signal) {
      const path = `/api/tusker/traces/${encodeURIComponent(traceId)}`;
      const body = await read(path, z.looseObject({ complete: z.boolean() }), signal);
      const { spans } = decodeOtlpJson(body);
      return buildTrace(spans[0]?.traceId ?? traceId, spans, body.complete);
    },
    services: async (signal) =>
      (await read("/api/tusker/services", z.object({ services: z.array(service) }), signal)).services,
    dependencies: async (signal) =>
      (await read("/api/tusker/dependencies", z.object({ dependencies: z.array(dependency) }), signal))
        .dependencies,
  };
}

function searchOf(query: TraceQuery): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
