import type { TskCode } from "../codes.ts";
import type { ProblemNotes } from "../diagnostic.ts";
import type { Around, Ports, Result } from "../operators/row.ts";
import type { Span } from "../source.ts";
import type { Value } from "../syntax/tree.ts";
import type { Place } from "./data.ts";
import type { Evaluation, Frame, Names } from "./reference.ts";

/** What calls need of the evaluation of expressions. */
interface Expressions extends Evaluation {
  spend(cost: number, at: Span, frame: Frame): boolean;
  suggest(name: string, candidates: Iterable<string>): string | undefined;
}

/** What a call sees of the evaluation around it. */
export class Surroundings implements Around {
  readonly ports: Ports;
  readonly #frame: Frame;
  readonly #expressions: Expressions;
  readonly #names: Names;

  constructor(frame: Frame, expressions: Expressions, names: Names, ports: Ports) {
    this.ports = ports;
    this.#frame = frame;
    this.#expressions = expressions;
    this.#names = names;
  }

  get place(): Place {
    return this.#frame.place;
  }

  evaluate(value: Value): Result {
    return this.#expressions.evaluate(value, this.#frame);
  }

  fail(code: TskCode, at: Span, message: string, help?: string): undefined {
    return this.#expressions.fail(code, at, this.#frame, message, help);
  }

  warn(code: TskCode, at: Span, message: string, notes: ProblemNotes): void {
    this.#expressions.warn(code, at, this.#frame, message, notes);
  }

  spend(cost: number, at: Span): boolean {
    return this.#expressions.spend(cost, at, this.#frame);
  }

  reference(path: readonly string[], file: string | undefined, at: Span): Result {
    return this.#names.reference(path, file, at, this.#frame);
  }

  keys(path: readonly string[], at: Span): ReadonlyMap<string, unknown> {
    return this.#names.keys(path, at, this.#frame);
  }

  knows(variable: string): boolean {
    return this.#names.knows(variable, this.#frame.home);
  }

  variable(name: string, at: Span): Result {
    return this.#names.variable(name, at, this.#frame);
  }

  suggest(name: string, candidates: Iterable<string>): string | undefined {
    return this.#expressions.suggest(name, candidates);
  }
}
