import type { TskCode } from "../codes.ts";
import type { ProblemNotes } from "../diagnostic.ts";
import type { MachinePorts, Refusal, SecretProvider } from "../ports.ts";
import type { Source, Span } from "../source.ts";
import type { Argument, Operator, Value } from "../syntax/tree.ts";
import type { Data, Evaluated, Place } from "../value/data.ts";

/** What a host may offer to operators. */
export interface HostPorts extends MachinePorts {
  /** Operators beside those of the language. */
  readonly operators?: readonly OperatorPlugin[] | undefined;
  /** Where secrets are kept beside variables and files; default nowhere. */
  readonly secrets?: readonly SecretProvider[] | undefined;
  /** True when operators and providers of secrets of the class `network` may run. A file cannot permit it. Default false. */
  readonly network?: boolean | undefined;
}

/** What operators may use of the load they run in. */
export interface Ports extends HostPorts {
  /** A variable of the environment, undefined when it is not set. */
  readonly env: (name: string) => string | undefined;
  /** Text of a file named in a source. A secret's may stand in folders of the host, too. */
  readonly readText: (from: Source, path: string, of: "data" | "secret") => string | Refusal;
}

/** An operator of a host, made by `defineOperator`. */
export interface OperatorPlugin {
  readonly name: string;
  readonly class: "pure" | "local" | "network";
  readonly row: OperatorRow;
}

/**
 * What an expression gives: a value; an absence that `??` or a default may still heal; or undefined when it is broken
 * and reported already.
 */
export type Result = Evaluated | Absent | undefined;

/** No value, and why: reported unless somebody provides for it. */
export interface Absent {
  readonly absent: { readonly code: TskCode; readonly message: string; readonly help?: string };
  readonly node: Operator | { readonly start: number; readonly end: number };
  /** Called when somebody did: then it was no mistake. */
  readonly healed?: () => void;
}

/** What calling an operator needs of the evaluation around it. */
export interface Around {
  readonly place: Place;
  readonly ports: Ports;
  evaluate(value: Value): Result;
  fail(code: TskCode, at: Span, message: string, help?: string): undefined;
  warn(code: TskCode, at: Span, message: string, notes: ProblemNotes): void;
  spend(cost: number, at: Span): boolean;
  reference(path: readonly string[], file: string | undefined, at: Span): Result;
  keys(path: readonly string[], at: Span): ReadonlyMap<string, unknown>;
  /** Whether a `$variable` of this name can be seen, and its value. */
  knows(variable: string): boolean;
  variable(name: string, at: Span): Result;
  suggest(name: string, candidates: Iterable<string>): string | undefined;
}

/** What an operator may use while it runs. */
export interface OperatorCall {
  readonly node: Operator;
  readonly place: Place;
  readonly ports: Ports;
  /** Evaluates an argument when it is asked for, so that a branch not taken costs and reports nothing. */
  argument(name: string): Result;
  has(name: string): boolean;
  /** The arguments of a row that takes any number of them, in order. */
  all(): readonly Result[];
  /** Reports a problem and gives the broken result. */
  fail(code: TskCode, message: string, help?: string): undefined;
  /** Reports what is read all the same; `text` may take the place of the call. */
  warn(code: TskCode, message: string, help: string, text?: string): void;
  /** False, and reported, when there are not enough steps left to make something of this cost. */
  afford(cost: number): boolean;
  /** A value made by this operator. */
  give(data: Data, variable?: string): Result;
  /** The value at a path of the document, or of another file; absent when it is not there. */
  reference(path: readonly string[], file?: string): Result;
  /** The keys at a path of the document by name, of which nothing need be evaluated; none where there is no map. */
  keys(path: readonly string[]): ReadonlyMap<string, unknown>;
  /** What was probably meant; undefined when nothing is near, or enough was suggested. */
  suggest(name: string, candidates: Iterable<string>): string | undefined;
}

/** An operator as data: a new one is a row. */
export interface OperatorRow {
  /** Names of its arguments in order; those after `required` may be left out. */
  readonly parameters: readonly string[];
  readonly required: number;
  /** True when any number of arguments may follow; they have no names then. */
  readonly variadic?: true;
  /** True when what it gives, and the default written beside it, is a secret. */
  readonly secret?: true;
  readonly run: (call: OperatorCall) => Result;
}

/** Pairs arguments with parameters; a sentence when they do not fit. */
export function bindArguments(row: OperatorRow, node: Operator): ReadonlyMap<string, Argument> | string {
  const bound = new Map<string, Argument>();
  for (const [index, argument] of (node.args ?? []).entries()) {
    const name = argument.name ?? row.parameters[index] ?? (row.variadic ? `#${index}` : undefined);
    if (name === undefined) return `@${node.name} takes at most ${row.parameters.length} arguments`;
    if (argument.name !== undefined && !row.parameters.includes(name))
      return `@${node.name} has no argument ${name}; it takes ${row.parameters.join(", ")}`;
    if (bound.has(name)) return `@${node.name} is given ${name} twice`;
    bound.set(name, argument);
  }
  const missing = row.parameters.slice(0, row.required).find((name) => !bound.has(name));
  return missing === undefined
    ? bound
    : `@${node.name} needs ${missing}: @${node.name}(${row.parameters.join(", ")}${row.variadic ? ", …" : ""})`;
}
