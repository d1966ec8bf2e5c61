import { type Clock, TuskerError } from "../../kernel/index.ts";
import { type RegistryHttp, wireUrl } from "../http.ts";
import type { Source } from "../source.ts";
import { endpointTable } from "./endpoint-table.ts";
import { readEvents } from "./read-events.ts";

/** What following a stream needs. */
export interface StreamSourceOptions {
  readonly url: string;
  readonly http: RegistryHttp;
  readonly clock: Clock;
  /** Shared by all services of one registry: one that has no streams is asked once. */
  readonly streams: { offered: boolean };
}

/** Learns from the delta stream of a Tusker registry: one connection, on which changes arrive as they happen. */
export function streamSource(service: string, { url, http, clock, streams }: StreamSourceOptions): Source {
  const path = `/v1/tusker/watch/service/${encodeURIComponent(service)}`;
  const table = endpointTable(service);
  let version = "";
  return {
    async run(hear, signal) {
      if (!streams.offered) return;
      const since = version === "" ? "" : `?since=${encodeURIComponent(version)}`;
      const events = await readEvents(http, { url: wireUrl(url, path + since), signal }, clock);
      if (events === undefined) {
        streams.offered = false;
        return;
      }
      for await (const event of events) {
        // It still knows what it told us last: it has lost nothing, and what it does not list is really gone.
        if (event.event !== "snapshot") hear.trust();
        table.apply(event);
        version = event.id;
        hear.tell(table.endpoints());
      }
      throw new TuskerError("DISCOVERY_UNREACHABLE", `the registry at ${url} ended its stream`);
    },
  };
}
