import { Secret } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import { type Diagnostic, type ProblemNotes, problem, warning } from "../diagnostic.ts";
import { type Around, callOperator } from "../operators/call.ts";
import type { Ports, Result } from "../operators/row.ts";
import { didYouMean } from "../report/suggest.ts";
import { Source, type Span } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import { parseLoneValue } from "../syntax/parse.ts";
import type {
  Binary,
  Conditional,
  Member,
  Name,
  ObjectValue,
  Operator,
  Template,
  Text,
  Unary,
  Value,
} from "../syntax/tree.ts";
import { calculate, negated, type Outcome } from "./arithmetic.ts";
import type { Budget } from "./budget.ts";
import {
  type Data,
  type Evaluated,
  isList,
  isMap,
  list,
  type Place,
  scalarText,
  type TypeName,
  typeName,
  weightOf,
} from "./data.ts";
import type { MapPart } from "./outline.ts";
import { constantOf, isWrittenOut } from "./scalar.ts";
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
  object(value: ObjectValue, frame: Frame): Evaluated | undefined;
  /** The value at a path from the root of the document, or of another file. */
  reference(path: readonly string[], file: string | undefined, from: Span, frame: Frame): Result;
  /** Names that `find` would find; for suggestions. */
  visible(home: MapPart): Iterable<string>;
}

/** Evaluates expressions. Pure but for `names` and `ports`; every problem is reported once, where it is. */
export class Expressions {
  readonly #names: Names;
  readonly #ports: Ports;
  readonly #budget: Budget;
  readonly #report: (diagnostic: Diagnostic) => void;
  #suggestions: number = limits.suggestions;

  constructor(names: Names, ports: Ports, budget: Budget, report: (diagnostic: Diagnostic) => void) {
    this.#names = names;
    this.#ports = ports;
    this.#budget = budget;
    this.#report = report;
  }

  /** The value of an expression, an absence included. Places are those of what it refers to, or none. */
  evaluate(value: Value, frame: Frame): Result {
    const refuse = (code: TskCode, message: string): void => void this.fail(code, value, frame, message);
    if (!this.#budget.spend(1, refuse) || !this.#budget.enter(refuse)) return undefined;
    const result = this.#evaluate(value, frame);
    this.#budget.leave();
    return result;
  }

  /** The value of an expression; an absence is reported and broken. */
  demand(value: Value, frame: Frame): Evaluated | undefined {
    const result = this.evaluate(value, frame);
    if (result === undefined || "data" in result) return result;
    const { code, message, help } = result.absent;
    return this.fail(code, result.node, frame, message, help);
  }

  /** The map that `...value` spreads. A word that names nothing is no text here, in no dialect. */
  demandMap(value: Value, frame: Frame): Evaluated | undefined {
    if (value.kind === "name" && this.#names.find(value.name, frame.home) === undefined)
      return this.#unknownName(value, frame);
    const found = this.demand(value, frame);
    if (found === undefined || isMap(found.data)) return found;
    return this.fail("TSK_TYPE", value, frame, `... needs a map, found ${typeName(found.data)}`);
  }

  /** Reports a problem at a node. Returns undefined: a broken value. */
  fail(code: TskCode, at: Span, frame: Frame, message: string, help?: string): undefined {
    const span = { start: at.start, end: at.end };
    this.#report(problem(frame.place.source, span, code, message, help === undefined ? {} : { help }));
  }

  /** What was probably meant; only so often, each costs a look at every candidate. */
  suggest(name: string, candidates: Iterable<string>): string | undefined {
    return this.#suggestions-- > 0 ? didYouMean(name, candidates) : undefined;
  }

  #evaluate(value: Value, frame: Frame): Result {
    switch (value.kind) {
      case "missing":
        return undefined;
      case "text":
        return this.#text(value, frame);
      case "literal":
        return { data: value.value, places: [] };
      case "template":
        return this.#template(value, frame);
      case "object":
        return this.#names.object(value, frame);
      case "array":
        return this.#array(value.elements, value, frame);
      case "name":
        return this.#name(value, frame);
      case "use":
        return this.#names.variable(value.name, value, frame);
      case "member":
        return this.#member(value, frame);
      case "operator":
        return callOperator(value, this.#around(frame));
      case "unary":
        return this.#unary(value, frame);
      case "binary":
        return this.#binary(value, frame);
      case "conditional":
        return this.#conditional(value, frame);
    }
  }

  #around(frame: Frame): Around {
    return {
      place: frame.place,
      ports: this.#ports,
      evaluate: (argument) => this.evaluate(argument, frame),
      fail: (code, at, message, help) => this.fail(code, at, frame, message, help),
      warn: (code, at, message, notes) => this.#warn(code, at, frame, message, notes),
      spend: (cost, at) =>
        this.#budget.spend(cost, (code, message) => void this.fail(code, at, frame, message)),
      reference: (path, file, at) => this.#names.reference(path, file, at, frame),
    };
  }

  /** Reports what is read all the same. */
  #warn(code: TskCode, at: Span, frame: Frame, message: string, notes: ProblemNotes): void {
    const span = { start: at.start, end: at.end };
    this.#report(warning(frame.place.source, span, code, message, notes));
  }

