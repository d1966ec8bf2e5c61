import type { TskCode } from "../codes.ts";
import { problem } from "../diagnostic.ts";
import { type Data, type Evaluated, isList, isMap, list, type Place } from "./data.ts";
import { type EditName, edited, editName, type PlacedEdit, removedKeys } from "./edit.ts";
import type { Expressions } from "./expression.ts";
import type { LeafPart, MapPart, OutlineOptions, Part } from "./outline.ts";
import { hidden, holdsSecret } from "./secret.ts";
import { givenParts, Keys, placesOfAll, type Slot, said, withoutKeys } from "./slot.ts";

/** Who hears what merging finds. */
export interface MergeEvents {
  /** To which slot a map of a source belongs. */
  readonly opened: (map: MapPart, of: Slot) => void;
  /** A secret that covers what lower layers say. */
  readonly covered: (secret: Evaluated) => void;
}

/** What the layers say about one key, brought together: the keys below it, or its value. */
export class Merger {
  readonly #expressions: Expressions;
  readonly #report: OutlineOptions["report"];
  readonly #heard: MergeEvents;

  constructor(expressions: Expressions, report: OutlineOptions["report"], heard: MergeEvents) {
    this.#expressions = expressions;
    this.#report = report;
    this.#heard = heard;
  }

  /** From the highest layer down: a map waits for more below it, an edit for what it changes, anything else covers what is below. */
  merge(of: Slot): void {
    const only = of.parts[0];
    // Most maps are written in one place, and nothing is taken out of them.
    if (only?.kind === "map" && of.parts.length === 1 && !only.edits) {
      of.keys = new Keys(of, only.children);
      this.#heard.opened(only, of);
      return;
    }
    const maps: ReadonlyMap<string, Part>[] = [];
    const edits: PlacedEdit[] = [];
    let covered = false;
    for (let index = of.parts.length - 1; index >= 0 && !covered; index--) {
      const part = of.parts[index];
      if (part === undefined) break;
      if (part.kind === "map") {
        maps.push(edits.length === 0 ? part.children : withoutKeys(part.children, this.#removed(edits)));
        this.#heard.opened(part, of);
        continue;
      }
      const name = editName(part);
      if (part.kind === "leaf" && name !== undefined) {
        const edit = this.#edit(part, name);
        if (edit === undefined) covered = true;
        else edits.push(edit);
        continue;
      }
      const value =
        part.kind === "given" ? part.value && this.#kept(part.value, of, index) : this.leaf(part, of, index);
      // A map that nothing is merged with is kept as it is: it may be referred to many times.
      const merged = maps.length > 0 || index > 0;
      if (value !== undefined && isMap(value.data) && merged)
        maps.push(withoutKeys(givenParts(value.data), this.#removed(edits)));
      else if (part.kind !== "leaf" || !part.spread) {
        if (maps.length === 0) of.value = value && this.#edited(edits, value, of, index);
        // What cannot be had is as secret as what it stands in the place of.
        if (value === undefined && this.#isOverSecret(of, index))
          this.#heard.covered({ data: null, places: placesOfAll(of.parts) });
        covered = true;
      }
    }
    if (maps.length > 0) {
      of.keys = new Keys(of, said(maps.reverse()));
    } else if (!covered && edits.length > 0) of.value = this.#edited(edits, undefined, of, 0);
  }

  /** What an edit adds or takes away. */
  #edit(part: LeafPart, name: EditName): PlacedEdit | undefined {
    const { home, value } = part;
    const argument = value.kind === "operator" ? value.args?.[0] : undefined;
    if (argument === undefined) {
      this.#report(problem(part.source, part.span, "TSK_ARGUMENTS", `@${name} needs a list: @${name}([…])`));
      return undefined;
    }
    const given = this.#expressions.demand(argument.value, { home, place: part });
    if (given === undefined) return undefined;
    const alone = { ...given, places: given.places.length > 0 ? given.places : [part] };
    return { name, items: isList(given.data) ? given.data.items : [alone], part };
  }

  /** Keys that edits take out of the maps below them. An edit that only adds does not go with maps. */
  #removed(edits: readonly PlacedEdit[]): ReadonlySet<string> {
    if (edits.length === 0) return noNames;
    const names = new Set<string>();
    for (const edit of edits) {
      if (edit.name === "remove") for (const name of removedKeys(edit)) names.add(name);
      else this.#misfit(edit, `@${edit.name} changes a list; below it there is a map`);
    }
    return names;
  }

  /** The value that a layer gives, with the edits of higher layers made to it, lowest first. */
  #edited(
    edits: readonly PlacedEdit[],
    value: Evaluated | undefined,
    of: Slot,
    index: number,
  ): Evaluated | undefined {
    if (edits.length === 0) {
      if (value === undefined || index === 0) return value;
      const covering = { ...value, places: placesFrom(of, index, value) };
      if (holdsSecret(value.data)) this.#heard.covered(covering);
      return covering;
    }
    let data: Data | undefined = value?.data;
    for (const edit of edits.toReversed()) {
      if (data === undefined && edit.name === "remove") {
        const help = "no lower layer has this key";
        return this.#misfit(edit, "@remove finds nothing to remove from", "TSK_NO_KEY", help);
      }
      const after = edited(edit, data ?? list([]));
      if (typeof after === "string") return this.#misfit(edit, after);
      data = after;
    }
    return data === undefined ? undefined : { data, places: placesOfAll(of.parts) };
  }

  #misfit(edit: PlacedEdit, message: string, code: TskCode = "TSK_TYPE", help?: string): undefined {
    const { source, span } = edit.part;
    this.#report(problem(source, span, code, message, help === undefined ? {} : { help }));
  }

  /** The value that one layer gives. */
  leaf(part: LeafPart, of: Slot, index: number): Evaluated | undefined {
    const frame = { home: part.home, place: part };
    const value = part.spread
      ? this.#expressions.demandMap(part.value, frame)
      : this.#expressions.demand(part.value, frame);
    if (value === undefined) return undefined;
    const { variable } = value;
    const { data } = index === 0 ? value : this.#kept(value, of, index);
    return variable === undefined ? { data, places: [part] } : { data, places: [part], variable };
  }

  /** What one layer keeps secret stays so when a higher layer writes plain text over it. Keys of maps are looked at one by one. */
  #kept(value: Evaluated, of: Slot, index: number): Evaluated {
    return !isMap(value.data) && this.#isOverSecret(of, index) ? hidden(value) : value;
  }

  #isOverSecret({ parts }: Slot, index: number): boolean {
    return index > 0 && parts.slice(0, index).some((part) => this.#expressions.isSecret(part));
  }
}

const noNames: ReadonlySet<string> = new Set();

/** The places of a winner, then of all that it covers, highest first. */
function placesFrom(of: Slot, index: number, winner: Evaluated): readonly Place[] {
  return [...winner.places, ...placesOfAll(of.parts.slice(0, index))];
}
