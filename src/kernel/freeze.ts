import type { Secret } from "./secret.ts";

/** The same value with everything inside it read-only. */
export type Frozen<T> = T extends ((...args: never[]) => unknown) | Secret<unknown>
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** Freezes plain data all the way down and returns it. Class instances (a Secret) are left as they are. */
export function deepFreeze<T>(value: T): Frozen<T> {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value) && isPlain(value)) {
    Object.freeze(value);
    if (Array.isArray(value)) for (let index = 0; index < value.length; index++) deepFreeze(value[index]);
    // No list of the values is made: a large fleet has many maps.
    else for (const key in value) deepFreeze(value[key]);
  }
  return value as Frozen<T>;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
