import type { Clock } from "../../../kernel/index.ts";
import { isFields, malformed } from "../../json.ts";
import type { KvEntry, KvEvent } from "../engine.ts";
import type { Version } from "../version.ts";
import { type EtcdWire, prefixRange, revisionOf, rowOf, rowsOf } from "./etcd-wire.ts";

export interface EtcdWatchOptions {
  readonly wire: EtcdWire;
  readonly clock: Clock;
  /** A stream is opened anew after this time: one that died quietly is found out. */
  readonly reopenMs: number;
}

/**
 * Follows the keys that begin so, without that beginning:
 * 1. without a revision, or when the one it had was compacted away: read all there is, and its revision;
 * 2. watch from the next revision on;
 * 3. after `reopenMs` close the stream and go to 2: nothing is missed, revisions are gapless.
 */
export function etcdWatch(
  under: string,
  prefix: string,
  since: Version | undefined,
  { wire, clock, reopenMs }: EtcdWatchOptions,
): (signal: AbortSignal) => AsyncIterable<KvEvent> {
  const range = prefixRange(under + prefix);
  let version = since;
  return async function* open(signal) {
    for (;;) {
      if (version === undefined) {
        const answer = await wire.call("kv/range", range, signal);
        version = revisionOf(answer);
        yield { snapshot: true, put: rowsOf(answer.kvs, under), gone: [], version };
      }
      const reopen = new AbortController();
      using _timer = clock.after(reopenMs, () => reopen.abort(), { background: true });
      const create = { create_request: { ...range, start_revision: String(BigInt(version) + 1n) } };
      const both = AbortSignal.any([signal, reopen.signal]);
      try {
        for await (const result of wire.stream("watch", create, both)) {
          if (result.canceled === true) {
            // Compacted: what happened since is not to be had any more, only what is.
            if (typeof result.compact_revision !== "string")
              throw malformed(`a watch was cancelled: ${String(result.cancel_reason)}`);
            version = undefined;
            break;
          }
          if (!Array.isArray(result.events)) continue;
          version = revisionOf(result);
          yield { snapshot: false, ...changesOf(result.events, under), version };
        }
      } catch (error) {
        if (!reopen.signal.aborted || signal.aborted) throw error;
      }
    }
  };
}

/** Changes in order: of a key that changed twice the last one counts. */
function changesOf(events: readonly unknown[], under: string): { put: KvEntry[]; gone: string[] } {
  const put = new Map<string, KvEntry>();
  const gone = new Set<string>();
  for (const event of events) {
    if (!isFields(event)) throw malformed("an event is no object");
    const row = rowOf(event.kv, under);
    put.delete(row.key);
    gone.delete(row.key);
    if (event.type === "DELETE") gone.add(row.key);
    else put.set(row.key, row);
  }
  return { put: [...put.values()], gone: [...gone] };
}
