import { Source } from "../source.ts";
import { parseLoneValue } from "../syntax/parse.ts";
import type { Scalar, Value } from "../syntax/tree.ts";
import { type List, list, type Place, WrittenElement } from "./data.ts";

/** What a text means as a literal of the language (`8080`, `30s`, `true`); undefined when it is none. */
export function readScalar(text: string): Scalar | undefined {
  if (text === "" || text.length > 256) return undefined;
  const value = parseLoneValue(new Source("", text), 0);
  return value?.kind === "literal" ? value.value : undefined;
}

/** True for a value that is written out: nothing in it is looked up, called or calculated. */
export function isWrittenOut(value: Value): boolean {
  switch (value.kind) {
    case "literal":
    case "text":
      return true;
    case "array":
      return value.elements.every(isWrittenOut);
    case "object":
      return value.items.every((item) => item.kind === "entry" && isWrittenOut(item.value));
    default:
      return false;
  }
}

/**
 * What a literal or a text says; undefined for everything that has to be evaluated. In older dialects text may be a call.
 */
export function constantOf(value: Value, compat: boolean): Scalar | string | undefined {
  if (value.kind === "literal") return value.value;
  if (value.kind !== "text") return undefined;
  return compat && value.value.charCodeAt(0) === 64 ? undefined : value.value;
}

/** A list of nothing but literals and texts; undefined when one of them has to be evaluated. */
export function constantList(elements: readonly Value[], place: Place): List | undefined {
  const { compat } = place.source;
  for (const element of elements) if (constantOf(element, compat) === undefined) return undefined;
  return list(elements.map((one) => new WrittenElement(one, place, constantOf(one, compat) ?? null)));
}
