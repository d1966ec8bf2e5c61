import type { Dictionary, Evaluated, Place } from "./data.ts";
import { isUnset, sinceUnset } from "./edit.ts";
import type { GivenPart, Part } from "./outline.ts";

/** How far a slot is: keys known (`open`), or everything below it (`done`). The `…ing` states find cycles. */
export type SlotState = "new" | "opening" | "open" | "finishing" | "done";

/** One key of the merged document: what every layer says about it, lowest first. */
export interface Slot {
  readonly name: string;
  readonly parent: Slot | undefined;
  readonly parts: readonly Part[];
  state: SlotState;
  /** Keys below, once open, when it is a map. */
  children: Map<string, Slot> | undefined;
  /** The value, once done; while open only of what is no map. Undefined when broken. */
  value: Evaluated | undefined;
}

/** A new slot. A map brings what it includes and spreads as parts below its own keys. */
export function slot(name: string, parent: Slot | undefined, parts: readonly Part[]): Slot {
  const all = parts.some(spreads) ? parts.flatMap(expanded) : parts;
  return { name, parent, parts: all, state: "new", children: undefined, value: undefined };
}

function spreads(part: Part): boolean {
  return part.kind === "map" && (part.spreads.length > 0 || part.includes.length > 0);
}

/** A map after what it includes and what it spreads. */
function expanded(part: Part): readonly Part[] {
  if (part.kind !== "map") return [part];
  return [...part.includes.flatMap(expanded), ...part.spreads, part];
}

/** The path of a slot, for messages. */
export function slotPath(of: Slot): string {
  const names: string[] = [];
  for (let at: Slot | undefined = of; at?.parent !== undefined; at = at.parent)
    names.unshift(keyText(at.name));
  return names.join(".");
}

/** A key as it is written in a path. */
export function keyText(name: string): string {
  return /^[\p{L}_][\p{L}\d_-]*$/u.test(name) ? name : JSON.stringify(name);
}

/** The places a part is written at. */
export function placesOf(part: Part): readonly Place[] {
  if (part.kind === "given") return part.value?.places ?? [];
  return part.kind === "map" && part.included ? [] : [part.place];
}

/**
 * Slots of the children of maps, key by key in the order first written: each gets what every map says about it, from
 * the last `@remove()` on. A key of which nothing is left is not there.
 */
export function childSlots(of: Slot, maps: readonly ReadonlyMap<string, Part>[]): Map<string, Slot> {
  const slots = new Map<string, Slot>();
  const [only] = maps;
  // Most maps are written in one place.
  if (only !== undefined && maps.length === 1) {
    for (const [name, part] of only) if (!isUnset(part)) slots.set(name, slot(name, of, [part]));
    return slots;
  }
  const children = new Map<string, Part[]>();
  for (const map of maps) {
    for (const [name, part] of map) {
      const parts = children.get(name);
      if (parts === undefined) children.set(name, [part]);
      else parts.push(part);
    }
  }
  for (const [name, parts] of children) {
    const since = sinceUnset(parts);
    if (since.length > 0) slots.set(name, slot(name, of, since));
  }
  return slots;
}

/** A map without some of its keys. */
export function withoutKeys(
  map: ReadonlyMap<string, Part>,
  names: ReadonlySet<string>,
): ReadonlyMap<string, Part> {
  return names.size === 0 ? map : new Map([...map].filter(([name]) => !names.has(name)));
}

/** The keys of a map that is evaluated already, as parts under which a higher layer may add. */
export function givenParts(map: Dictionary): ReadonlyMap<string, GivenPart> {
  return new Map([...map.entries].map(([name, value]) => [name, { kind: "given", value }]));
}
