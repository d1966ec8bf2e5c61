import type { Argument, Item, Key, Operator, Span, Tree, Value } from "../../tsk/index.ts";

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

/** Every call of an operator in a text. */
export function callsIn(tree: Tree): readonly Operator[] {
  const found: Operator[] = [];
  const inside = (value: Value): void => {
    if (value.kind === "operator") found.push(value);
    if (value.kind === "object") for (const item of value.items) visit(item);
    else for (const part of partsOf(value)) inside(part);
  };
  const visit = (item: Item): void => {
    if (item.kind !== "section" && item.kind !== "include") inside(item.value);
  };
  for (const item of tree.items) visit(item);
  return found;
}

/** An include that a text writes, and the keys under which the file it names stands. */
export interface Included {
  readonly path: string;
  readonly under: readonly string[];
}

/** Every include of a text, as a line or as the value of a key. */
export function includesIn(tree: Tree): readonly Included[] {
  // Most files include nothing.
  if (!/@(?:include|import)/.test(tree.source.text)) return [];
  const found: Included[] = [];
  const add = (args: readonly Argument[] | undefined, under: readonly string[]): void => {
    const value = args?.find(({ name }) => name === undefined || name === "path")?.value;
    if (value?.kind === "text") found.push({ path: value.value, under });
  };
  const visit = (items: readonly Item[], around: readonly string[]): void => {
    let under = around;
    for (const item of items) {
      if (item.kind === "section") under = [...around, ...item.path.map((key) => key.name)];
      else if (item.kind === "include") add(item.args, under);
      else if (item.kind === "entry") {
        const { value } = item;
        const path = [...under, ...item.path.map((key) => key.name)];
        if (value.kind === "object") visit(value.items, path);
        if (value.kind === "operator" && /^(?:include|import)$/.test(value.name)) add(value.args, path);
      }
    }
  };
  visit(tree.items, []);
  return found;
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
