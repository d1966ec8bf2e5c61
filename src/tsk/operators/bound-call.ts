import { Secret } from "../../kernel/index.ts";
import type { TskCode } from "../codes.ts";
import type { Argument, Operator } from "../syntax/tree.ts";
import { type Data, type Place, weightOf } from "../value/data.ts";
import type { Around, OperatorCall, Ports, Result } from "./row.ts";

/** A call with its arguments. A class, so that a call is one object: a large fleet has one for each of its secrets. */
export class BoundCall implements OperatorCall {
  readonly node: Operator;
  readonly #around: Around;
  readonly #bound: ReadonlyMap<string, Argument>;
  readonly #results = new Map<string, Result>();

  constructor(node: Operator, bound: ReadonlyMap<string, Argument>, around: Around) {
    this.node = node;
    this.#bound = bound;
    this.#around = around;
  }

  get place(): Place {
    return this.#around.place;
  }

  get ports(): Ports {
    return this.#around.ports;
  }

  argument(name: string): Result {
    const given = this.#bound.get(name);
    if (given === undefined) return undefined;
    if (!this.#results.has(name)) this.#results.set(name, this.#around.evaluate(given.value));
    return this.#results.get(name);
  }

  has(name: string): boolean {
    return this.#bound.has(name);
  }

  all(): readonly Result[] {
    return [...this.#bound.keys()].map((name) => this.argument(name));
  }

  fail(code: TskCode, message: string, help?: string): undefined {
    return this.#around.fail(code, this.node, message, help);
  }

  warn(code: TskCode, message: string, help: string, text?: string): void {
    const { start, end } = this.node;
    const fix = text === undefined ? {} : { fix: { start, end, text } };
    this.#around.warn(code, this.node, message, { help, ...fix });
  }

  afford(cost: number): boolean {
    return this.#around.spend(cost, this.node);
  }

  give(data: Data, variable?: string): Result {
    return given(data, variable, this.node, this.#around);
  }

  reference(path: readonly string[], file?: string): Result {
    return this.#around.reference(path, file, this.node);
  }

  keys(path: readonly string[]): ReadonlyMap<string, unknown> {
    return this.#around.keys(path, this.node);
  }

  suggest(name: string, candidates: Iterable<string>): string | undefined {
    return this.#around.suggest(name, candidates);
  }
}

/** A value that a call made: it costs what it weighs. */
export function given(data: Data, variable: string | undefined, node: Operator, around: Around): Result {
  if (!around.spend(weightOf(data instanceof Secret ? data.reveal() : data), node)) return undefined;
  return variable === undefined ? { data, places: [] } : { data, places: [], variable };
}
