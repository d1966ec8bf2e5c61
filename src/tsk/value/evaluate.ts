import { type Diagnostic, problem } from "../diagnostic.ts";
import type { Ports, Result } from "../operators/row.ts";
import type { Refusal } from "../ports.ts";
import type { Source, Span } from "../source.ts";
import type { ObjectValue } from "../syntax/tree.ts";
import { Budget } from "./budget.ts";
import { dictionary, type Evaluated, isList, isMap, type Place, weightOf } from "./data.ts";
import { editName } from "./edit.ts";
import { Expressions } from "./expression.ts";
import { Merger } from "./merge.ts";
import {
  type MapPart,
  type OutlineOptions,
  outlineObject,
  type Part,
  type VariablePart,
  WrittenLeaf,
} from "./outline.ts";
import type { Frame, Names } from "./reference.ts";
import { type Keys, keyText, placesOf, placesOfAll, type Said, type Slot, slot, slotPath } from "./slot.ts";

/** What evaluation needs from outside. */
export interface EvaluateOptions {
  readonly ports: Ports;
  readonly report: OutlineOptions["report"];
  readonly include: OutlineOptions["include"];
  readonly maps?: { left: number };
  /** The outline of a file named in a source, for `@name.tsk.get`. */
  readonly outlineOf: (from: Source, path: string) => MapPart | Refusal;
  /** Hears of a secret that covers what lower layers say: that is the same secret in plain text. */
  readonly covered: (secret: Evaluated) => void;
  /** Length of all sources; the budget of steps grows with it. */
  readonly textLength: number;
}

/**
 * Merges the layers and evaluates what they say. Lazy and memoised: names are looked up in the merged document, so a
 * higher layer changes what a lower one refers to; the order in which things are written does not matter.
 *
 * @param roots one outline per source, lowest layer first
 */
export function evaluate(roots: readonly MapPart[], options: EvaluateOptions): Evaluated {
  return new Evaluator(roots, options).document();
}

/** Steps that one layer of one key costs: about what it takes in time beside an expression. */
const slotCost = 8;

interface VariableState {
  readonly value: Result;
}

class Evaluator implements Names {
  readonly #root: Slot;
  readonly #options: EvaluateOptions;
  readonly #report: (diagnostic: Diagnostic) => void;
  readonly #expressions: Expressions;
  readonly #merger: Merger;
  readonly #budget: Budget;
  /** Roots of files that are only asked for single values. */
  readonly #others = new Map<MapPart, Slot>();
  /** Which slot a map of a source belongs to, once that is open. */
  readonly #slots = new Map<MapPart, Slot>();
  readonly #variables = new Map<VariablePart, VariableState | "evaluating">();
  /** The reference that is being followed; where a cycle is reported. */
  #from: { readonly span: Span; readonly frame: Frame } | undefined;
  /** Variables that were told to be set nowhere, by file and name. */
  readonly #unknown = new Set<string>();
  /** What is being evaluated, outermost first: the path of a cycle. */
  readonly #active: (Slot | VariablePart)[] = [];

