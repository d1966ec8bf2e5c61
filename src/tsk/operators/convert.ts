import { Secret } from "../../kernel/index.ts";
import { dictionary, type Evaluated, isList, isMap, list, scalarText, typeName } from "../value/data.ts";
import { readScalar } from "../value/scalar.ts";
import { withValue } from "./argument.ts";
import type { OperatorCall, Result } from "./row.ts";

type Castable = "number" | "boolean" | "duration" | "size";

/** Reads a value as a type; text is read as the literal it spells. */
export function cast(
  call: OperatorCall,
  type: Castable,
  fits: (value: number) => boolean = () => true,
): Result {
  return withValue(call, "value", (value) => {
    const data = typeof value.data === "string" ? readScalar(value.data.trim()) : value.data;
    if (data !== undefined && typeName(data) === type && (typeof data !== "number" || fits(data)))
      return call.give(data);
    const what = type === "number" ? (call.node.name === "int" ? "whole number" : "number") : type;
    return call.fail("TSK_TYPE", `@${call.node.name} cannot read this ${typeName(value.data)} as a ${what}`);
  });
}

export function toText(call: OperatorCall): Result {
  return withValue(call, "value", (value) => {
    const text = scalarText(value.data);
    if (text !== undefined) return call.give(text);
    return call.fail("TSK_TYPE", `@string cannot write a ${typeName(value.data)} as text`);
  });
}

/** A list as it is, nothing as an empty list, anything else as a list of one. */
export function toList(call: OperatorCall): Result {
  return withValue(call, "value", (value) => {
    if (isList(value.data)) return value;
    return call.give(list(value.data === null ? [] : [value]));
  });
}

/** A map as it is; a list of pairs `[key, value]` as the map of them. */
export function toMap(call: OperatorCall): Result {
  return withValue(call, "value", (value) => {
    if (isMap(value.data)) return value;
    const entries = new Map<string, Evaluated>();
    for (const item of isList(value.data) ? value.data.items : [value]) {
      const [key, given] = isList(item.data) && item.data.items.length === 2 ? item.data.items : [];
      if (typeof key?.data !== "string" || given === undefined) {
        const help = "a list of pairs is read: [[key, value], …]";
        return call.fail("TSK_TYPE", `@object cannot read this ${typeName(value.data)} as a map`, help);
      }
      entries.set(key.data, given);
    }
    return call.give(dictionary(entries));
  });
}

/** Plain data, as JSON or a plugin gives it, as a value of the language; undefined for what has no such value. */
export function fromPlain(plain: unknown, place: Evaluated["places"], depth = 0): Evaluated | undefined {
  const scalar = plain === null || typeof plain === "string" || typeof plain === "boolean";
  if (scalar || plain instanceof Secret) return { data: plain, places: place };
  if (typeof plain === "number") return Number.isFinite(plain) ? { data: plain, places: place } : undefined;
  if (typeof plain !== "object" || depth > 256) return undefined;
  if (Array.isArray(plain)) {
    const items: Evaluated[] = [];
    for (const one of plain) {
      const item = fromPlain(one, place, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
    }
    return { data: list(items), places: place };
  }
  const entries = new Map<string, Evaluated>();
  for (const [key, one] of Object.entries(plain)) {
    if (one === undefined) continue;
    const entry = fromPlain(one, place, depth + 1);
    if (entry === undefined) return undefined;
    entries.set(key, entry);
  }
  return { data: dictionary(entries), places: place };
}
