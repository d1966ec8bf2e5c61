import type { Endpoint } from "./endpoint.ts";
import { bare, isFields, listOf, malformed, parseJson, textOf, wordsOf } from "./json.ts";

/** An instance as some registry names it. */
export interface Registered {
  readonly id: string;
  readonly node: string;
  /** Of the instance, or of its node. */
  readonly host: string;
  readonly port: unknown;
  readonly meta: unknown;
  readonly tags: unknown;
  readonly weight: unknown;
}

/**
 * Reads the body of `/v1/health/service/<name>`: an array of `{Node, Service, Checks}`. Fields we do not use are
 * ignored, as newer registries add some in each release.
 *
 * @throws TuskerError DISCOVERY_PROTOCOL when it is something else
 */
export function parseHealthAnswer(service: string, text: string): Endpoint[] {
  const rows = parseJson(text);
  if (!Array.isArray(rows)) throw malformed("it is no list");
  return toEndpoints(service, rows.map(registeredOf));
}

/** @throws TuskerError DISCOVERY_PROTOCOL when an instance lacks what every instance has */
export function toEndpoints(service: string, rows: readonly Registered[]): Endpoint[] {
  // Ids are unique per node only: the same id on two nodes is two instances, told apart by their nodes.
  const holders = Map.groupBy(rows, ({ id }) => id);
  return rows.map(({ id, node, host, port, meta, tags, weight }) => {
    if (host === "" || id === "" || typeof port !== "number")
      throw malformed("an instance lacks ID, address or port");
    return Object.freeze({
      id: (holders.get(id)?.length ?? 0) > 1 ? `${node}/${id}` : id,
      service,
      host: bare(host),
      port,
      meta: Object.freeze(wordsOf(meta)),
      tags: Object.freeze(listOf(tags)),
      weight: typeof weight === "number" && weight >= 1 ? weight : 1,
    });
  });
}

function registeredOf(row: unknown): Registered {
  const node = fieldsOf(row, "Node");
  const own = fieldsOf(row, "Service");
  return {
    id: textOf(own.ID),
    node: textOf(node.Node),
    // An instance without an address of its own lives at its node's.
    host: textOf(own.Address) || textOf(node.Address),
    port: own.Port,
    meta: own.Meta,
    tags: own.Tags,
    weight: isFields(own.Weights) ? own.Weights.Passing : undefined,
  };
}

function fieldsOf(row: unknown, name: string): Record<string, unknown> {
  const value = isFields(row) ? row[name] : undefined;
  if (!isFields(value)) throw malformed(`an instance lacks ${name}`);
  return value;
}
