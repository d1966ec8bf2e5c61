import { z } from "zod";
import { messageOf, TuskerError } from "../../kernel/index.ts";
import type { LogEntry } from "../state/log.ts";
import type { Change, Check, KvVersion, Node, Service, Session, Written } from "../state/model.ts";
import type { StoredChange, StoredRow } from "./disk.ts";

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
        return { kind, node: node.parse(json) };
      case "service":
        return { kind, service: service.parse(json) };
      case "check":
        return { kind, check: check.parse(json) };
      case "session":
        return { kind, session: session.parse(json) };
      case "kv": {
        const { valueIndex, written, ...own } = entry.parse(json);
        return {
          kind,
          entry: own,
          ...(valueIndex === undefined ? {} : { valueIndex }),
          ...(written === undefined ? {} : { written }),
        };
      }
      case "version":
        return { kind, version: version.parse(json) };
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

const texts = z.record(z.string(), z.string());

const node: z.ZodType<Node> = z.object({
  name: z.string(),
  id: z.string(),
  address: z.string(),
  taggedAddresses: texts.optional(),
  meta: texts.optional(),
});

const service: z.ZodType<Service> = z.object({
  node: z.string(),
  id: z.string(),
  name: z.string(),
  tags: z.array(z.string()),
  address: z.string(),
  port: z.number(),
  meta: texts.optional(),
  weights: z.object({ passing: z.number(), warning: z.number() }),
  enableTagOverride: z.boolean(),
  taggedAddresses: z.record(z.string(), z.object({ address: z.string(), port: z.number() })).optional(),
  bound: z.boolean().optional(),
});

const policy = {
  successBeforePassing: z.number(),
  failuresBeforeWarning: z.number(),
  failuresBeforeCritical: z.number(),
  deregisterAfterMs: z.number(),
};
const pace = { intervalMs: z.number(), timeoutMs: z.number() };

const check: z.ZodType<Check> = z.object({
  node: z.string(),
  id: z.string(),
  name: z.string(),
  status: z.enum(["passing", "warning", "critical"]),
  notes: z.string(),
  output: z.string(),
  serviceId: z.string(),
  serviceName: z.string(),
  serviceTags: z.array(z.string()),
  type: z.string(),
  definition: z.record(z.string(), z.unknown()).optional(),
  spec: z
    .discriminatedUnion("kind", [
      z.object({ kind: z.literal("ttl"), ttlMs: z.number(), ...policy }),
      z.object({ kind: z.literal("alias"), node: z.string(), service: z.string(), ...policy }),
      z.object({ kind: z.literal("lease"), ...policy }),
      z.object({ kind: z.literal("script"), args: z.array(z.string()), ...pace, ...policy }),
      z.object({
        kind: z.literal("grpc"),
        address: z.string(),
        service: z.string(),
        tls: z.boolean(),
        tlsSkipVerify: z.boolean(),
        tlsServerName: z.string(),
        ...pace,
        ...policy,
      }),
      z.object({ kind: z.literal("tcp"), address: z.string(), ...pace, ...policy }),
      z.object({
        kind: z.literal("http"),
        url: z.string(),
        method: z.string(),
        headers: z.record(z.string(), z.array(z.string())),
        body: z.string(),
        tlsSkipVerify: z.boolean(),
        tlsServerName: z.string(),
        followRedirects: z.boolean(),
        ...pace,
        ...policy,
      }),
    ])
    .optional(),
});

const session: z.ZodType<Session> = z.object({
  id: z.string(),
  name: z.string(),
  node: z.string(),
  nodeChecks: z.array(z.string()),
  serviceChecks: z.array(z.string()),
  lockDelayMs: z.number(),
  behavior: z.enum(["release", "delete"]),
  ttl: z.string(),
});

const authored: z.ZodType<Written> = z.object({ atMs: z.number(), author: z.string(), reason: z.string() });

const entry = z.object({
  key: z.string(),
  value: z.string(),
  flags: z.string(),
  session: z.string(),
  lockIndex: z.number(),
  // Keys of releases without history lack them.
  valueIndex: z.number().optional(),
  written: authored.optional(),
});

const version: z.ZodType<KvVersion> = z.object({
  key: z.string(),
  index: z.number(),
  value: z.string().optional(),
  flags: z.string(),
  written: authored,
  first: z.boolean(),
});
