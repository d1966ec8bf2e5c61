import type { Diagnostic } from "../diagnostic.ts";
import type { Source, Span } from "../source.ts";
import type { Tokens } from "./token.ts";

/**
 * A parsed text. Lossless: `tokens` partition the text, every node is a run of them, and `print` gives the text back.
 * There is always a tree; what could not be read is a `missing` value and a diagnostic.
 */
export interface Tree {
  readonly source: Source;
  readonly tokens: Tokens;
  readonly items: readonly Item[];
  /** Problems of the syntax, by position. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * The stretch that holds every place at which something is wrong or written the old way, told or not; undefined when
   * nothing is. Outside of it each item stands for itself.
   */
  readonly trouble: Span | undefined;
}

/** What may stand in a document or between braces. */
export type Item = Section | Entry | Variable | Spread | Include;

/** `[a.b]`: what follows, up to the next header, belongs to that path. */
export interface Section extends Span {
  readonly kind: "section";
  readonly path: readonly Key[];
}

/** `path: value`, `path { … }`, `path > … <`. */
export interface Entry extends Span {
  readonly kind: "entry";
  readonly path: readonly Key[];
  readonly value: Value;
}

/** `$name: value`. */
export interface Variable extends Span {
  readonly kind: "variable";
  readonly name: string;
  readonly value: Value;
}

/** `...value` */
export interface Spread extends Span {
  readonly kind: "spread";
  readonly value: Value;
}

/** One step of a path. */
export interface Key extends Span {
  readonly name: string;
}

/** `@include "path"`, `@import("path", optional=true)` */
export interface Include extends Span {
  readonly kind: "include";
  readonly args: readonly Argument[];
}

export type Value =
  | Missing
  | Literal
  | Text
  | Template
  | ObjectValue
  | ArrayValue
  | Name
  | VariableUse
  | Member
  | Operator
  | Unary
  | Binary
  | Conditional;

/** Nothing readable; the problem is reported already. */
export interface Missing extends Span {
  readonly kind: "missing";
}

/** Null, a boolean, a number, or one of the typed scalars of `scalar.ts`. */
export interface Literal extends Span {
  readonly kind: "literal";
  readonly value: Scalar;
}

/** A string without `${}`, unescaped. */
export interface Text extends Span {
  readonly kind: "text";
  readonly value: string;
}

/** A string with `${}`. */
export interface Template extends Span {
  readonly kind: "template";
  readonly parts: readonly (string | Value)[];
}

export interface ObjectValue extends Span {
  readonly kind: "object";
  readonly items: readonly Item[];
}

export interface ArrayValue extends Span {
  readonly kind: "array";
  readonly elements: readonly Value[];
}

/** A bare word: a reference to a key. */
export interface Name extends Span {
  readonly kind: "name";
  readonly name: string;
}

export interface VariableUse extends Span {
  readonly kind: "use";
  readonly name: string;
}

/** `object.key`, `object.0`, `object[key]` */
export interface Member extends Span {
  readonly kind: "member";
  readonly object: Value;
  readonly key: Value;
}

/** `@name.name(arguments)` */
export interface Operator extends Span {
  readonly kind: "operator";
  readonly name: string;
  /** Undefined when there are no parentheses. */
  readonly args: readonly Argument[] | undefined;
}

export interface Argument extends Span {
  readonly name: string | undefined;
  readonly value: Value;
}

export interface Unary extends Span {
  readonly kind: "unary";
  readonly operator: "!" | "-";
  readonly operand: Value;
}

export interface Binary extends Span {
  readonly kind: "binary";
  readonly operator: BinaryOperator;
  readonly left: Value;
  readonly right: Value;
}

export type BinaryOperator =
  | "||"
  | "??"
  | "&&"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "+"
  | "-"
  | "*"
  | "/"
  | "%";

export interface Conditional extends Span {
  readonly kind: "conditional";
  readonly condition: Value;
  readonly then: Value;
  readonly otherwise: Value;
}

/** What a literal stands for. */
export type Scalar = null | boolean | number | Duration | Size | Range | DateTime;

/** `1m30s`; `text` is as written, without `_`. */
export interface Duration {
  readonly type: "duration";
  readonly ms: number;
  readonly text: string;
}

/** `64KiB`; `text` always ends in `B`. */
export interface Size {
  readonly type: "size";
  readonly bytes: number;
  readonly text: string;
}

/** `8000-9000`, both ends included. */
export interface Range {
  readonly type: "range";
  readonly min: number;
  readonly max: number;
}

/** RFC 3339 date or date-time, as written. */
export interface DateTime {
  readonly type: "date";
  readonly text: string;
}

/** The text of a tree, token by token: `print(parse(text)) === text` for every text. */
export function print(tree: Tree): string {
  const parts: string[] = [];
  for (let index = 0; index < tree.tokens.count; index++) {
    parts.push(tree.source.text.slice(tree.tokens.start(index), tree.tokens.end(index)));
  }
  return parts.join("");
}
