import type { TskCode } from "../codes.ts";
import { type Diagnostic, problem } from "../diagnostic.ts";
import type { Source, Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import type { Entry, Item, Key, ObjectValue, Value, Variable } from "../syntax/tree.ts";
import type { Evaluated, Place } from "./data.ts";

/**
 * What one source says, by key and not evaluated: sections, dotted keys and braces have become maps of maps.
 * The layers are merged over these.
 */
export type Part = MapPart | LeafPart | GivenPart;

export interface MapPart {
  readonly kind: "map";
  readonly place: Place;
  /** The map around it in the same source. */
  readonly parent: MapPart | undefined;
  readonly depth: number;
  readonly children: Map<string, Part>;
  /** `...value`, in order; keys of the map itself win over them. */
  readonly spreads: LeafPart[];
  readonly variables: Map<string, VariablePart>;
}

/** An expression given to a key. */
export interface LeafPart {
  readonly kind: "leaf";
  readonly place: Place;
  readonly value: Value;
  /** The map in which its names are looked up first. */
  readonly home: MapPart;
  /** True for `...value`, which must give a map. */
  readonly spread: boolean;
}

/** A value that is evaluated already, under keys that a higher layer adds to. */
export interface GivenPart {
  readonly kind: "given";
  readonly value: Evaluated | undefined;
}

/** `$name: value` */
export interface VariablePart {
  readonly name: string;
  readonly value: Value;
  readonly span: Span;
  readonly home: MapPart;
}

type Report = (diagnostic: Diagnostic) => void;

/** A new, empty map of a source. */
export function mapPart(place: Place, parent?: MapPart): MapPart {
  const depth = parent === undefined ? 0 : parent.depth + 1;
  return { kind: "map", place, parent, depth, children: new Map(), spreads: [], variables: new Map() };
}

/**
 * The outline of the items of a source.
 *
 * @param under keys under which the whole source stands; default the root
 */
export function outline(
  source: Source,
  items: readonly Item[],
  report: Report,
  under: readonly string[] = [],
): MapPart {
  const nowhere = { start: 0, end: 0 };
  const root = mapPart({ source, span: nowhere, key: nowhere });
  let file = root;
  for (const name of under) {
    const inner = mapPart(root.place, file);
    file.children.set(name, inner);
    file = inner;
  }
  new Outliner(source, report).document(file, items);
  return root;
}

/** The outline of an object inside an expression. */
export function outlineObject(value: ObjectValue, place: Place, home: MapPart, report: Report): MapPart {
  const map = mapPart(place, home);
  new Outliner(place.source, report).items(map, value.items);
  return map;
}

/** One override from outside: `path` gets `value`. */
export function outlineOne(source: Source, path: readonly Key[], value: Value, report: Report): MapPart {
  const entry: Entry = { kind: "entry", path, value, start: path[0]?.start ?? 0, end: value.end };
  return outline(source, [entry], report);
}

class Outliner {
  readonly #source: Source;
  readonly #report: Report;

  constructor(source: Source, report: Report) {
    this.#source = source;
    this.#report = report;
  }

  /** Items of a whole file: a section lasts until the next header, `$variables` are seen in the whole file. */
  document(file: MapPart, items: readonly Item[]): void {
    let current = file;
    for (const item of items) {
      if (item.kind === "section") current = this.#section(file, item.path, item);
      else if (item.kind === "variable") this.#variable(file, item, current);
      else this.#item(current, item);
    }
  }

  items(map: MapPart, items: readonly Item[]): void {
    for (const item of items) {
      if (item.kind === "variable") this.#variable(map, item, map);
      else this.#item(map, item);
    }
  }

  #item(map: MapPart, item: Item): void {
    if (item.kind === "spread") {
      const place = {
        source: this.#source,
        span: item.value,
        key: { start: item.start, end: item.start + 3 },
      };
      map.spreads.push({ kind: "leaf", place, value: item.value, home: map, spread: true });
    } else if (item.kind === "entry") this.#entry(map, item);
  }

  /** When a header names a key that has a value, what follows it is read, but stands nowhere. */
  #section(file: MapPart, path: readonly Key[], header: Span): MapPart {
    return (
      this.#descend(file, path, header) ?? mapPart({ source: this.#source, span: header, key: header }, file)
    );
  }

  #entry(map: MapPart, entry: Entry): void {
    const { path, value } = entry;
    if (value.kind === "object") {
      const inner = this.#descend(map, path, value);
      if (inner !== undefined) this.items(inner, value.items);
      return;
    }
    const last = path.at(-1);
    const home = this.#descend(map, path.slice(0, -1), entry);
    if (last === undefined || home === undefined) return;
    const before = home.children.get(last.name);
    if (before === undefined) {
      const place = { source: this.#source, span: value, key: last };
      home.children.set(last.name, { kind: "leaf", place, value, home, spread: false });
    } else if (before.kind === "map")
      this.#again("TSK_CONFLICT", last, before, "has keys of its own already");
    else if (before.kind === "leaf")
      this.#again("TSK_DUPLICATE", last, before, "is given a value a second time");
  }

  /** The map at a path below `from`, made where it is not there yet; undefined after a conflict. */
  #descend(from: MapPart, path: readonly Key[], span: Span): MapPart | undefined {
    let map = from;
    for (const key of path) {
      const before = map.children.get(key.name);
      if (before?.kind === "map") map = before;
      else if (before?.kind === "leaf") {
        this.#again("TSK_CONFLICT", key, before, "has a value already, it cannot have keys too");
        return undefined;
      } else {
        if (map.depth >= limits.nesting) {
          const message = `keys are nested more than ${limits.nesting} levels deep`;
          this.#report(problem(this.#source, key, "TSK_TOO_DEEP", message));
          return undefined;
        }
        const inner = mapPart({ source: this.#source, span, key }, map);
        map.children.set(key.name, inner);
        map = inner;
      }
    }
    return map;
  }

  #variable(holder: MapPart, item: Variable, home: MapPart): void {
    const span = { start: item.start, end: item.start + item.name.length + 1 };
    const before = holder.variables.get(item.name);
    if (before === undefined)
      holder.variables.set(item.name, { name: item.name, value: item.value, span, home });
    else this.#twice("TSK_DUPLICATE", span, `$${item.name} is set a second time`, before.span);
  }

  #again(code: TskCode, key: Key, before: MapPart | LeafPart, what: string): void {
    this.#twice(code, key, `${key.name} ${what}`, before.place.key);
  }

  #twice(code: TskCode, span: Span, message: string, first: Span): void {
    const related = [{ ...this.#source.at(first), message: "first given here" }];
    this.#report(problem(this.#source, span, code, message, { related }));
  }
}
