import { Secret } from "../../kernel/index.ts";
import type { Source, Span } from "../source.ts";
import type { DateTime, Duration, Range, Scalar, Size } from "../syntax/tree.ts";

/** Where a value is written: its own span, and that of the key it was given to. */
export interface Place {
  readonly source: Source;
  readonly span: Span;
  readonly key: Span;
}

/** A value after evaluation, with the places that wrote it: the winner first. */
export interface Evaluated {
  readonly data: Data;
  readonly places: readonly Place[];
  /** The environment variable this text was read from, when nothing said which type it has. */
  readonly variable?: string | undefined;
}

export type Data = Scalar | string | Secret | Dictionary | List;

export interface Dictionary {
  readonly type: "map";
  /** Values in it, itself included: what copying, comparing or printing it costs. */
  readonly weight: number;
  readonly entries: ReadonlyMap<string, Evaluated>;
}

export interface List {
  readonly type: "list";
  /** As for a map. */
  readonly weight: number;
  readonly items: readonly Evaluated[];
}

/** What copying, comparing or printing a value costs; a long text costs by its length. */
export function weightOf(data: Data): number {
  if (typeof data === "string") return 1 + (data.length >> 3);
  return isMap(data) || isList(data) ? data.weight : 1;
}

/** Makes a map. */
export function dictionary(entries: ReadonlyMap<string, Evaluated>): Dictionary {
  let weight = 1;
  for (const entry of entries.values()) weight += weightOf(entry.data);
  return { type: "map", weight, entries };
}

/** Makes a list. */
export function list(items: readonly Evaluated[]): List {
  return { type: "list", weight: items.reduce((sum, item) => sum + weightOf(item.data), 1), items };
}

/** The types of the language, as messages call them. */
export type TypeName =
  | "null"
  | "boolean"
  | "number"
  | "text"
  | "duration"
  | "size"
  | "range"
  | "date"
  | "secret"
  | "map"
  | "list";

/** The word for the type of a value. */
export function typeName(data: Data): TypeName {
  if (data === null) return "null";
  if (typeof data === "string") return "text";
  if (typeof data === "number") return "number";
  if (typeof data === "boolean") return "boolean";
  return data instanceof Secret ? "secret" : data.type;
}

/** True for a map; the other values are leaves to a merge, lists included. */
export function isMap(data: Data): data is Dictionary {
  return typeof data === "object" && data !== null && !(data instanceof Secret) && data.type === "map";
}

/** As `isMap`, for lists. */
export function isList(data: Data): data is List {
  return typeof data === "object" && data !== null && !(data instanceof Secret) && data.type === "list";
}

/** A scalar of the typed kind: duration, size, range or date. */
export type Typed = Duration | Size | Range | DateTime;

/** Plain frozen data for validation: see `Document.value`. */
export function toPlain(data: Data): unknown {
  if (typeof data !== "object" || data === null || data instanceof Secret) return data;
  switch (data.type) {
    case "duration":
    case "size":
    case "date":
      return data.text;
    case "range":
      return Object.freeze({ min: data.min, max: data.max });
    case "list":
      return Object.freeze(data.items.map((item) => toPlain(item.data)));
    case "map": {
      const plain: Record<string, unknown> = {};
      for (const [key, entry] of data.entries) put(plain, key, toPlain(entry.data));
      return Object.freeze(plain);
    }
  }
}

/** Sets an own key whatever its name: plain assignment of `__proto__` would change the prototype. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** How a value reads inside text; undefined for maps, lists and null. A secret stays one. */
export function scalarText(data: Data): string | Secret | undefined {
  if (typeof data === "string" || data instanceof Secret) return data;
  if (typeof data === "number" || typeof data === "boolean") return String(data);
  if (data === null || data.type === "map" || data.type === "list") return undefined;
  return data.type === "range" ? `${data.min}-${data.max}` : data.text;
}