  /** Text is text; in a file of an older dialect a quoted `@env(…)` alone is meant as the operator. */
  #text(value: Text, frame: Frame): Result {
    const { source } = frame.place;
    // Most text does not begin with @: no more is looked at.
    const call = value.value.charCodeAt(0) === 64 && source.compat;
    const meant = call ? quotedOperator(value, source) : undefined;
    if (meant === undefined) return { data: value.value, places: [] };
    const fix = { start: value.start, end: value.end, text: value.value };
    this.#warn("TSK_OLD_QUOTED", value, frame, `@${meant.name} stands in quotes and is evaluated`, { fix });
    return callOperator(meant, this.#around(frame));
  }

  #template(value: Template, frame: Frame): Result {
    let text = "";
    let secret = false;
    let broken = false;
    for (const part of value.parts) {
      const written = typeof part === "string" ? part : this.#insert(part, frame);
      if (written === undefined) broken = true;
      else if (written instanceof Secret) {
        secret = true;
        text += written.reveal();
      } else text += written;
    }
    if (broken) return undefined;
    return this.#give(secret ? new Secret(text) : text, text.length >> 3, value, frame);
  }

  #insert(part: Value, frame: Frame): string | Secret | undefined {
    const inner = this.demand(part, frame);
    if (inner === undefined) return undefined;
    const text = scalarText(inner.data);
    return text ?? this.fail("TSK_TYPE", part, frame, `a ${typeName(inner.data)} cannot stand inside text`);
  }

  #array(elements: readonly Value[], value: Span, frame: Frame): Result {
    const items: Evaluated[] = [];
    let constants = 0;
    const { source, key } = frame.place;
    for (const element of elements) {
      const place: Place = { source, span: element, key };
      const constant = constantOf(element, source.compat);
      if (constant !== undefined) {
        items.push({ data: constant, places: [place] });
        constants++;
        continue;
      }
      const item = this.demand(element, { home: frame.home, place });
      if (item !== undefined) items.push(isMap(item.data) ? item : { ...item, places: [place] });
    }
    const data = list(items);
    const refuse = (code: TskCode, message: string): void => void this.fail(code, value, frame, message);
    const affordable = this.#budget.spend(constants, refuse) && this.#budget.fits(data.weight, refuse);
    return affordable ? { data, places: [] } : undefined;
  }

  #name(value: Name, frame: Frame): Result {
    const found = this.#names.find(value.name, frame.home);
    if (found !== undefined) return this.#names.finish(found, value, frame);
    return frame.place.source.compat ? this.#oldWord(value, frame) : this.#unknownName(value, frame);
  }

  #unknownName(value: Name, frame: Frame): undefined {
    const meant = this.suggest(value.name, this.#names.visible(frame.home));
    const quoted = `write "${value.name}" if it is text`;
    const help =
      booleans.get(value.name) ?? (meant === undefined ? quoted : `did you mean ${meant}? ${quoted}`);
    return this.fail(
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
      this.#warn("TSK_OLD_BOOLEAN", value, frame, `${text} is written ${boolean}`, { fix });
      return { data: boolean, places: [] };
    }
    const head = text.split(".", 1)[0] ?? text;
    const meant = this.suggest(head, this.#names.visible(frame.home));
    const help = meant === undefined ? {} : { help: `did you mean ${meant}?` };
    const fix = { start, end, text: JSON.stringify(text) };
    this.#warn("TSK_OLD_WORD", value, frame, `${text} names no key and is read as text`, { ...help, fix });
    return { data: text, places: [] };
  }

  #member(value: Member, frame: Frame): Result {
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
    const object = this.evaluate(value.object, frame);
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
    const key = this.demand(value, frame);
    if (key === undefined) return undefined;
    if (typeof key.data === "string") return key.data;
    if (typeof key.data === "number") return String(key.data);
    return this.fail("TSK_TYPE", value, frame, `a key is text or a number, found ${typeName(key.data)}`);
  }

  #pick(object: Evaluated, key: string, value: Member, frame: Frame): Result {
    const { data } = object;
    if (!isMap(data) && !isList(data))
      return this.fail(
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

  #unary(value: Unary, frame: Frame): Result {
    const operand = this.demand(value.operand, frame);
    if (operand === undefined) return undefined;
    if (value.operator === "-") return this.#outcome(negated(operand.data), value, frame);
    if (typeof operand.data === "boolean") return { data: !operand.data, places: [] };
    return this.fail("TSK_TYPE", value, frame, `! needs true or false, found ${typeName(operand.data)}`);
  }

  #binary(value: Binary, frame: Frame): Result {
    const { operator } = value;
    if (operator === "??") {
      const left = this.evaluate(value.left, frame);
      const empty = left !== undefined && ("absent" in left || left.data === null);
      return empty ? this.evaluate(value.right, frame) : left;
    }
    if (operator === "||" && frame.place.source.compat && isOldOr(value)) return this.#oldOr(value, frame);
    const left = this.demand(value.left, frame);
    if (operator === "||" || operator === "&&") {
      if (left === undefined) return undefined;
      if (!this.#isBoolean(left, value.left, operator, frame)) return undefined;
      if (left.data === (operator === "||")) return left;
      const right = this.demand(value.right, frame);
      return right !== undefined && this.#isBoolean(right, value.right, operator, frame) ? right : undefined;
    }
    const right = this.demand(value.right, frame);
    if (left === undefined || right === undefined) return undefined;
    const refuse = (code: TskCode, message: string): void => void this.fail(code, value, frame, message);
    if (!this.#budget.spend(Math.min(weightOf(left.data), weightOf(right.data)), refuse)) return undefined;
    return this.#outcome(calculate(operator, left.data, right.data), value, frame);
  }

  /** `@env("X") || "default"`: in older dialects `||` gives a default for what is not there. */
  #oldOr(value: Binary, frame: Frame): Result {
    const left = this.evaluate(value.left, frame);
    if (left === undefined) return undefined;
    const missing = "absent" in left || left.data === null;
    if (!missing && typeof left.data === "boolean") return left.data ? left : this.demand(value.right, frame);
    const { source } = frame.place;
    const start = value.left.end + source.text.slice(value.left.end, value.right.start).indexOf("||");
    const span = { start, end: start + 2 };
    const fix = { ...span, text: "??" };
    this.#warn("TSK_OLD_OR", span, frame, "|| is read as ??: a default for what is missing", { fix });
    return missing ? this.evaluate(value.right, frame) : left;
  }

  #isBoolean(value: Evaluated, at: Value, operator: "||" | "&&", frame: Frame): boolean {
    if (typeof value.data === "boolean") return true;
    const help = operator === "||" ? "?? gives a default for what is missing or null" : undefined;
    const message = `${operator} needs true or false, found ${typeName(value.data)}`;
    this.fail("TSK_TYPE", at, frame, message, help);
    return false;
  }

  #conditional(value: Conditional, frame: Frame): Result {
    const condition = this.demand(value.condition, frame);
    if (condition === undefined) return undefined;
    if (typeof condition.data === "boolean")
      return this.evaluate(condition.data ? value.then : value.otherwise, frame);
    const message = `the condition must be true or false, found ${typeName(condition.data)}`;
    return this.fail("TSK_TYPE", value.condition, frame, message);
  }

  #outcome(outcome: Outcome, value: Value, frame: Frame): Result {
    if ("code" in outcome) return this.fail(outcome.code, value, frame, outcome.message);
    const { data } = outcome;
    return this.#give(data, weightOf(data instanceof Secret ? data.reveal() : data), value, frame);
  }

  /** A value that was made: it costs what it weighs. */
  #give(data: Data, cost: number, at: Span, frame: Frame): Result {
    const refuse = (code: TskCode, message: string): void => void this.fail(code, at, frame, message);
    return this.#budget.spend(cost, refuse) ? { data, places: [] } : undefined;
  }
}

/** True for `@env("X") || …`, further `||` included. */
function isOldOr(value: Binary): boolean {
  const { left } = value;
  return left.kind === "operator" || (left.kind === "binary" && left.operator === "||" && isOldOr(left));
}

/** Only what reads the environment or a file, and only when it is the whole text. */
function quotedOperator(value: Text, source: Source): Operator | undefined {
  if (!/^@(?:env|env\.secure|secret|file)\(/.test(value.value)) return undefined;
  const read = parseLoneValue(new Source(source.file, value.value, "set"), 0);
  if (read?.kind !== "operator" || read.args?.some((one) => !isWrittenOut(one.value)) === true)
    return undefined;
  return { ...read, start: value.start, end: value.end };
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
