import { operatorRow } from "../operators/table.ts";
import type { Item, Value } from "../syntax/tree.ts";
import type { LeafPart, MapPart } from "./outline.ts";

/** True when an expression, or a `$variable` it uses, calls an operator that gives a secret. */
export function mentionsSecret(leaf: LeafPart): boolean {
  return secretIn(leaf.value, leaf.home, new Set());
}

function secretIn(value: Value | undefined, home: MapPart, seen: Set<string>): boolean {
  if (value === undefined) return false;
  switch (value.kind) {
    case "operator":
      return (
        operatorRow(value.name)?.secret === true ||
        (value.args ?? []).some((arg) => secretIn(arg.value, home, seen))
      );
    case "use":
      return secretInVariable(value.name, home, seen);
    case "template":
      return value.parts.some((part) => typeof part !== "string" && secretIn(part, home, seen));
    case "array":
      return value.elements.some((element) => secretIn(element, home, seen));
    case "object":
      return value.items.some((item) => secretIn(givenTo(item), home, seen));
    case "member":
      return secretIn(value.object, home, seen);
    case "unary":
      return secretIn(value.operand, home, seen);
    case "binary":
      return secretIn(value.left, home, seen) || secretIn(value.right, home, seen);
    case "conditional":
      return secretIn(value.then, home, seen) || secretIn(value.otherwise, home, seen);
    case "text":
      // Older dialects put the call in quotes.
      return home.source.compat && /^@(?:env\.secure|secret)\(/.test(value.value);
    case "missing":
    case "literal":
    case "name":
      return false;
  }
}

function givenTo(item: Item): Value | undefined {
  return item.kind === "section" || item.kind === "include" ? undefined : item.value;
}

function secretInVariable(name: string, home: MapPart, seen: Set<string>): boolean {
  if (seen.has(name)) return false;
  seen.add(name);
  for (let at: MapPart | undefined = home; at !== undefined; at = at.parent) {
    const found = at.variables?.get(name);
    if (found !== undefined) return secretIn(found.value, at, seen);
  }
  return false;
}
