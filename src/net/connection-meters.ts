import type { WireProblem } from "./http1/codec/problem.ts";
import type { LimitName } from "./http1/limits.ts";

/** What clients did to the connections of a server, counted in one way for every server of the platform. */
export interface ConnectionMeters {
  /** What a server is told, beside its other options, to be counted here. */
  readonly hooks: {
    readonly onLimit: (limit: LimitName) => void;
    readonly onMalformed: (problem: WireProblem) => void;
  };
  /** How often each limit was met, by the names of docs/reference/net.md; of none that never was. */
  readonly limits: ReadonlyMap<LimitName, number>;
  /** How many requests broke each clause of docs/reference/http1-rules.md. */
  readonly malformed: ReadonlyMap<string, number>;
  /** As Prometheus text, format 0.0.4; empty as long as nothing happened. */
  render(): string;
}

/**
 * Counts for one server, or for several of one kind: `tusker_<room>_connection_limits_total{limit}` and
 * `tusker_<room>_malformed_requests_total{clause}`. Both have as many series as there are names, whatever clients do.
 *
 * @param labels of every series besides, for example the service
 * @example const meters = connectionMeters("control"); await serveHttp1(handler, { port, ...meters.hooks });
 */
export function connectionMeters(
  room: string,
  labels: Readonly<Record<string, string>> = {},
): ConnectionMeters {
  const limits = new Map<LimitName, number>();
  const malformed = new Map<string, number>();
  const common = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}",`);
  const family = (name: string, help: string, label: string, counts: ReadonlyMap<string, number>): string => {
    if (counts.size === 0) return "";
    const series = Array.from(
      counts,
      ([value, count]) => `${name}{${common.join("")}${label}="${value}"} ${count}\n`,
    );
    return `# HELP ${name} ${help}\n# TYPE ${name} counter\n${series.join("")}`;
  };
  return {
    hooks: {
      onLimit: (limit) => limits.set(limit, (limits.get(limit) ?? 0) + 1),
      onMalformed: ({ clause }) => malformed.set(clause, (malformed.get(clause) ?? 0) + 1),
    },
    limits,
    malformed,
    render: () =>
      family(
        `tusker_${room}_connection_limits_total`,
        "Times a client met a limit of its connection.",
        "limit",
        limits,
      ) +
      family(
        `tusker_${room}_malformed_requests_total`,
        "Requests that could not be understood, by the clause they broke.",
        "clause",
        malformed,
      ),
  };
}

/** A value that cannot end its quotes. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
