import { messageOf, TuskerError } from "../../kernel/index.ts";
import type { LogEntry } from "../state/log.ts";
import type {
  Change,
  Check,
  CheckSpec,
  KvEntry,
  KvVersion,
  Node,
  Service,
  Session,
  Written,
} from "../state/model.ts";
import type { StoredChange, StoredRow } from "./disk.ts";
import {
  demand,
  flag,
  kinds,
  listOf,
  mapOf,
  number,
  object,
  oneOf,
  optional,
  type Shape,
  text,
} from "./shape.ts";

/** A change as it is kept: whole rows, so that the last one of each name is all that must be read back. */
export function toStored({ index, atMs }: Pick<LogEntry, "index" | "atMs">, change: Change): StoredChange {
  const at = { index, atMs };
  switch (change.kind) {
    case "node":
      return { ...at, kind: "node", key: change.node.name, value: written(change.node) };
    case "node-gone":
      return { ...at, kind: "node", key: change.name, value: undefined };
    case "service": {
      const { service } = change;
      return { ...at, kind: "service", key: keyOf(service), value: written(service) };
    }
    case "service-gone":
      return { ...at, kind: "service", key: keyOf(change), value: undefined };
    case "check":
      return { ...at, kind: "check", key: keyOf(change.check), value: written(change.check) };
    case "check-gone":
      return { ...at, kind: "check", key: keyOf(change), value: undefined };
    case "session":
      return { ...at, kind: "session", key: change.session.id, value: JSON.stringify(change.session) };
    case "session-gone":
      return { ...at, kind: "session", key: change.id, value: undefined };
    case "kv": {
      const { entry, valueIndex, written } = change;
      return { ...at, kind: "kv", key: entry.key, value: JSON.stringify({ ...entry, valueIndex, written }) };
    }
    case "kv-gone":
      return { ...at, kind: "kv", key: change.key, value: undefined };
    case "version": {
      const { version } = change;
      return { ...at, kind: "version", key: versionKey(version), value: JSON.stringify(version) };
    }
    case "version-gone":
      return { ...at, kind: "version", key: versionKey(change), value: undefined };
  }
}

/** Where a row stands in the order of changes has columns of its own. */
function written(row: object): string {
  return JSON.stringify({ ...row, createIndex: undefined, modifyIndex: undefined });
}

/**
 * Mirror of `toStored`.
 *
 * @throws TuskerError REGISTRY_STORAGE when the row is not one this release writes
 */
export function fromStored({ kind, key, value }: StoredRow): Change {
  try {
    const json: unknown = JSON.parse(value);
    switch (kind) {
      case "node":
        demand(node, json);
        return { kind, node: json };
      case "service":
        demand(service, json);
        return { kind, service: json };
      case "check":
        demand(check, json);
        return { kind, check: json };
      case "session":
        demand(session, json);
        return { kind, session: json };
      case "kv": {
        demand(entry, json);
        const { valueIndex, written, ...own } = json;
        return {
          kind,
          entry: own,
          ...(valueIndex === undefined ? {} : { valueIndex }),
          ...(written === undefined ? {} : { written }),
        };
      }
      case "version":
        demand(version, json);
        return { kind, version: json };
    }
  } catch (cause) {
    throw new TuskerError(
      "REGISTRY_STORAGE",
      `the registry's database holds a ${kind} that cannot be read, ${key}: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function versionKey({ key, index }: { readonly key: string; readonly index: number }): string {
  return JSON.stringify([key, index]);
}

function keyOf({ node, id }: { readonly node: string; readonly id: string }): string {
  return JSON.stringify([node, id]);
}

const texts = mapOf(text);

const node: Shape<Node> = object({
  name: text,
  id: text,
  address: text,
  taggedAddresses: optional(texts),
  meta: optional(texts),
});

const service: Shape<Service> = object({
  node: text,
  id: text,
  name: text,
  tags: listOf(text),
  address: text,
  port: number,
  meta: optional(texts),
  weights: object({ passing: number, warning: number }),
  enableTagOverride: flag,
  taggedAddresses: optional(mapOf(object({ address: text, port: number }))),
  bound: optional(flag),
});

const policy = {
  successBeforePassing: number,
  failuresBeforeWarning: number,
  failuresBeforeCritical: number,
  deregisterAfterMs: number,
  outputChars: optional(number),
};
const pace = { intervalMs: number, timeoutMs: number };
const overTls = { tlsSkipVerify: flag, tlsServerName: text };

const spec: Shape<CheckSpec> = kinds({
  ttl: object({ ttlMs: number, ...policy }),
  alias: object({ node: text, service: text, ...policy }),
  lease: object({ ...policy }),
  script: object({ args: listOf(text), ...pace, ...policy }),
  grpc: object({ address: text, service: text, tls: flag, ...overTls, ...pace, ...policy }),
  tcp: object({ address: text, ...pace, ...policy }),
  http: object({
    url: text,
    method: text,
    headers: mapOf(listOf(text)),
    body: text,
    followRedirects: flag,
    ...overTls,
    ...pace,
    ...policy,
  }),
});

const check: Shape<Check> = object({
  node: text,
  id: text,
  name: text,
  status: oneOf("passing", "warning", "critical"),
  notes: text,
  output: text,
  serviceId: text,
  serviceName: text,
  serviceTags: listOf(text),
  type: text,
  definition: optional(mapOf(() => undefined)),
  spec: optional(spec),
});

const session: Shape<Session> = object({
  id: text,
  name: text,
  node: text,
  nodeChecks: listOf(text),
  serviceChecks: listOf(text),
  lockDelayMs: number,
  behavior: oneOf("release", "delete"),
  ttl: text,
});

const authored: Shape<Written> = object({ atMs: number, author: text, reason: text });

/** Keys of releases without history lack what stands beside the entry. */
interface StoredEntry extends KvEntry {
  readonly valueIndex?: number | undefined;
  readonly written?: Written | undefined;
}

const entry: Shape<StoredEntry> = object({
  key: text,
  value: text,
  flags: text,
  session: text,
  lockIndex: number,
  valueIndex: optional(number),
  written: optional(authored),
});

const version: Shape<KvVersion> = object({
  key: text,
  index: number,
  value: optional(text),
  flags: text,
  written: authored,
  first: flag,
});
