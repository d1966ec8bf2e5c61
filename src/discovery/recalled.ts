import { toEndpoints } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { isFields, textOf } from "./json.ts";

/** Endpoints as they were kept on disk; none when that is something else. */
export function recalledEndpoints(service: string, kept: unknown): readonly Endpoint[] {
  if (!Array.isArray(kept)) return [];
  try {
    const rows = kept.filter(isFields).map(({ id, host, port, meta, tags, weight }) => ({
      id: textOf(id),
      node: "",
      host: textOf(host),
      port,
      meta,
      tags,
      weight,
    }));
    return toEndpoints(service, rows);
  } catch {
    return [];
  }
}
