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
  keys: Keys | undefined;
  /** The value, once done; while open only of what is no map. Undefined when broken. */
  value: Evaluated | undefined;
}

/** A new slot. A map brings what it includes and spreads as parts below its own keys. */
export function slot(name: string, parent: Slot | undefined, parts: readonly Part[]): Slot {
  const all = parts.some(spreads) ? parts.flatMap(expanded) : parts;
  return { name, parent, parts: all, state: "new", keys: undefined, value: undefined };
}

function spreads(part: Part): boolean {
  return part.kind === "map" && (part.spreads !== undefined || part.includes !== undefined);
}

/** A map after what it includes and what it spreads. */
function expanded(part: Part): readonly Part[] {
  if (part.kind !== "map") return [part];
  return [...(part.includes ?? []).flatMap(expanded), ...(part.spreads ?? []), part];
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
  return part.kind === "map" && part.included ? [] : [part];
}

/** The places of what all layers say, highest first. */
export function placesOfAll(parts: readonly Part[]): readonly Place[] {
  const only = parts[0];
  // Most keys are written once.
  return only !== undefined && parts.length === 1 ? placesOf(only) : parts.flatMap(placesOf).reverse();
}

/** What is said about the keys of a map, in the order first written; a key that several maps write has a list. */
export type Said = ReadonlyMap<string, Part | readonly Part[]>;

/**
 * The keys below a slot. A slot of their own is made for one when it is asked for: most are values that are written out,
 * and that nobody refers to.
 */
export class Keys {
  readonly #of: Slot;
  readonly #said: Said;
  #slots: Map<string, Slot> | undefined;

  /** @param said what each key is given, made by `said` of several maps */
  constructor(of: Slot, said: Said) {
    this.#of = of;
    this.#said = said;
  }

  /** What each key is given. */
  get said(): Said {
    return this.#said;
  }

  get(name: string): Slot | undefined {
    const known = this.#slots?.get(name);
    if (known !== undefined) return known;
    const parts = this.#said.get(name);
    if (parts === undefined) return undefined;
    const made = slot(name, this.#of, "kind" in parts ? [parts] : parts);
    this.#slots ??= new Map();
    this.#slots.set(name, made);
    return made;
  }
}

/** What every map says about each key, from the last `@remove()` on. A key of which nothing is left is not there. */
export function said(maps: readonly ReadonlyMap<string, Part>[]): Said {
  const [only] = maps;
  // Most maps are written in one place, and nothing is taken out of them.
  if (only !== undefined && maps.length === 1 && !takesAway(only)) return only;
  const all = new Map<string, Part[]>();
  for (const map of maps) {
    for (const [name, part] of map) {
      const parts = all.get(name);
      if (parts === undefined) all.set(name, [part]);
      else parts.push(part);
    }
  }
  return new Map(
    [...all].flatMap(([name, parts]): [string, readonly Part[]][] => {
      const since = sinceUnset(parts);
      return since.length > 0 ? [[name, since]] : [];
    }),
  );
}

function takesAway(map: ReadonlyMap<string, Part>): boolean {
  for (const part of map.values()) if (isUnset(part)) return true;
  return false;
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
