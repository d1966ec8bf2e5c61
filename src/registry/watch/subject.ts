import type { LogEntry } from "../state/log.ts";
import type { KvRow, ServiceRow } from "../state/model.ts";
import type { Tables } from "../state/tables.ts";
import { kvJson } from "../wire/rows.ts";

/** One thing that is watched, as JSON: all of it, or what changed since it was last asked. */
export interface Subject {
  snapshot(): string;
  /** What changed since the last call, or since the start; undefined: nothing. */
  delta(): string | undefined;
  /** What is different, or may be, after these transactions: for whom nothing was kept. What `delta` says stays as it is. */
  since(entries: readonly LogEntry[]): string;
  /** Hears that a key changed. */
  changed(key: string): void;
}

/** The instances of a service that take traffic: every check over them passes. */
export function serviceSubject(tables: Tables, name: string): Subject {
  const rows = (): Map<string, string> =>
    new Map(
      tables
        .instances(name)
        .filter((row) => tables.checksOver(row).every(({ status }) => status === "passing"))
        .map((row) => [keyOf(row), JSON.stringify(endpointJson(tables, row))]),
    );
  let told = rows();
  return {
    snapshot: () => `{"put":[${[...rows().values()].join()}]}`,
    delta() {
      const now = rows();
      const put = [...now].filter(([key, json]) => told.get(key) !== json).map(([, json]) => json);
      const gone = [...told.keys()].filter((key) => !now.has(key));
      told = now;
      if (put.length === 0 && gone.length === 0) return undefined;
      return `{"put":[${put.join()}],"gone":${JSON.stringify(gone)}}`;
    },
    since(entries) {
      const now = rows();
      // Not well, of another service by now, or not there any more: nobody who asks may go on with it.
      const known = [...tables.instances(name).map(keyOf), ...entries.flatMap(instancesIn)];
      const gone = [...new Set(known)].filter((key) => !now.has(key));
      return `{"put":[${[...now.values()].join()}],"gone":${JSON.stringify(gone)}}`;
    },
    changed: () => undefined,
  };
}

/** The keys that begin so. */
export function keysSubject({ kv }: Tables, prefix: string): Subject {
  const changed = new Set<string>();
  const put = (rows: readonly KvRow[]): string => JSON.stringify(rows.map(kvJson));
  const different = (keys: readonly string[]): string => {
    const gone = keys.filter((key) => kv.get(key) === undefined);
    const rows = keys.flatMap((key) => kv.get(key) ?? []);
    return `{"put":${put(rows)},"gone":${JSON.stringify(gone)}}`;
  };
  return {
    snapshot: () => `{"put":${put(kv.under(prefix))}}`,
    delta() {
      if (changed.size === 0) return undefined;
      const keys = [...changed].sort();
      changed.clear();
      return different(keys);
    },
    since(entries) {
      const keys = entries.flatMap(keysIn).filter((key) => key.startsWith(prefix));
      return different([...new Set(keys)].sort());
    },
    changed: (key) => void changed.add(key),
  };
}

function keysIn({ changes }: LogEntry): string[] {
  return changes.flatMap((change) => {
    if (change.kind === "kv") return [change.entry.key];
    return change.kind === "kv-gone" ? [change.key] : [];
  });
}

function instancesIn({ changes }: LogEntry): string[] {
  return changes.flatMap((change) => {
    if (change.kind === "service") return [keyOf(change.service)];
    return change.kind === "service-gone" ? [keyOf(change)] : [];
  });
}

/** An instance as its callers need it. */
function endpointJson(tables: Tables, row: ServiceRow): object {
  return {
    key: keyOf(row),
    id: row.id,
    node: row.node,
    host: row.address || (tables.node(row.node)?.row.address ?? ""),
    port: row.port,
    meta: row.meta ?? {},
    tags: row.tags,
    weight: Math.max(1, row.weights.passing),
  };
}

/** Ids are unique per node only. Nothing encoded holds a slash, so that no two pairs are written alike. */
function keyOf({ node, id }: Pick<ServiceRow, "node" | "id">): string {
  return `${encodeURIComponent(node)}/${id}`;
}
