import { type Item, kind, type Span, type Tree, type Value } from "../../tsk/index.ts";
import type { Snapshot } from "../snapshot.ts";
import { partsOf } from "../text/entries.ts";
import { placesIn } from "../text/services.ts";

/** What a stretch of a file is, beyond what its letters say: types of the protocol, in the order of its legend. */
export const semanticTypes = [
  "comment",
  "string",
  "number",
  "keyword",
  "namespace",
  "property",
  "variable",
  "function",
  "class",
  "operator",
] as const;

export type SemanticType = (typeof semanticTypes)[number];

/** One stretch; it may go over several lines. */
export interface SemanticToken extends Span {
  readonly type: SemanticType;
}

/**
 * What everything in a file is, in its order: a name may be a key, a reference to one, an operator, a service or a word
 * of the language, which no pattern can tell.
 */
export function semanticTokens({ tree, under, file, fleet }: Snapshot): readonly SemanticToken[] {
  const known = new Map<number, SemanticType>();
  markItems(tree.items, known);
  if (fleet)
    for (const { start, role } of placesIn(file, tree, under)) if (role === "use") known.set(start, "class");
  const { tokens } = tree;
  const found: SemanticToken[] = [];
  let operator = false;
  for (let index = 0; index < tokens.count; index++) {
    const token = tokens.kind(index);
    // `@env.secure` is one name, its dots included.
    operator = token === kind.at || (operator && (token === kind.name || token === kind.dot));
    const [start, end] = [tokens.start(index), tokens.end(index)];
    const type = operator ? "function" : (typeAt(known, start) ?? typeOf(token, tree, start, end));
    if (type !== undefined && end > start) found.push({ start, end, type });
  }
  return found;
}

/** A service in quotes is known by its bare name, one letter further on. */
function typeAt(known: ReadonlyMap<number, SemanticType>, start: number): SemanticType | undefined {
  return known.get(start) ?? (known.get(start + 1) === "class" ? "class" : undefined);
}

function typeOf(token: number, { source }: Tree, start: number, end: number): SemanticType | undefined {
  if (token === kind.comment) return "comment";
  if (token === kind.variable) return "variable";
  if (token === kind.name) return words.has(source.text.slice(start, end)) ? "keyword" : "property";
  if ((token >= kind.string && token <= kind.blockTail) || token === kind.broken || token === kind.oldText)
    return "string";
  if (token >= kind.int && token <= kind.date) return "number";
  return token >= kind.question && token <= kind.not ? "operator" : undefined;
}

const words: ReadonlySet<string> = new Set(["true", "false", "null"]);

/** Keys, whatever they are written as, and names of sections. */
function markItems(items: readonly Item[], known: Map<number, SemanticType>): void {
  for (const item of items) {
    if (item.kind === "section") for (const key of item.path) known.set(key.start, "namespace");
    if (item.kind === "entry") for (const key of item.path) known.set(key.start, "property");
    if (item.kind !== "section" && item.kind !== "include") markValue(item.value, known);
  }
}

function markValue(value: Value, known: Map<number, SemanticType>): void {
  if (value.kind === "object") markItems(value.items, known);
  else for (const part of partsOf(value)) markValue(part, known);
}
