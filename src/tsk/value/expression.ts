import { Secret } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import { type Diagnostic, type ProblemNotes, problem, warning } from "../diagnostic.ts";
import { callOperator } from "../operators/call.ts";
import type { Around, Ports, Result } from "../operators/row.ts";
import { Source, type Span } from "../source.ts";
import { parseLoneValue } from "../syntax/parse.ts";
import type { Binary, Conditional, Operator, Template, Text, Unary, Value } from "../syntax/tree.ts";
import { calculate, negated, type Outcome } from "./arithmetic.ts";
import type { Budget } from "./budget.ts";
import {
  asText,
  type Data,
  type Evaluated,
  isMap,
  isService,
  list,
  notText,
  type Place,
  scalarText,
  typeName,
  WrittenElement,
  weightOf,
} from "./data.ts";
import type { Part } from "./outline.ts";
import { type Evaluation, type Frame, type Names, References } from "./reference.ts";
import { constantOf, isWrittenOut } from "./scalar.ts";
import { hidden, SecretSearch } from "./secret.ts";
import { Surroundings } from "./surroundings.ts";

/** Evaluates expressions. Pure but for `names` and `ports`; every problem is reported once, where it is. */
export class Expressions implements Evaluation {
  readonly #names: Names;
  readonly #references: References;
  readonly #ports: Ports;
  readonly #budget: Budget;
  readonly #report: (diagnostic: Diagnostic) => void;
  readonly #secrets: SecretSearch;

