import { type Item, kind, type Span, type Tree, type Value } from "../../tsk/index.ts";
import { tokenAt } from "./context.ts";
import { partsOf } from "./entries.ts";

/** A `$variable` of a text: where it is set and where it is used. All spans cover the `$` and the name. */
export interface Variable {
  readonly name: string;
  readonly set: Span;
  readonly value: Value;
  readonly uses: readonly Span[];
  /** Where it is seen. */
  readonly scope: Span;
}

/** All variables of a text, by the rules of the language: seen in the whole file, or within the braces around. */
export function variablesOf(tree: Tree): readonly Variable[] {
  const found: Found[] = [];
  const file: Scope = { known: new Map(), outer: undefined };
  const whole = { start: 0, end: tree.source.text.length };
  new Finder(found).items(tree.items, file, whole);
  return found;
}

/** The variable that a place sets or uses. */
export function variableAt(tree: Tree, offset: number): Variable | undefined {
  const here = [offset, Math.max(0, offset - 1)].map((at) => tree.tokens.kind(tokenAt(tree, at)));
  if (!here.includes(kind.variable)) return undefined;
  return variablesOf(tree).find((one) => [one.set, ...one.uses].some((span) => covers(span, offset)));
}

export function covers(span: Span, offset: number): boolean {
  return span.start <= offset && offset <= span.end;
}

interface Found extends Variable {
  readonly uses: Span[];
}

interface Scope {
  readonly known: Map<string, Found>;
  readonly outer: Scope | undefined;
}

class Finder {
  readonly #found: Found[];

  constructor(found: Found[]) {
    this.#found = found;
  }

  items(items: readonly Item[], scope: Scope, span: Span): void {
    for (const item of items) {
      if (item.kind !== "variable" || scope.known.has(item.name)) continue;
      const set = { start: item.start, end: item.start + item.name.length + 1 };
      const variable = { name: item.name, set, value: item.value, uses: [], scope: span };
      scope.known.set(item.name, variable);
      this.#found.push(variable);
    }
    for (const item of items)
      if (item.kind !== "section" && item.kind !== "include") this.#value(item.value, scope);
  }

  #value(value: Value, scope: Scope): void {
    if (value.kind === "use")
      this.#use(value.name, { start: value.start, end: value.start + value.name.length + 1 }, scope);
    else if (value.kind === "object") this.items(value.items, { known: new Map(), outer: scope }, value);
    else for (const part of partsOf(value)) this.#value(part, scope);
  }

  #use(name: string, span: Span, scope: Scope): void {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
      const variable = at.known.get(name);
      if (variable === undefined) continue;
      variable.uses.push(span);
      return;
    }
  }
}
