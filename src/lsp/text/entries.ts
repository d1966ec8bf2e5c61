import type { Item, Key, Span, Tree, Value } from "../../tsk/index.ts";

/** A value and where it stands: each key of an entry, each element of a list. */
export interface Written {
  /** Keys from the root of the document. */
  readonly path: readonly string[];
  /** The keys as this entry writes them: the last ones of `path`. Empty for an element of a list. */
  readonly keys: readonly Key[];
  readonly value: Value | undefined;
  /** The whole entry, section header or element. */
  readonly span: Span;
}

/**
 * Everything a text writes, in its order: section headers (without a value), entries, elements of lists, inside maps and
 * lists too.
 *
 * @param under keys under which the whole text stands
 */
export function* writtenIn(tree: Tree, under: readonly string[] = []): Generator<Written> {
  let path = under;
  for (const item of tree.items) {
    if (item.kind === "section") {
      path = [...under, ...item.path.map((key) => key.name)];
      yield { path, keys: item.path, value: undefined, span: item };
    } else yield* inItem(item, path);
  }
}

function* inItem(item: Item, around: readonly string[]): Generator<Written> {
  if (item.kind !== "entry") return;
  const path = [...around, ...item.path.map((key) => key.name)];
  yield { path, keys: item.path, value: item.value, span: item };
  yield* inValue(item.value, path);
}

function* inValue(value: Value, path: readonly string[]): Generator<Written> {
  if (value.kind === "object") for (const item of value.items) yield* inItem(item, path);
  if (value.kind !== "array") return;
  for (const [index, element] of value.elements.entries()) {
    const inner = [...path, String(index)];
    yield { path: inner, keys: [], value: element, span: element };
    yield* inValue(element, inner);
  }
}

/** The values an expression is made of; not those of a map, which has entries. */
export function partsOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case "template":
      return value.parts.filter((part) => typeof part !== "string");
    case "array":
      return value.elements;
    case "member":
      return [value.object, value.key];
    case "operator":
      return value.args?.map((argument) => argument.value) ?? [];
    case "unary":
      return [value.operand];
    case "binary":
      return [value.left, value.right];
    case "conditional":
      return [value.condition, value.then, value.otherwise];
    case "missing":
    case "literal":
    case "text":
    case "name":
    case "use":
    case "object":
      return [];
  }
}
