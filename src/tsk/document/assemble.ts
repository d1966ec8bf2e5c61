import { Secret } from "../../kernel/index.ts";
import type { Location, Source } from "../source.ts";
import {
  dictionary,
  type Evaluated,
  isList,
  isMap,
  isService,
  list,
  type Place,
  toPlain,
} from "../value/data.ts";
import { readScalar } from "../value/scalar.ts";
import type { Document, Origin, Path } from "./document.ts";

/**
 * The document over an evaluated root.
 *
 * @param before the document of an earlier version; values that have not changed are taken from it
 */
export function assemble(root: Evaluated, sources: ReadonlyMap<string, Source>, before?: Document): Document {
  const document: Document = {
    value: plainMap(root, before?.value),
    sources,
    origin(path) {
      const found = at(root, path);
      return found === undefined ? [] : found.places.map((place) => originOf(place, found));
    },
    locate: (path, part = "value") => locate(root, path, part),
    keys(path) {
      const found = at(root, path);
      return found !== undefined && isMap(found.data) ? [...found.data.entries.keys()] : [];
    },
    reread(paths, booleans) {
      const again = paths.reduce((node, path) => reread(node, path, 0, booleans?.has(path) === true), root);
      return again === root ? document : assemble(again, sources, document);
    },
  };
  return document;
}

function plainMap(root: Evaluated, before: unknown): Readonly<Record<string, unknown>> {
  const plain = toPlain(root.data, before);
  return Object.freeze(typeof plain === "object" && plain !== null ? { ...plain } : {});
}

function step(node: Evaluated, key: PropertyKey): Evaluated | undefined {
  if (isMap(node.data)) return node.data.entries.get(String(key));
  return isList(node.data) ? node.data.items[Number(key)] : undefined;
}

function at(root: Evaluated, path: Path): Evaluated | undefined {
  let node: Evaluated | undefined = root;
  for (const key of path) {
    node = step(node, key);
    if (node === undefined) return undefined;
  }
  return node;
}

function originOf(place: Place, node: Evaluated): Origin {
  const winner = place === node.places[0];
  return {
    layer: place.source.layer,
    ...place.source.at(place.span),
    text: node.data instanceof Secret ? "[secret]" : brief(place.source.slice(place.span)),
    ...(winner && node.variable !== undefined ? { variable: node.variable } : {}),
  };
}

function brief(text: string): string {
  const line = text.split(/\r?\n/, 1)[0] ?? "";
  return line.length < text.length || line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

function locate(
  root: Evaluated,
  path: Path,
  part: "key" | "value",
): (Location & { readonly exact: boolean }) | undefined {
  let node = root;
  let place = root.places[0];
  let exact = true;
  for (const key of path) {
    const next = step(node, key);
    if (next === undefined) {
      exact = false;
      break;
    }
    node = next;
    // A map is found where it was first written: higher layers only add to it.
    place = next.places.at(isMap(next.data) ? -1 : 0) ?? place;
  }
  if (place === undefined) return undefined;
  return { ...place.source.at(part === "key" ? place.key : place.span), exact };
}

/** The same tree with the leaf at a path read the other way; the same node when that changes nothing. */
function reread(node: Evaluated, path: Path, depth: number, boolean: boolean): Evaluated {
  const key = path[depth];
  if (key === undefined || isService(node.data))
    return (boolean ? asBoolean(node) : undefined) ?? rereadLeaf(node);
  const before = step(node, key);
  if (before === undefined) return node;
  const after = reread(before, path, depth + 1, boolean);
  if (after === before) return node;
  if (isMap(node.data))
    return { ...node, data: dictionary(new Map(node.data.entries).set(String(key), after)) };
  if (!isList(node.data)) return node;
  return { ...node, data: list(node.data.items.map((item) => (item === before ? after : item))) };
}

/** What came from outside and says `1` or `0`. */
function asBoolean({ data, places, variable }: Evaluated): Evaluated | undefined {
  const said = typeof data === "string" && variable !== undefined ? readScalar(data.trim()) : data;
  const outside = variable !== undefined || isFromOutside(places);
  return outside && (said === 0 || said === 1) ? { data: said === 1, places } : undefined;
}

function isFromOutside([winner]: Evaluated["places"]): boolean {
  return winner?.source.layer === "variable" || winner?.source.layer === "set";
}

function rereadLeaf(node: Evaluated): Evaluated {
  const { data, places, variable } = node;
  if (isService(data)) return data.unsettled === undefined ? { data: data.ref.text, places } : node;
  if (typeof data === "string" && variable !== undefined) {
    const read = readScalar(data.trim());
    return read === undefined ? node : { data: read, places };
  }
  const [winner] = places;
  if (
    !isFromOutside(places) ||
    winner === undefined ||
    typeof data === "string" ||
    isMap(data) ||
    isList(data)
  )
    return node;
  if (data instanceof Secret) return node;
  return { data: winner.source.text.slice(winner.span.start, winner.span.end), places };
}
