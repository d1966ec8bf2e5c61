import { Secret, ServiceRef } from "../../kernel/index.ts";
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

export type Data = Scalar | string | Secret | Service | Dictionary | List;

/** A service that is found when it is asked, `@service`. */
export interface Service {
  readonly type: "service";
  readonly ref: ServiceRef;
  /** Why the file alone cannot say its address; undefined when it can: then that is its text. */
  readonly unsettled: string | undefined;
}

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

/** A literal or a text in a list. Most elements are such, so they are kept small. */
export class WrittenElement implements Evaluated {
  readonly data: Scalar | string;
  readonly #span: Span;
  readonly #list: Place;

  /** @param list the place of the whole list */
  constructor(span: Span, list: Place, data: Scalar | string) {
    this.#span = span;
    this.#list = list;
    this.data = data;
  }

  get places(): readonly Place[] {
    const { source, key } = this.#list;
    return [{ source, span: this.#span, key }];
  }
}

/** What copying, comparing or printing a value costs; a long text costs by its length. */
export function weightOf(data: Data): number {
  if (typeof data === "string") return 1 + (data.length >> 3);
  return isMap(data) || isList(data) ? data.weight : 1;
}

/** Makes a map. */
export function dictionary(entries: ReadonlyMap<string, Evaluated>): Dictionary {
  let weight = 1;
  // Not for-of, which makes an object of every step: a large fleet has many.
  entries.forEach((entry) => {
    weight += weightOf(entry.data);
  });
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
  | "service"
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

/** As `isMap`, for references to services. */
export function isService(data: Data): data is Service {
  return typeof data === "object" && data !== null && !(data instanceof Secret) && data.type === "service";
}

/** A scalar of the typed kind: duration, size, range or date. */
export type Typed = Duration | Size | Range | DateTime;

/**
 * Plain frozen data for validation: see `Document.value`.
 *
 * @param before plain data of an earlier version; what has not changed is the very same value again
 */
export function toPlain(data: Data, before?: unknown): unknown {
  if (typeof data !== "object" || data === null) return data;
  if (data instanceof Secret)
    return before instanceof Secret && before.reveal() === data.reveal() ? before : data;
  switch (data.type) {
    case "duration":
    case "size":
    case "date":
      return data.text;
    case "service":
      return before instanceof ServiceRef && isSameService(before, data.ref) ? before : data.ref;
    case "range":
      return again({ min: data.min, max: data.max }, before);
    case "list":
      return plainList(data, before);
    case "map": {
      const plain: Record<string, unknown> = {};
      const old = isRecord(before) ? before : nothing;
      // Not for-of, which makes a pair of every key: a large fleet has many.
      data.entries.forEach((entry, key) => {
        put(plain, key, toPlain(entry.data, key === "__proto__" ? undefined : old[key]));
      });
      return again(plain, before);
    }
  }
}

function plainList({ items }: List, before: unknown): readonly unknown[] {
  const old: readonly unknown[] | undefined = Array.isArray(before) ? before : undefined;
  const plain = items.map((item, index) => toPlain(item.data, old?.[index]));
  const same = old?.length === plain.length && plain.every((one, index) => Object.is(one, old[index]));
  return same ? old : Object.freeze(plain);
}

/** A map, frozen; the one before when that holds the same values in the same order. */
function again(plain: Readonly<Record<string, unknown>>, before: unknown): Readonly<Record<string, unknown>> {
  if (!isRecord(before) || before instanceof Secret || before instanceof ServiceRef)
    return Object.freeze(plain);
  const keys = Object.keys(plain);
  const old = Object.keys(before);
  const same =
    keys.length === old.length &&
    keys.every((key, at) => key === old[at] && Object.is(plain[key], before[key]));
  return same ? before : Object.freeze(plain);
}

function isSameService(one: ServiceRef, other: ServiceRef): boolean {
  return (
    one.text === other.text && one.name === other.name && one.port === other.port && one.tag === other.tag
  );
}

const nothing: Readonly<Record<string, unknown>> = Object.freeze({});

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
  if (data.type === "service") return data.unsettled === undefined ? data.ref.text : undefined;
  return data.type === "range" ? `${data.min}-${data.max}` : data.text;
}

/** A reference to a service as what its text is, where it has one; everything else as it is. */
export function asText(data: Data): Data {
  return isService(data) ? (scalarText(data) ?? data) : data;
}

/** Why a value cannot stand where text is needed. */
export function notText(data: Data, place: string): { readonly message: string; readonly help?: string } {
  const unsettled = isService(data) ? data.unsettled : undefined;
  if (unsettled === undefined) return { message: `a ${typeName(data)} cannot stand ${place}` };
  return { message: unsettled, help: "as a whole value it is found live; or give the service a fixed port" };
}
