import { TuskerError } from "../kernel/index.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Reads the body of `/v1/health/service/<name>`: an array of `{Node, Service, Checks}`. Fields we do not use are
 * ignored, as newer registries add some in each release.
 *
 * @throws TuskerError DISCOVERY_PROTOCOL when it is something else
 */
export function parseHealthAnswer(service: string, text: string): Endpoint[] {
  const rows = parseJson(text);
  if (!Array.isArray(rows)) throw malformed("it is no list");
  const pairs = rows.map((row: unknown) => ({ node: fieldsOf(row, "Node"), own: fieldsOf(row, "Service") }));
  // Ids are unique per node only: the same id on two nodes is two instances, told apart by their nodes.
  const holders = Map.groupBy(pairs, ({ own }) => own.ID);
  return pairs.map(({ node, own }) => {
    // An instance without an address of its own lives at its node's.
    const host = textOf(own.Address) || textOf(node.Address);
    const port = own.Port;
    const id = textOf(own.ID);
    if (host === "" || id === "" || typeof port !== "number")
      throw malformed("an instance lacks ID, address or port");
    return Object.freeze({
      id: (holders.get(id)?.length ?? 0) > 1 ? `${textOf(node.Node)}/${id}` : id,
      service,
      host: bare(host),
      port,
      meta: Object.freeze(wordsOf(own.Meta)),
      tags: Object.freeze(listOf(own.Tags)),
      weight: weightOf(own.Weights),
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed("it is no JSON", cause);
  }
}

function malformed(what: string, cause?: unknown): TuskerError {
  return new TuskerError("DISCOVERY_PROTOCOL", `the registry's answer cannot be read: ${what}`, { cause });
}

function fieldsOf(row: unknown, name: string): Record<string, unknown> {
  const value = isFields(row) ? row[name] : undefined;
  if (!isFields(value)) throw malformed(`an instance lacks ${name}`);
  return value;
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** `[::1]` is how an address looks in a URL; sockets take `::1`. */
function bare(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}

function wordsOf(value: unknown): Record<string, string> {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function weightOf(value: unknown): number {
  const passing = isFields(value) ? value.Passing : undefined;
  return typeof passing === "number" && passing >= 1 ? passing : 1;
}
