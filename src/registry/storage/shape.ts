/**
 * What a row read back from disk must look like. A database is read before the port opens, with all its rows, and by
 * every registry: so these are plain functions that look and copy nothing.
 */

/** Says what stands against a value being a T; undefined: it is one. */
export interface Shape<T> {
  (value: unknown): string | undefined;
  /** Never there: it ties the shape to its type. */
  readonly of?: T;
}

/** @throws TypeError saying what is wrong, and where */
export function demand<T>(shape: Shape<T>, value: unknown): asserts value is T {
  const problem = shape(value);
  if (problem !== undefined) throw new TypeError(problem);
}

export const text: Shape<string> = (value) => (typeof value === "string" ? undefined : "is no text");
export const number: Shape<number> = (value) => (typeof value === "number" ? undefined : "is no number");
export const flag: Shape<boolean> = (value) =>
  typeof value === "boolean" ? undefined : "is not true or false";

export function oneOf<const T extends string>(...words: readonly T[]): Shape<T> {
  return (value) => (words.some((word) => word === value) ? undefined : `is none of ${words.join(", ")}`);
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value) => (value === undefined ? undefined : shape(value));
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value) => (Array.isArray(value) ? firstProblem(value.entries(), shape) : "is no list");
}

export function mapOf<T>(shape: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return (value) => (isObject(value) ? firstProblem(Object.entries(value), shape) : "is no object");
}

/** An object with these fields; of others, which a later release may have written, nothing is said. */
export function object<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const shapes: [string, Shape<unknown>][] = Object.entries(fields);
  return (value) => {
    if (!isObject(value)) return "is no object";
    for (const [name, shape] of shapes) {
      const problem = shape(Reflect.get(value, name));
      if (problem !== undefined) return located(name, problem);
    }
    return undefined;
  };
}

/** An object whose `kind` says which of several it is. */
export function kinds<T extends { readonly kind: string }>(
  of: {
    readonly [K in T["kind"]]: Shape<Omit<Extract<T, { readonly kind: K }>, "kind">>;
  },
): Shape<T> {
  const shapes = new Map<unknown, Shape<unknown>>(Object.entries(of));
  return (value) => {
    if (!isObject(value)) return "is no object";
    const shape = shapes.get(Reflect.get(value, "kind"));
    return shape === undefined ? "kind: is none that is known" : shape(value);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function firstProblem(entries: Iterable<readonly [string | number, unknown]>, shape: Shape<unknown>) {
  for (const [name, value] of entries) {
    const problem = shape(value);
    if (problem !== undefined) return located(name, problem);
  }
  return undefined;
}

function located(name: string | number, problem: string): string {
  return /^\S*: /.test(problem) ? `${name}.${problem}` : `${name}: ${problem}`;
}
