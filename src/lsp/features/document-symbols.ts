import type { Item, Key, Span, Value } from "../../tsk/index.ts";
import type { Snapshot } from "../snapshot.ts";

/** A part of a file as its outline shows it. */
export interface DocumentSymbol {
  readonly name: string;
  readonly kind: "section" | "map" | "list" | "value" | "variable";
  readonly span: Span;
  /** The name itself; inside `span`. */
  readonly nameSpan: Span;
  readonly children: readonly DocumentSymbol[];
}

/** The outline of a file: sections with their entries, maps with theirs. */
export function documentSymbols({ tree }: Snapshot): readonly DocumentSymbol[] {
  const { items } = tree;
  const headers = items.flatMap((item, index) => (item.kind === "section" ? [index] : []));
  const first = headers[0] ?? items.length;
  const sections = headers.flatMap((at, index): DocumentSymbol[] => {
    const header = items[at];
    if (header?.kind !== "section") return [];
    const next = headers[index + 1];
    const inside = items.slice(at + 1, next);
    const end = inside.at(-1)?.end ?? header.end;
    const span = { start: header.start, end };
    const children = inside.flatMap(symbolOf);
    return [{ name: nameOf(header.path), kind: "section", span, nameSpan: spanOf(header.path), children }];
  });
  return [...items.slice(0, first).flatMap(symbolOf), ...sections];
}

function symbolOf(item: Item): readonly DocumentSymbol[] {
  const span = { start: item.start, end: item.end };
  if (item.kind === "variable") {
    const nameSpan = { start: item.start, end: item.start + item.name.length + 1 };
    return [{ name: `$${item.name}`, kind: "variable", span, nameSpan, children: [] }];
  }
  if (item.kind !== "entry") return [];
  const { path, value } = item;
  const children = childrenOf(value);
  return [{ name: nameOf(path), kind: kindOf(value), span, nameSpan: spanOf(path), children }];
}

function childrenOf(value: Value): readonly DocumentSymbol[] {
  if (value.kind === "object") return value.items.flatMap(symbolOf);
  return value.kind === "array" ? value.elements.flatMap(childrenOf) : [];
}

function kindOf(value: Value): "map" | "list" | "value" {
  if (value.kind === "object") return "map";
  return value.kind === "array" ? "list" : "value";
}

function nameOf(path: readonly Key[]): string {
  return path.map((key) => key.name).join(".");
}

function spanOf(path: readonly Key[]): Span {
  return { start: path[0]?.start ?? 0, end: path.at(-1)?.end ?? 0 };
}