  constructor(names: Names, ports: Ports, budget: Budget, report: (diagnostic: Diagnostic) => void) {
    this.#names = names;
    this.#references = new References(names, this);
    this.#ports = ports;
    this.#budget = budget;
    this.#report = report;
    const brought = (ports.operators ?? []).filter(({ row }) => row.secret === true);
    this.#secrets = new SecretSearch({
      find: (name, home) => names.find(name, home),
      operators: new Set(brought.map((one) => one.name)),
    });
  }

  /** True for what a layer says about a key when that is a secret. */
  isSecret(part: Part): boolean {
    return this.#secrets.isSecret(part);
  }

  /** The value of an expression, an absence included. Places are those of what it refers to, or none. */
  evaluate(value: Value, frame: Frame): Result {
    // No closure is made for what hardly ever happens: a large fleet has many values.
    if (!this.#budget.affords(1) || !this.#budget.enters()) return this.#exhausted(value, frame);
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
      return this.#references.unknownName(value, frame);
    const found = this.demand(value, frame);
    if (found === undefined || isMap(found.data)) return found;
    return this.fail("TSK_TYPE", value, frame, `... needs a map, found ${typeName(found.data)}`);
  }

  /** What was probably meant. */
  suggest(name: string, candidates: Iterable<string>): string | undefined {
    return this.#references.suggest(name, candidates);
  }

  /** Reports a problem at a node. Returns undefined: a broken value. */
  fail(code: TskCode, at: Span, frame: Frame, message: string, help?: string): undefined {
    const span = { start: at.start, end: at.end };
    this.#report(problem(frame.place.source, span, code, message, help === undefined ? {} : { help }));
  }

  #evaluate(value: Value, frame: Frame): Result {
    switch (value.kind) {
      case "missing":
        return undefined;
      case "text":
        return this.#text(value, frame);
      case "literal":
        return { data: value.value, places: nowhere };
      case "template":
        return this.#template(value, frame);
      case "object":
        return this.#names.object(value, frame);
      case "array":
        return this.#array(value.elements, value, frame);
      case "name":
        return this.#references.name(value, frame);
      case "use":
        return this.#names.variable(value.name, value, frame);
      case "member":
        return this.#references.member(value, frame);
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
    return new Surroundings(frame, this, this.#names, this.#ports);
  }

  /** Uses steps for what stands at a node; false, and told, when there are not enough. */
  spend(cost: number, at: Span, frame: Frame): boolean {
    if (this.#budget.affords(cost)) return true;
    this.#exhausted(at, frame);
    return false;
  }

  /** Reports what is read all the same. */
  warn(code: TskCode, at: Span, frame: Frame, message: string, notes: ProblemNotes): void {
    const span = { start: at.start, end: at.end };
    this.#report(warning(frame.place.source, span, code, message, notes));
  }

  /** Text is text; in a file of an older dialect a quoted `@env(…)` alone is meant as the operator. */
  #text(value: Text, frame: Frame): Result {
    const { source } = frame.place;
    // Most text does not begin with @: no more is looked at.
    const call = value.value.charCodeAt(0) === 64 && source.compat;
    const meant = call ? quotedOperator(value, source) : undefined;
    if (meant === undefined) return { data: value.value, places: nowhere };
    const fix = { start: value.start, end: value.end, text: value.value };
    this.warn("TSK_OLD_QUOTED", value, frame, `@${meant.name} stands in quotes and is evaluated`, { fix });
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
    if (text !== undefined) return text;
    const { message, help } = notText(inner.data, "inside text");
    return this.fail(isService(inner.data) ? "TSK_NO_KEY" : "TSK_TYPE", part, frame, message, help);
  }

  #array(elements: readonly Value[], value: Span, frame: Frame): Result {
    const items: Evaluated[] = [];
    let constants = 0;
    const { source, key } = frame.place;
    for (const element of elements) {
      const constant = constantOf(element, source.compat);
      if (constant !== undefined) {
        items.push(new WrittenElement(element, frame.place, constant));
        constants++;
        continue;
      }
      const place: Place = { source, span: element, key };
      const item = this.demand(element, { home: frame.home, place });
      if (item !== undefined) items.push(isMap(item.data) ? item : { ...item, places: [place] });
    }
    const data = list(items);
    const affordable = this.#budget.affords(constants) && this.#budget.fits(data.weight);
    return affordable ? { data, places: nowhere } : this.#exhausted(value, frame);
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
      if (empty && "absent" in left) left.healed?.();
      return empty ? this.#inPlace(value, frame) : left;
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
    // What one side lacks is told; of two mistakes in one expression the second is told after the first.
    if (left === undefined) return undefined;
    const right = this.demand(value.right, frame);
    if (right === undefined) return undefined;
    const refuse = (code: TskCode, message: string): void => void this.fail(code, value, frame, message);
    if (!this.#budget.spend(Math.min(weightOf(left.data), weightOf(right.data)), refuse)) return undefined;
    return this.#outcome(calculate(operator, asText(left.data), asText(right.data)), value, frame);
  }

  /** `@env("X") || "default"`: in older dialects `||` gives a default for what is not there. */
  #oldOr(value: Binary, frame: Frame): Result {
    const left = this.evaluate(value.left, frame);
    if (left === undefined) return undefined;
    const missing = "absent" in left || left.data === null;
    if ("absent" in left) left.healed?.();
    if (!missing && typeof left.data === "boolean") return left.data ? left : this.demand(value.right, frame);
    const { source } = frame.place;
    const start = value.left.end + source.text.slice(value.left.end, value.right.start).indexOf("||");
    const span = { start, end: start + 2 };
    const fix = { ...span, text: "??" };
    this.warn("TSK_OLD_OR", span, frame, "|| is read as ??: a default for what is missing", { fix });
    return missing ? this.#inPlace(value, frame) : left;
  }

  /** What stands in for a value that is missing; in the place of a secret it is one. */
  #inPlace({ left, right }: Binary, frame: Frame): Result {
    const given = this.evaluate(right, frame);
    if (given === undefined || "absent" in given || !this.#secrets.in(left, frame.home)) return given;
    return hidden(given);
  }

  #isBoolean(value: Evaluated, at: Value, operator: "||" | "&&", frame: Frame): boolean {
    if (typeof value.data === "boolean") return true;
    const help = operator === "||" ? "?? gives a default for what is missing or null" : undefined;
    const message = `${operator} needs true or false, found ${typeName(value.data)}`;
    this.fail("TSK_TYPE", at, frame, message, help);
    return false;
  }

  #conditional(value: Conditional, frame: Frame): Result {
    // Without its branches it is no condition; that is told.
    if (value.then.kind === "missing" || value.otherwise.kind === "missing") return undefined;
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
    return this.#budget.affords(cost) ? { data, places: nowhere } : this.#exhausted(at, frame);
  }

  #exhausted(at: Span, frame: Frame): undefined {
    this.#budget.tell((code, message) => void this.fail(code, at, frame, message));
  }
}

const nowhere: readonly Place[] = Object.freeze([]);

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
