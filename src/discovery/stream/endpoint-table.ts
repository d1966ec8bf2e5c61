import { type Registered, toEndpoints } from "../answer.ts";
import type { Endpoint } from "../endpoint.ts";
import { isFields, listOf, malformed, parseJson, textOf } from "../json.ts";
import type { StreamEvent } from "./event-stream.ts";

/** The instances of a service as a stream of states and changes leaves them. */
export interface EndpointTable {
  /** @throws TuskerError DISCOVERY_PROTOCOL */
  apply(event: StreamEvent): void;
  endpoints(): Endpoint[];
}

export function endpointTable(service: string): EndpointTable {
  let rows = new Map<string, Registered>();
  return {
    apply({ event, data }) {
      if (event !== "snapshot" && event !== "delta") return;
      const body = parseJson(data);
      if (!isFields(body) || !Array.isArray(body.put)) throw malformed("an event lists no instances");
      const next = new Map(event === "snapshot" ? [] : rows);
      for (const row of body.put) {
        if (!isFields(row)) throw malformed("an instance is no object");
        next.set(textOf(row.key), registeredOf(row));
      }
      for (const key of listOf(body.gone)) next.delete(key);
      rows = next;
    },
    endpoints: () => toEndpoints(service, [...rows.values()]),
  };
}

function registeredOf(row: Record<string, unknown>): Registered {
  const { port, meta, tags, weight } = row;
  return { id: textOf(row.id), node: textOf(row.node), host: textOf(row.host), port, meta, tags, weight };
}
