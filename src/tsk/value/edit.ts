import { same } from "./arithmetic.ts";
import {
  asText,
  type Data,
  type Dictionary,
  dictionary,
  type Evaluated,
  isList,
  isMap,
  type List,
  list,
  typeName,
} from "./data.ts";
import type { LeafPart, Part } from "./outline.ts";

/** What a layer may do to a list or map of the layers below it, in place of writing the whole anew. */
export type EditName = "append" | "prepend" | "remove";

/** `key: @append([…])`, `@prepend([…])`, `@remove([…])`, evaluated. */
export interface Edit {
  readonly name: EditName;
  readonly items: readonly Evaluated[];
}

/** An edit and where it is written. */
export interface PlacedEdit extends Edit {
  readonly part: LeafPart;
}

/** The edit that a part is; undefined when it gives a value of its own. */
export function editName(part: Part): EditName | undefined {
  if (part.kind !== "leaf" || part.spread || part.value.kind !== "operator") return undefined;
  const { name, args = [] } = part.value;
  const edits = name === "append" || name === "prepend" || name === "remove";
  return edits && args.length <= 1 ? name : undefined;
}

/** `key: @remove()`: the key is not there, whatever the layers below say. */
export function isUnset(part: Part): boolean {
  return editName(part) === "remove" && part.kind === "leaf" && argumentsOf(part) === 0;
}

function argumentsOf(part: LeafPart): number {
  return part.value.kind === "operator" ? (part.value.args?.length ?? 0) : 0;
}

/** What the layers say about a key, from the last `@remove()` on. */
export function sinceUnset(parts: readonly Part[]): readonly Part[] {
  const last = parts.findLastIndex(isUnset);
  return last < 0 ? parts : parts.slice(last + 1);
}

/** A value with an edit made to it; a sentence when the two do not go together. */
export function edited(edit: Edit, data: Data): Dictionary | List | string {
  if (isList(data)) return list(editedItems(edit, data.items));
  if (isMap(data) && edit.name === "remove") {
    const names = removedKeys(edit);
    return dictionary(new Map([...data.entries].filter(([name]) => !names.has(name))));
  }
  const needed = edit.name === "remove" ? "a list or a map" : "a list";
  return `@${edit.name} changes ${needed}; below it there is a ${typeName(data)}`;
}

/** Keys that an edit takes out of a map. */
export function removedKeys(edit: Edit): ReadonlySet<string> {
  return new Set(edit.items.flatMap(({ data }) => (typeof data === "string" ? [data] : [])));
}

function editedItems(edit: Edit, items: readonly Evaluated[]): readonly Evaluated[] {
  if (edit.name === "append") return [...items, ...edit.items];
  if (edit.name === "prepend") return [...edit.items, ...items];
  return items.filter(({ data }) => !edit.items.some((one) => sameType(one.data, data)));
}

function sameType(a: Data, b: Data): boolean {
  const [one, other] = [asText(a), asText(b)];
  return typeName(one) === typeName(other) && same(one, other);
}
