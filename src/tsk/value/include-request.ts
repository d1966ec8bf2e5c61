import type { Span } from "../source.ts";
import type { Argument, ObjectValue } from "../syntax/tree.ts";

/** An include as it is written. */
export interface IncludeRequest {
  readonly path: string;
  readonly optional: boolean;
  readonly span: Span;
}

/** Files are read before anything is evaluated: what names them is written out. */
export function includeRequest(args: readonly Argument[], span: Span): IncludeRequest | undefined {
  let path: string | undefined;
  let optional = false;
  for (const { name, value } of args) {
    if ((name === undefined || name === "path") && value.kind === "text" && path === undefined)
      path = value.value;
    else if (name === "optional" && value.kind === "literal" && typeof value.value === "boolean")
      optional = value.value;
    else if (name === undefined && value.kind === "object" && path !== undefined) {
      const given = optionalIn(value);
      if (given === undefined) return undefined;
      optional = given;
    } else return undefined;
  }
  return path === undefined || path === "" ? undefined : { path, optional, span };
}

/** `{ optional: true }`: the other way to write it. */
function optionalIn({ items }: ObjectValue): boolean | undefined {
  const [item, another] = items;
  if (item?.kind !== "entry" || another !== undefined) return undefined;
  const named = item.path.length === 1 && item.path[0]?.name === "optional";
  const { value } = item;
  return named && value.kind === "literal" && typeof value.value === "boolean" ? value.value : undefined;
}
