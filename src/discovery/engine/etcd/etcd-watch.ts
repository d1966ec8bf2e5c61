import { malformed } from "../../json.ts";
import type { KvEntry, KvEvent } from "../engine.ts";
import type { Version } from "../version.ts";
import { deleted, type Event, methods } from "./etcd-messages.ts";
import { type EtcdWire, entryOf, prefixRange, revisionOf } from "./etcd-wire.ts";

/**
 * Follows the keys that begin so, without that beginning:
 * 1. without a revision, or when the one it had was compacted away: read all there is, and its revision;
 * 2. watch from the next revision on.
 *
 * Revisions have no gaps: who opens it again has missed nothing. Only an answer with events moves the revision on;
 * those that merely tell of progress ran ahead of events in releases before 3.5.8.
 */
export function etcdWatch(
  wire: EtcdWire,
  under: string,
  prefix: string,
  since?: Version,
): (signal: AbortSignal) => AsyncIterable<KvEvent> {
  const range = prefixRange(under + prefix);
  let version = since;
  return async function* open(signal) {
    for (;;) {
      if (version === undefined) {
        const answer = await wire.call(methods.range, range, signal);
        version = String(revisionOf(answer));
        yield { snapshot: true, put: answer.kvs.map((row) => entryOf(row, under)), gone: [], version };
      }
      using watch = await wire.open(
        methods.watch,
        { create: { ...range, startRevision: BigInt(version) + 1n } },
        signal,
      );
      for (;;) {
        const told = await watch.next();
        if (told === undefined) return;
        if (told.canceled) {
          // Compacted: what happened since is not to be had any more, only what is.
          if (told.compactRevision === 0n) throw malformed(`a watch was cancelled: ${told.cancelReason}`);
          version = undefined;
          break;
        }
        if (told.events.length === 0) continue;
        version = String(revisionOf(told));
        yield { snapshot: false, ...changesOf(told.events, under), version };
      }
    }
  };
}

/** Changes in order: of a key that changed twice the last one counts. */
function changesOf(events: readonly Event[], under: string): { put: KvEntry[]; gone: string[] } {
  const put = new Map<string, KvEntry>();
  const gone = new Set<string>();
  for (const { type, kv } of events) {
    if (kv === undefined) throw malformed("an event names no key");
    const row = entryOf(kv, under);
    put.delete(row.key);
    gone.delete(row.key);
    if (type === deleted) gone.add(row.key);
    else put.set(row.key, row);
  }
  return { put: [...put.values()], gone: [...gone] };
}