  constructor(roots: readonly MapPart[], options: EvaluateOptions) {
    this.#root = slot("", undefined, roots);
    this.#options = options;
    this.#report = options.report;
    this.#budget = new Budget(options.textLength);
    this.#expressions = new Expressions(this, options.ports, this.#budget, options.report);
    this.#merger = new Merger(this.#expressions, options.report, {
      opened: (map, of) => void this.#slots.set(map, of),
      covered: options.covered,
    });
  }

  document(): Evaluated {
    this.#open(this.#root);
    return this.#finish(this.#root) ?? { data: dictionary(new Map()), places: [] };
  }

  find(name: string, home: MapPart): Slot | undefined {
    for (let at: Slot | undefined = this.#slotOf(home); at !== undefined; at = at.parent) {
      const child = at.keys?.get(name);
      if (child !== undefined) return child;
    }
    return undefined;
  }

  *visible(home: MapPart): Iterable<string> {
    for (let at: Slot | undefined = this.#slotOf(home); at !== undefined; at = at.parent)
      if (at.keys !== undefined) yield* at.keys.said.keys();
  }

  child(of: Slot, key: string, from: Span, frame: Frame): Slot | undefined {
    if (of.state === "opening") this.#cycle(of, from, frame);
    this.#open(of);
    return of.keys?.get(key);
  }

  finish(found: Slot, from: Span, frame: Frame): Evaluated | undefined {
    if (isBusy(found)) return this.#cycle(found, from, frame);
    const before = this.#from;
    this.#from = { span: from, frame };
    const value = this.#finish(found);
    this.#from = before;
    return value;
  }

  variable(name: string, from: Span, frame: Frame): Result {
    const found = findVariable(name, frame.home);
    if (found === undefined)
      return this.#ofOlder(name, from, frame) ?? this.#unknownVariable(name, from, frame);
    const state = this.#variables.get(found);
    if (state === "evaluating") return this.#cycle(found, from, frame);
    if (state !== undefined) return state.value;
    this.#variables.set(found, "evaluating");
    this.#active.push(found);
    const { source } = frame.place;
    const place: Place = { source, span: found.value, key: found.span };
    this.#slotOf(found.home);
    const value = this.#expressions.evaluate(found.value, { home: found.home, place });
    this.#active.pop();
    this.#variables.set(found, { value });
    return value;
  }

  knows(variable: string, home: MapPart): boolean {
    return findVariable(variable, home) !== undefined;
  }

  object(value: ObjectValue, frame: Frame): Evaluated | undefined {
    const map = outlineObject(value, frame.place, frame.home, this.#options);
    const inner = slot("{}", this.#slotOf(frame.home), [map]);
    this.#open(inner);
    return this.#finish(inner);
  }

  reference(path: readonly string[], file: string | undefined, from: Span, frame: Frame): Result {
    const root = file === undefined ? this.#root : this.#other(file, frame.place.source);
    if ("code" in root) {
      if (root.code === "TSK_FILE_MISSING") return { absent: root, node: from };
      return this.#expressions.fail(root.code, from, frame, root.message, root.help);
    }
    let found = root;
    for (const [index, key] of path.entries()) {
      const next = this.child(found, key, from, frame);
      if (next !== undefined) {
        found = next;
        continue;
      }
      if (found.keys !== undefined) return this.#nothingAt(path, file, from);
      // No map: the rest of the path goes into its value.
      const value = this.finish(found, from, frame);
      const inside = value && within(value, path.slice(index));
      return value === undefined ? undefined : (inside ?? this.#nothingAt(path, file, from));
    }
    return this.finish(found, from, frame);
  }

  keys(path: readonly string[], from: Span, frame: Frame): ReadonlyMap<string, unknown> {
    let found: Slot | undefined = this.#root;
    for (const key of path) found = found && this.child(found, key, from, frame);
    if (found !== undefined && !isBusy(found)) this.#open(found);
    return found?.keys?.said ?? new Map();
  }

  #nothingAt(path: readonly string[], file: string | undefined, from: Span): Result {
    const message = `there is no ${path.map(keyText).join(".")} in ${file ?? "the document"}`;
    return { absent: { code: "TSK_NO_KEY", message }, node: from };
  }

  /** The root of another file, which stays beside the document. */
  #other(file: string, from: Source): Slot | Refusal {
    const outline = this.#options.outlineOf(from, file);
    if ("code" in outline) return outline;
    const known = this.#others.get(outline);
    if (known !== undefined) return known;
    const root = slot("", undefined, [outline]);
    this.#others.set(outline, root);
    this.#open(root);
    return root;
  }

  /** The whole value below a slot. */
  #finish(of: Slot): Evaluated | undefined {
    if (of.state === "done") return of.value;
    if (!this.#budget.affords(slotCost * of.parts.length) || !this.#budget.enters())
      return this.#exhausted(of);
    this.#open(of);
    if (of.keys !== undefined) {
      of.state = "finishing";
      this.#active.push(of);
      const data = dictionary(this.#entries(of.keys));
      this.#active.pop();
      if (this.#budget.fits(data.weight)) of.value = { data, places: placesOfAll(of.parts) };
      else this.#exhausted(of);
    }
    of.state = "done";
    this.#budget.leave();
    return of.value;
  }

  #entries(keys: Keys): ReadonlyMap<string, Evaluated> {
    if (this.#isWritten(keys.said)) return keys.said;
    const entries = new Map<string, Evaluated>();
    // Not for-of, which makes a pair of every key: a large fleet has many.
    keys.said.forEach((parts, name) => {
      const value = this.#constant(parts) ?? this.#below(keys, name);
      if (value !== undefined) entries.set(name, value);
    });
    return entries;
  }

  /** True for a map that is its own value: all that is said in it is written out, once, and there are steps for it. */
  #isWritten(said: Said): said is ReadonlyMap<string, WrittenLeaf> {
    let steps = 0;
    for (const parts of said.values()) {
      if (!(parts instanceof WrittenLeaf) || parts.constants > 0) return false;
      steps += slotCost + 1;
    }
    return this.#budget.has(steps) && this.#budget.affords(steps);
  }

  /** What is written out, once, needs no slot: it is what it says. */
  #constant(parts: Part | readonly Part[]): Evaluated | undefined {
    if (!(parts instanceof WrittenLeaf)) return undefined;
    const steps = slotCost + 1 + parts.constants;
    if (this.#budget.affords(steps) && this.#budget.fits(weightOf(parts.data))) return parts;
    this.#budget.tell((code, message) => this.#report(problem(parts.source, parts.span, code, message)));
    return undefined;
  }

  #below(keys: Keys, name: string): Evaluated | undefined {
    const child = keys.get(name);
    if (child === undefined) return undefined;
    if (!isBusy(child)) return this.#finish(child);
    return this.#from && this.#cycle(child, this.#from.span, this.#from.frame);
  }

  /** Finds the keys of a slot, or its value when it is no map. */
  #open(of: Slot): void {
    if (of.state !== "new") return;
    of.state = "opening";
    this.#active.push(of);
    const only = of.parts[0];
    // Most keys are one value, written once.
    if (of.parts.length === 1 && only?.kind === "leaf" && !only.spread && editName(only) === undefined)
      of.value = this.#merger.leaf(only, of, 0);
    else this.#merger.merge(of);
    this.#active.pop();
    of.state = "open";
  }

  #slotOf(home: MapPart): Slot {
    const known = this.#slots.get(home);
    if (known !== undefined) return known;
    if (home.parent === undefined) return this.#root;
    const around = this.#slotOf(home.parent);
    this.#open(around);
    for (const [name, parts] of around.keys?.said ?? []) {
      const child = "kind" in parts && parts.kind !== "map" ? undefined : around.keys?.get(name);
      if (child?.parts.includes(home) !== true) continue;
      this.#open(child);
      return this.#slots.get(home) ?? around;
    }
    return around;
  }

  /** What older dialects mean by a variable that the file does not set: one of the environment, else the key of that name. */
  #ofOlder(name: string, from: Span, frame: Frame): Result {
    if (!frame.place.source.compat) return undefined;
    const text = this.#options.ports.env(name);
    const found = text === undefined ? this.find(name, frame.home) : undefined;
    if (text === undefined && found === undefined) return undefined;
    const fix = { start: from.start, end: from.end, text: found === undefined ? `@env("${name}")` : name };
    this.#expressions.warn("TSK_OLD_REF", from, frame, `$${name} is written ${fix.text}`, { fix });
    if (found !== undefined) return this.finish(found, from, frame);
    return { data: text ?? "", places: [], variable: name };
  }

  /** Told where it is used first: to set it is one repair, however often it is used. */
  #unknownVariable(name: string, from: Span, frame: Frame): undefined {
    const key = `${frame.place.source.file} ${name}`;
    if (this.#unknown.has(key)) return undefined;
    this.#unknown.add(key);
    const names: string[] = [];
    for (let at: MapPart | undefined = frame.home; at !== undefined; at = at.parent)
      names.push(...(at.variables?.keys() ?? []));
    const meant = this.#expressions.suggest(name, names);
    const help = meant === undefined ? undefined : `did you mean $${meant}?`;
    const message = `$${name} is not set in this file`;
    return this.#expressions.fail("TSK_UNKNOWN_VARIABLE", from, frame, message, help);
  }

  #cycle(end: Slot | VariablePart, from: Span, frame: Frame): undefined {
    const labels = this.#active.slice(Math.max(0, this.#active.indexOf(end))).map(label);
    const shown = labels.length > 8 ? [...labels.slice(0, 4), "…", ...labels.slice(-3)] : labels;
    const path = [...shown, label(end)].join(" → ");
    return this.#expressions.fail("TSK_CYCLE", from, frame, `the value depends on itself: ${path}`);
  }

  #exhausted(of: Slot): undefined {
    const place = of.parts.flatMap(placesOf).at(-1);
    this.#budget.tell((code, message) => {
      if (place !== undefined) this.#report(problem(place.source, place.span, code, message));
    });
  }
}

/** True while a slot is being evaluated further out: to need its value now is a cycle. */
function isBusy(of: Slot): boolean {
  return of.state === "opening" || of.state === "finishing";
}

/** The value at a path inside a value; undefined when it is not there. */
function within(value: Evaluated, path: readonly string[]): Evaluated | undefined {
  let at: Evaluated | undefined = value;
  for (const key of path) {
    if (at === undefined) return undefined;
    if (isMap(at.data)) at = at.data.entries.get(key);
    else at = isList(at.data) && /^\d+$/.test(key) ? at.data.items[Number(key)] : undefined;
  }
  return at;
}

function label(of: Slot | VariablePart): string {
  return "parts" in of ? slotPath(of) : `$${of.name}`;
}

function findVariable(name: string, home: MapPart): VariablePart | undefined {
  for (let at: MapPart | undefined = home; at !== undefined; at = at.parent) {
    const found = at.variables?.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}
