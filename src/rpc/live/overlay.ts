import { ServiceRef } from "../../kernel/index.ts";

/** Plain data of a configuration. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * What published keys say, as an object: slashes are folders, values are JSON, and what is no JSON is text. A key that
 * is a value and the folder of another one is a folder.
 *
 * @param entries keys without the prefix they share
 */
export function toOverlay(entries: Iterable<readonly [key: string, value: string]>): Values {
  const root: Folder = new Map();
  // Longer keys first: a folder that is there is not taken by a value.
  const sorted = [...entries].sort(([a], [b]) => b.split("/").length - a.split("/").length);
  for (const [key, value] of sorted) place(root, key.split("/"), parsed(value));
  return toObject(root);
}

/** The second laid over the first: objects are merged member by member, everything else is replaced. */
export function merged(below: Values, above: Values): Values {
  const all = new Map(Object.entries(below));
  for (const [name, value] of Object.entries(above)) {
    const under = all.get(name);
    all.set(name, isValues(under) && isValues(value) ? merged(under, value) : value);
  }
  return Object.fromEntries(all);
}

type Folder = Map<string, unknown>;

function place(folder: Folder, [name = "", ...rest]: readonly string[], value: unknown): void {
  const there = folder.get(name);
  if (rest.length === 0) {
    if (!(there instanceof Map)) folder.set(name, value);
    return;
  }
  const inner: Folder = there instanceof Map ? there : new Map();
  folder.set(name, inner);
  place(inner, rest, value);
}

/** Object.fromEntries defines members, whatever they are called: `__proto__` is a name like any other. */
function toObject(folder: Folder): Values {
  return Object.fromEntries(
    [...folder].map(([name, value]) => [name, value instanceof Map ? toObject(value) : value]),
  );
}

/** True for an object of members; a reference to a service is one value. */
export function isValues(value: unknown): value is Values {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof ServiceRef)
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
