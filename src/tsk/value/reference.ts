import type { TskCode } from "../codes.ts";
import type { ProblemNotes } from "../diagnostic.ts";
import type { Result } from "../operators/row.ts";
import { didYouMean } from "../report/suggest.ts";
import type { Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import type { Member, Name, ObjectValue, Value } from "../syntax/tree.ts";
import { type Evaluated, isList, isMap, type Place, type TypeName, typeName } from "./data.ts";
import type { MapPart } from "./outline.ts";
import { keyText, type Slot } from "./slot.ts";

/** Where an expression stands: the map its names start from, and the place of its value. */
export interface Frame {
  readonly home: MapPart;
  readonly place: Place;
}

/** What an expression can see of the document around it. */
export interface Names {
  /** The key a bare word means here: in its own map, or in the maps around it, out to the root. */
  find(name: string, home: MapPart): Slot | undefined;
  child(of: Slot, key: string, from: Span, frame: Frame): Slot | undefined;
  finish(slot: Slot, from: Span, frame: Frame): Evaluated | undefined;
  /** The value of a `$variable`; reports when there is none. */
  variable(name: string, from: Span, frame: Frame): Result;
  /** True when a `$variable` of this name can be seen from here. */
  knows(variable: string, home: MapPart): boolean;
  object(value: ObjectValue, frame: Frame): Evaluated | undefined;
  /** The value at a path from the root of the document, or of another file. */
  reference(path: readonly string[], file: string | undefined, from: Span, frame: Frame): Result;
  /** The keys at a path from the root of the document by name; none where there is no map. */
  keys(path: readonly string[], from: Span, frame: Frame): ReadonlyMap<string, unknown>;
  /** Names that `find` would find; for suggestions. */
  visible(home: MapPart): Iterable<string>;
}

/** What references need of the evaluation of other expressions. */
export interface Evaluation {
  evaluate(value: Value, frame: Frame): Result;
  demand(value: Value, frame: Frame): Evaluated | undefined;
  fail(code: TskCode, at: Span, frame: Frame, message: string, help?: string): undefined;
  warn(code: TskCode, at: Span, frame: Frame, message: string, notes: ProblemNotes): void;
}

/** Follows bare words and what is picked out of values. */
export class References {
  readonly #names: Names;
  readonly #expressions: Evaluation;
  #suggestions: number = limits.suggestions;
  /** The value in which a word that names nothing was read as text last. */
  #lastWord: Place | undefined;

  constructor(names: Names, expressions: Evaluation) {
    this.#names = names;
    this.#expressions = expressions;
  }

  /** What was probably meant; only so often, each costs a look at every candidate. */
  suggest(name: string, candidates: Iterable<string>): string | undefined {
    return this.#suggestions-- > 0 ? didYouMean(name, candidates) : undefined;
  }

  /** A bare word: the key it means. */
  name(value: Name, frame: Frame): Result {
    const found = this.#names.find(value.name, frame.home);
    if (found !== undefined) return this.#names.finish(found, value, frame);
    return frame.place.source.compat ? this.#oldWord(value, frame) : this.unknownName(value, frame);
  }

  /** Reports a word that names nothing. */
  unknownName(value: Name, frame: Frame): undefined {
    const meant = this.suggest(value.name, this.#names.visible(frame.home));
    const quoted = `write "${value.name}" if it is text`;
    const help =
      booleans.get(value.name) ?? (meant === undefined ? quoted : `did you mean ${meant}? ${quoted}`);
    return this.#expressions.fail(
      "TSK_UNKNOWN_NAME",
      value,
      frame,
      `${value.name} names no key that is seen from here`,
      help,
    );
  }

  /** A bare word that names nothing, as older dialects write booleans and short texts. */
  #oldWord(value: Name | Member, frame: Frame): Result {
    const { start, end } = value;
    const text = frame.place.source.text.slice(start, end);
    const boolean = oldBooleans.get(text.toLowerCase());
    if (boolean !== undefined) {
      const fix = { start, end, text: String(boolean) };
      this.#expressions.warn("TSK_OLD_BOOLEAN", value, frame, `${text} is written ${boolean}`, { fix });
      return { data: boolean, places: [] };
    }
    const head = text.split(".", 1)[0] ?? text;
    const meant = this.suggest(head, this.#names.visible(frame.home));
    const help = meant === undefined ? {} : { help: `did you mean ${meant}?` };
    const fix = { start, end, text: JSON.stringify(text) };
    // Of several in one expression the next one is told when this one is repaired.
    if (this.#lastWord === frame.place) return { data: text, places: [] };
    this.#lastWord = frame.place;
    this.#expressions.warn("TSK_OLD_WORD", value, frame, `${text} names no key and is read as text`, {
      ...help,
      fix,
    });
    return { data: text, places: [] };
  }

  /** `object.key`, `object[key]`: goes no further into the object than it needs. */
  member(value: Member, frame: Frame): Result {
    if (frame.place.source.compat && this.#isOldText(value, frame)) return this.#oldWord(value, frame);
    const base = this.#slotOf(value.object, frame);
    const key = this.#key(value.key, frame);
    if (key === undefined) return undefined;
    if (base !== undefined) {
      const child = this.#names.child(base, key, value, frame);
      if (child !== undefined) return this.#names.finish(child, value, frame);
      // Its keys are known: the map need not be evaluated to see that this one is not there.
      if (base.keys !== undefined) return this.#noKey(key, "map", base.keys.said.keys(), value);
    }
    const object = this.#expressions.evaluate(value.object, frame);
    return object === undefined || "absent" in object ? object : this.#pick(object, key, value, frame);
  }

  /** `app.example.com`: names and dots whose first name is none. */
  #isOldText(value: Member, frame: Frame): boolean {
    let head: Value = value;
    while (head.kind === "member") head = head.object;
    if (head.kind !== "name" || this.#names.find(head.name, frame.home) !== undefined) return false;
    return /^[\p{L}\w.-]+$/u.test(frame.place.source.text.slice(value.start, value.end));
  }

  /** The slot a reference names, found without evaluating more than it needs. */
  #slotOf(value: Value, frame: Frame): Slot | undefined {
    if (value.kind === "name") return this.#names.find(value.name, frame.home);
    if (value.kind !== "member" || value.key.kind !== "text") return undefined;
    const base = this.#slotOf(value.object, frame);
    return base === undefined ? undefined : this.#names.child(base, value.key.value, value, frame);
  }

  #key(value: Value, frame: Frame): string | undefined {
    const key = this.#expressions.demand(value, frame);
    if (key === undefined) return undefined;
    if (typeof key.data === "string") return key.data;
    if (typeof key.data === "number") return String(key.data);
    return this.#expressions.fail(
      "TSK_TYPE",
      value,
      frame,
      `a key is text or a number, found ${typeName(key.data)}`,
    );
  }

  #pick(object: Evaluated, key: string, value: Member, frame: Frame): Result {
    const { data } = object;
    if (!isMap(data) && !isList(data))
      return this.#expressions.fail(
        "TSK_TYPE",
        value,
        frame,
        `a ${typeName(data)} has no keys; ${keyText(key)} is asked of it`,
      );
    const found = isMap(data) ? data.entries.get(key) : data.items[/^\d+$/.test(key) ? Number(key) : -1];
    if (found !== undefined) return found;
    return this.#noKey(key, typeName(data), isMap(data) ? data.entries.keys() : [], value);
  }

  #noKey(key: string, type: TypeName, known: Iterable<string>, { start, end }: Span): Result {
    const meant = this.suggest(key, known);
    const message = `there is no ${keyText(key)} in this ${type}`;
    const help = meant === undefined ? {} : { help: `did you mean ${meant}?` };
    return { absent: { code: "TSK_NO_KEY", message, ...help }, node: { start, end } };
  }
}

const oldBooleans: ReadonlyMap<string, boolean> = new Map([
  ["yes", true],
  ["on", true],
  ["no", false],
  ["off", false],
]);

const booleans: ReadonlyMap<string, string> = new Map([
  ["yes", "write true"],
  ["on", "write true"],
  ["no", "write false"],
  ["off", "write false"],
]);
