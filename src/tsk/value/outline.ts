import type { TskCode } from "../codes.ts";
import { type Diagnostic, problem, type Related } from "../diagnostic.ts";
import type { Source, Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import type { Argument, Entry, Item, Key, ObjectValue, Scalar, Value, Variable } from "../syntax/tree.ts";
import type { Evaluated, List, Place } from "./data.ts";
import { type IncludeRequest, includeRequest } from "./include-request.ts";
import { constantList, constantOf } from "./scalar.ts";

/**
 * What one source says, by key and not evaluated: sections, dotted keys and braces have become maps of maps.
 * The layers are merged over these.
 */
export type Part = MapPart | LeafPart | GivenPart;

export interface MapPart extends Place {
  readonly kind: "map";
  /** The map around it in the same source. */
  readonly parent: MapPart | undefined;
  readonly depth: number;
  readonly children: Map<string, Part>;
  /** `...value`, in order; keys of the map itself win over them. */
  spreads: LeafPart[] | undefined;
  variables: Map<string, VariablePart> | undefined;
  /** True when a key of it says what becomes of a layer below, by `@append`, `@prepend` or `@remove`. */
  edits: boolean;
  /** Maps of included files, in order; what the map says itself wins over them. */
  includes: MapPart[] | undefined;
  /** True for the root of an included file: it stands where it is included, not in its own right. */
  readonly included: boolean;
}

/** An expression given to a key; its span is that of the expression. */
export interface LeafPart extends Place {
  readonly kind: "leaf";
  readonly value: Value;
  /** The map in which its names are looked up first. */
  readonly home: MapPart;
  /** True for `...value`, which must give a map. */
  readonly spread: boolean;
}

/**
 * A literal, a text or a list of them given to a key: a leaf that is its own value. Most of a large fleet are such, so they are
 * kept small: what can be told from the rest is.
 */
export class WrittenLeaf implements LeafPart, Evaluated {
  readonly kind = "leaf";
  readonly key: Span;
  readonly value: Value;
  readonly home: MapPart;
  readonly data: Scalar | string | List;

  constructor(key: Span, value: Value, home: MapPart, data: Scalar | string | List) {
    this.key = key;
    this.value = value;
    this.home = home;
    this.data = data;
  }

  get source(): Source {
    return this.home.source;
  }

  /** Literals and texts in it. */
  get constants(): number {
    const { data } = this;
    return typeof data === "object" && data !== null && data.type === "list" ? data.items.length : 0;
  }

  get span(): Span {
    return this.value;
  }

  get spread(): boolean {
    return false;
  }

  get places(): readonly Place[] {
    return [this];
  }
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

/** What making an outline needs from outside. */
export interface OutlineOptions {
  readonly report: (diagnostic: Diagnostic) => void;
  /** The outlines of the files that a source includes, in order; reports what is wrong with them. */
  readonly include: (source: Source, request: IncludeRequest) => readonly MapPart[];
  /** How many maps may still be made; absent: any number. */
  readonly maps?: { left: number };
}

/** A new, empty map of a source. Written out, for a large fleet has many of them. */
export function mapPart({ source, span, key }: Place, parent?: MapPart, included = false): MapPart {
  return {
    kind: "map",
    source,
    span,
    key,
    parent,
    depth: parent === undefined ? 0 : parent.depth + 1,
    children: new Map(),
    spreads: undefined,
    variables: undefined,
    edits: false,
    includes: undefined,
    included,
  };
}

/** A map and the maps it includes, lowest first. */
export function withIncludes(map: MapPart): readonly MapPart[] {
  return map.includes === undefined ? [map] : [...map.includes.flatMap(withIncludes), map];
}

/** Where the items of a source stand. */
export interface Where {
  /** Keys under which the whole source stands; default the root. */
  readonly under?: readonly string[];
  /** True when another source includes it. */
  readonly included?: boolean;
}

/** The outline of the items of a source. */
export function outline(
  source: Source,
  items: readonly Item[],
  options: OutlineOptions,
  { under = [], included = false }: Where = {},
): MapPart {
  const nowhere = { start: 0, end: 0 };
  const root = mapPart({ source, span: nowhere, key: nowhere }, undefined, included);
  let file = root;
  for (const name of under) {
    const inner = mapPart(root, file);
    file.children.set(name, inner);
    file = inner;
  }
  new Outliner(source, options).document(file, items);
  return root;
}

/** The outline of an object inside an expression. */
export function outlineObject(
  value: ObjectValue,
  place: Place,
  home: MapPart,
  options: OutlineOptions,
): MapPart {
  const map = mapPart(place, home);
  new Outliner(place.source, options).items(map, value.items);
  return map;
}

/** One override from outside: `path` gets `value`. */
export function outlineOne(
  source: Source,
  path: readonly Key[],
  value: Value,
  report: OutlineOptions["report"],
): MapPart {
  const entry: Entry = { kind: "entry", path, value, start: path[0]?.start ?? 0, end: value.end };
  return outline(source, [entry], { report, include: () => [] });
}

function isEdit(value: Value): boolean {
  return value.kind === "operator" && edits.has(value.name);
}

const edits: ReadonlySet<string> = new Set(["append", "prepend", "remove"]);

/** Braces that are read into a map that was there before them. */
interface Reopened {
  readonly start: number;
  /** Where everything is listed that they say again, once something was. */
  again: Related[] | undefined;
}

/** A key that was given twice. One on the next line, given first on the line below that, is part of the same copy. */
interface Copied {
  readonly line: number;
  readonly firstLine: number;
  readonly related: Related[];
}

class Outliner {
  readonly #source: Source;
  readonly #report: OutlineOptions["report"];
  readonly #include: OutlineOptions["include"];
  readonly #maps: OutlineOptions["maps"];
  #reopened: Reopened | undefined;
  #copied: Copied | undefined;

  constructor(source: Source, { report, include, maps }: OutlineOptions) {
    this.#source = source;
    this.#report = report;
    this.#include = include;
    this.#maps = maps;
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
    const source = this.#source;
    if (item.kind === "spread") {
      const { value } = item;
      const key = { start: item.start, end: item.start + 3 };
      map.spreads ??= [];
      map.spreads.push({ kind: "leaf", source, span: value, key, value, home: map, spread: true });
    } else if (item.kind === "include") this.#includeInto(map, item.args, item);
    else if (item.kind === "entry") this.#entry(map, item);
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
      if (inner !== undefined) this.#braces(inner, value);
      return;
    }
    if (value.kind === "operator" && (value.name === "include" || value.name === "import")) {
      const inner = this.#descend(map, path, value);
      if (inner !== undefined) this.#includeInto(inner, value.args ?? [], value);
      return;
    }
    const last = path.at(-1);
    const home = path.length === 1 ? map : this.#descend(map, path.slice(0, -1), entry);
    if (last === undefined || home === undefined) return;
    const before = home.children.get(last.name);
    if (before === undefined) {
      home.children.set(last.name, this.#leaf(last, value, home));
    } else if (before.kind === "map")
      this.#again("TSK_CONFLICT", last, before, "has keys of its own already");
    else if (before.kind === "leaf")
      this.#again("TSK_DUPLICATE", last, before, "is given a value a second time");
  }

  #leaf(key: Key, value: Value, home: MapPart): LeafPart {
    const source = this.#source;
    const data =
      value.kind === "array"
        ? constantList(value.elements, { source, span: value, key })
        : constantOf(value, source.compat);
    if (data !== undefined) return new WrittenLeaf(key, value, home, data);
    if (isEdit(value)) home.edits = true;
    return { kind: "leaf", source, span: value, key, value, home, spread: false };
  }

  /** Braces that say again what was said before them are one mistake, however much is in them. */
  #braces(map: MapPart, value: ObjectValue): void {
    const before = this.#reopened;
    if (before === undefined && map.children.size > 0)
      this.#reopened = { start: value.start, again: undefined };
    this.items(map, value.items);
    this.#reopened = before;
  }

  #includeInto(map: MapPart, args: readonly Argument[], at: Span): void {
    const span = { start: at.start, end: at.end };
    const request = includeRequest(args, span);
    if (request !== undefined) {
      map.includes ??= [];
      map.includes.push(...this.#include(this.#source, request));
    } else if (args.every(({ value }) => value.kind !== "missing")) {
      const help = 'write @include "file.tsk", or @include("file.tsk", optional=true)';
      const message = "an include needs the path of a file as plain text";
      this.#report(problem(this.#source, span, "TSK_ARGUMENTS", message, { help }));
    }
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
        if (!this.#mayMake(key)) return undefined;
        const inner = mapPart({ source: this.#source, span, key }, map);
        map.children.set(key.name, inner);
        map = inner;
      }
    }
    return map;
  }

  /** False when there are too many maps already; told once. */
  #mayMake(key: Key): boolean {
    if (this.#maps === undefined) return true;
    this.#maps.left--;
    if (this.#maps.left === -1) {
      const message = `keys and labels make more than ${limits.maps} maps`;
      this.#report(problem(this.#source, key, "TSK_TOO_LARGE", message));
    }
    return this.#maps.left >= 0;
  }

  #variable(holder: MapPart, item: Variable, home: MapPart): void {
    const span = { start: item.start, end: item.start + item.name.length + 1 };
    const before = holder.variables?.get(item.name);
    if (before === undefined) {
      const variable = { name: item.name, value: item.value, span, home };
      holder.variables ??= new Map();
      holder.variables.set(item.name, variable);
    } else this.#twice("TSK_DUPLICATE", span, `$${item.name} is set a second time`, before.span);
  }

  #again(code: TskCode, key: Key, before: MapPart | LeafPart, what: string): void {
    this.#twice(code, key, `${key.name} ${what}`, before.key);
  }

  #twice(code: TskCode, span: Span, message: string, first: Span): void {
    const related: Related[] = [{ ...this.#source.at(first), message: "first given here" }];
    const reopened = this.#reopened;
    if (reopened !== undefined && first.start < reopened.start) {
      if (reopened.again !== undefined) {
        reopened.again.push({ ...this.#source.at(span), message }, ...related);
        return;
      }
      reopened.again = related;
    }
    const [line, firstLine] = [this.#source.at(span).line, this.#source.at(first).line];
    const above = this.#copied;
    if (code === "TSK_DUPLICATE" && above?.line === line - 1 && above.firstLine === firstLine - 1) {
      if (above.related.length < limits.diagnostics)
        above.related.push({ ...this.#source.at(span), message }, ...related);
      this.#copied = { line, firstLine, related: above.related };
      return;
    }
    this.#copied = { line, firstLine, related };
    this.#report(problem(this.#source, span, code, message, { related }));
  }
}
