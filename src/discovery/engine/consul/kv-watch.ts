import { type Clock, TuskerError } from "../../../kernel/index.ts";
import type { RegistryHttp } from "../../http.ts";
import { isFields, listOf, malformed, parseJson } from "../../json.ts";
import { fromStart, nextIndex } from "../../questions/blocking-index.ts";
import { pace } from "../../questions/pace.ts";
import { readEvents } from "../../stream/read-events.ts";
import type { KvEvent } from "../engine.ts";
import type { Version } from "../version.ts";
import { type ConsulWire, entriesOf, keyPath, send } from "./consul-wire.ts";

type Open = (signal: AbortSignal) => AsyncIterable<KvEvent>;

/** Follows keys by the delta stream of a Tusker registry; opened again, it goes on where it was. */
export function kvStream(
  path: string,
  since: Version | undefined,
  { http, clock }: { readonly http: RegistryHttp; readonly clock: Clock },
): Open {
  let version = since;
  return async function* open(signal) {
    const url = version === undefined ? path : `${path}?since=${encodeURIComponent(version)}`;
    const events = await readEvents(http, { url, signal }, clock);
    if (events === undefined) throw new TuskerError("DISCOVERY_PROTOCOL", `${path} is no event stream`);
    for await (const { event, data, id } of events) {
      version = id;
      if (event !== "snapshot" && event !== "delta") continue;
      const body = parseJson(data);
      if (!isFields(body)) throw malformed("an event lists no keys");
      yield {
        snapshot: event === "snapshot",
        put: entriesOf(body.put),
        gone: listOf(body.gone),
        version: id,
      };
    }
  };
}

const questionEveryMs = 50;

/** Follows keys by blocking queries: the whole prefix comes each time, what changed is found out here. */
export function kvQuestions(
  wire: ConsulWire,
  prefix: string,
  { clock, waitMs }: { readonly clock: Clock; readonly waitMs: number },
): Open {
  return async function* open(signal) {
    const next = pace(questionEveryMs, clock);
    let index = fromStart;
    let known: Map<string, Version> | undefined;
    for (;;) {
      await next.next(signal);
      const path = `/v1/kv/${keyPath(prefix)}?recurse&index=${index}&wait=${waitMs}ms`;
      const headTimeoutMs = waitMs * (17 / 16) + 5_000;
      const answer = await send(wire, { method: "GET", path, signal, headTimeoutMs }, [200, 404]);
      index = nextIndex(index, answer.index);
      if (index === fromStart) {
        known = undefined;
        continue;
      }
      const entries = answer.status === 404 ? [] : entriesOf(parseJson(answer.text));
      const before = known;
      known = new Map(entries.map(({ key, version }) => [key, version]));
      const put = entries.filter(({ key, version }) => before?.get(key) !== version);
      const gone = [...(before?.keys() ?? [])].filter((key) => known?.has(key) !== true);
      if (before !== undefined && put.length === 0 && gone.length === 0) continue;
      yield { snapshot: before === undefined, put, gone, version: index };
    }
  };
}
