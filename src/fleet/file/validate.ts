import { isDeepStrictEqual } from "node:util";
import { Secret } from "../../kernel/index.ts";

/** One way in which a value is not what a schema asks for. No message holds a value: it may be a secret. */
export interface Violation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Checks a value against a JSON Schema (draft 2020-12) with local `$ref`s. Annotations are ignored (`format` is one);
 * what is not supported (`$dynamicRef`, `unevaluated…`) is refused, because to skip it would be to let everything pass.
 *
 * @throws SchemaError when the schema cannot be used
 */
export function violations(value: unknown, schema: unknown): readonly Violation[] {
  return new Validator(schema).check(value, schema, []);
}

/** What is wrong with a schema itself. */
export class SchemaError extends Error {}

type Keywords = Readonly<Record<string, unknown>>;
type Path = readonly PropertyKey[];
type Rule = (given: unknown, value: unknown, path: Path, schema: Keywords) => readonly Violation[];

const annotations = new Set(
  "$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly format".split(
    " ",
  ),
);
const maxDepth = 200;

class Validator {
  readonly #root: unknown;
  #depth = 0;

  constructor(root: unknown) {
    this.#root = root;
  }

  check(value: unknown, schema: unknown, path: Path): readonly Violation[] {
    if (schema === true) return [];
    if (schema === false) return [{ path, message: "may not be here" }];
    const keywords = mapOf(schema, "a schema");
    if (++this.#depth > maxDepth)
      throw new SchemaError(`$ref leads round in a circle, or deeper than ${maxDepth} levels`);
    const plain = value instanceof Secret ? value.reveal() : value;
    const found = Object.entries(keywords).flatMap(([keyword, given]) => {
      const rule = Object.hasOwn(this.#rules, keyword) ? this.#rules[keyword] : undefined;
      if (rule !== undefined) return rule(given, plain, path, keywords);
      if (annotations.has(keyword)) return [];
      throw new SchemaError(`the keyword "${keyword}" is not supported`);
    });
    this.#depth--;
    // A value of the wrong type breaks every other rule too; that is one cause.
    const [wrongType] = found.filter((one) => one.path === path && one.message.startsWith("must be of type"));
    return wrongType === undefined ? found : [wrongType];
  }

  readonly #rules: Readonly<Record<string, Rule>> = {
    type: (given, value, path) => {
      const types = [given].flat().map(String);
      const fits = types.some(
        (type) => type === typeOf(value) || (type === "number" && typeOf(value) === "integer"),
      );
      return said(fits, path, `must be of type ${types.join(" or ")}, found ${typeOf(value)}`);
    },
    enum: (given, value, path) => {
      const all = listOf(given, "enum");
      const shown = all.map((one) => JSON.stringify(one)).join(", ");
      return said(
        all.some((one) => isDeepStrictEqual(one, value)),
        path,
        `must be one of ${shown}`,
      );
    },
    const: (given, value, path) =>
      said(isDeepStrictEqual(given, value), path, `must be ${JSON.stringify(given)}`),
    minimum: bound("number", (value, limit) => value >= limit, "must be at least"),
    maximum: bound("number", (value, limit) => value <= limit, "must be at most"),
    exclusiveMinimum: bound("number", (value, limit) => value > limit, "must be more than"),
    exclusiveMaximum: bound("number", (value, limit) => value < limit, "must be less than"),
    multipleOf: bound("number", isMultiple, "must be a multiple of"),
    minLength: bound("text", (value, limit) => value >= limit, "must be at least this many characters long:"),
    maxLength: bound("text", (value, limit) => value <= limit, "must be at most this many characters long:"),
    minItems: bound("list", (value, limit) => value >= limit, "must have at least this many items:"),
    maxItems: bound("list", (value, limit) => value <= limit, "must have at most this many items:"),
    minProperties: bound("map", (value, limit) => value >= limit, "must have at least this many keys:"),
    maxProperties: bound("map", (value, limit) => value <= limit, "must have at most this many keys:"),
    uniqueItems: (given, value, path) =>
      said(given !== true || !Array.isArray(value) || isUnique(value), path, "must not have an item twice"),
    pattern: (given, value, path) => {
      const pattern = regularExpression(given);
      return said(typeof value !== "string" || pattern.test(value), path, `must match ${pattern.source}`);
    },
    properties: (given, value, path) =>
      Object.entries(mapOf(given, "properties")).flatMap(([key, schema]) =>
        isMap(value) && Object.hasOwn(value, key) ? this.check(value[key], schema, [...path, key]) : [],
      ),
    required: (given, value, path) =>
      listOf(given, "required").flatMap((key) =>
        said(
          !isMap(value) || Object.hasOwn(value, String(key)),
          [...path, String(key)],
          "is required and has no value",
        ),
      ),
    additionalProperties: (given, value, path, schema) => {
      const known = mapOf(schema.properties ?? {}, "properties");
      const patterns = Object.keys(mapOf(schema.patternProperties ?? {}, "patternProperties"));
      const shapes = patterns.map(regularExpression);
      const isOther = (key: string): boolean =>
        !Object.hasOwn(known, key) && !shapes.some((shape) => shape.test(key));
      return keysOf(value)
        .filter(isOther)
        .flatMap((key) =>
          given === false
            ? [{ path: [...path, key], message: "is no key of this configuration" }]
            : this.check(isMap(value) ? value[key] : undefined, given, [...path, key]),
        );
    },
    patternProperties: (given, value, path) =>
      Object.entries(mapOf(given, "patternProperties")).flatMap(([pattern, schema]) =>
        keysOf(value)
          .filter((key) => regularExpression(pattern).test(key))
          .flatMap((key) => this.check(isMap(value) ? value[key] : undefined, schema, [...path, key])),
      ),
    propertyNames: (given, value, path) =>
      keysOf(value)
        .filter((key) => this.check(key, given, []).length > 0)
        .map((key) => ({ path: [...path, key], message: "has a name that is not allowed" })),
    dependentRequired: (given, value, path) =>
      Object.entries(mapOf(given, "dependentRequired"))
        .filter(([key]) => isMap(value) && Object.hasOwn(value, key))
        .flatMap(([key, needed]) =>
          listOf(needed, "dependentRequired").flatMap((other) =>
            said(
              isMap(value) && Object.hasOwn(value, String(other)),
              [...path, String(other)],
              `is required beside ${key} and has no value`,
            ),
          ),
        ),
    dependentSchemas: (given, value, path) =>
      Object.entries(mapOf(given, "dependentSchemas")).flatMap(([key, schema]) =>
        isMap(value) && Object.hasOwn(value, key) ? this.check(value, schema, path) : [],
      ),
    prefixItems: (given, value, path) =>
      listOf(given, "prefixItems").flatMap((schema, index) =>
        Array.isArray(value) && index < value.length
          ? this.check(value[index], schema, [...path, index])
          : [],
      ),
    items: (given, value, path, schema) => {
      const first = listOf(schema.prefixItems ?? [], "prefixItems").length;
      if (!Array.isArray(value)) return [];
      return value.flatMap((one, index) => (index < first ? [] : this.check(one, given, [...path, index])));
    },
    contains: (given, value, path, schema) => {
      if (!Array.isArray(value)) return [];
      const count = value.filter((one) => this.check(one, given, path).length === 0).length;
      const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = schema;
      const fits = count >= Number(minContains) && count <= Number(maxContains);
      return said(fits, path, `has ${count} items of the form that is asked for`);
    },
    // What they bound is counted by contains.
    minContains: () => [],
    maxContains: () => [],
    if: (given, value, path, schema) => {
      const branch = this.check(value, given, path).length === 0 ? schema.then : schema.else;
      return branch === undefined ? [] : this.check(value, branch, path);
    },
    // What they say counts where their `if` says so.
    // biome-ignore lint/suspicious/noThenProperty: it is a keyword of JSON Schema
    then: () => [],
    else: () => [],
    allOf: (given, value, path) => listOf(given, "allOf").flatMap((one) => this.check(value, one, path)),
    anyOf: (given, value, path) => {
      const forms = listOf(given, "anyOf").map((one) => this.check(value, one, path));
      return forms.some((one) => one.length === 0) ? [] : nearest(forms, path);
    },
    oneOf: (given, value, path) => {
      const forms = listOf(given, "oneOf").map((one) => this.check(value, one, path));
      const fitting = forms.filter((one) => one.length === 0).length;
      if (fitting === 0) return nearest(forms, path);
      return said(fitting === 1, path, `fits ${fitting} forms, only one may fit`);
    },
    not: (given, value, path) =>
      said(this.check(value, given, path).length > 0, path, "has a form that is excluded"),
    $ref: (given, value, path) => this.check(value, this.#resolve(given), path),
  };

  /** RFC 6901, in this file only. */
  #resolve(reference: unknown): unknown {
    if (typeof reference !== "string" || !/^#(\/|$)/.test(reference))
      throw new SchemaError(`$ref ${JSON.stringify(reference)} leaves the file; only #/… is supported`);
    let at: unknown = this.#root;
    for (const step of reference.split("/").slice(1)) {
      const key = decoded(step).replaceAll("~1", "/").replaceAll("~0", "~");
      at = isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
    }
    if (at === undefined) throw new SchemaError(`$ref ${reference} leads nowhere`);
    return at;
  }
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    throw new SchemaError(`$ref holds ${JSON.stringify(step)}, which is not encoded as an address`);
  }
}

/** Of several forms none of which fits, what is wrong with the one that comes nearest. */
function nearest(forms: readonly (readonly Violation[])[], path: Path): readonly Violation[] {
  const deepest = forms.filter((form) => form.some((one) => one.path.length > path.length));
  const [only] = deepest;
  return deepest.length === 1 && only !== undefined
    ? only
    : [{ path, message: "has none of the allowed forms" }];
}

function said(fine: boolean, path: Path, message: string): readonly Violation[] {
  return fine ? [] : [{ path, message }];
}

type Sized = "number" | "text" | "list" | "map";

/** A rule on the size of one kind of value; values of other kinds are not its business. */
function bound(kind: Sized, fits: (size: number, limit: number) => boolean, words: string): Rule {
  return (given, value, path) => {
    if (typeof given !== "number") throw new SchemaError("a bound must be a number");
    const size = sizeOf(kind, value);
    return said(size === undefined || fits(size, given), path, `${words} ${given}`);
  };
}

function sizeOf(kind: Sized, value: unknown): number | undefined {
  if (kind === "number") return typeof value === "number" ? value : undefined;
  if (kind === "list") return Array.isArray(value) ? value.length : undefined;
  if (kind === "map") return isMap(value) ? Object.keys(value).length : undefined;
  // Characters, not UTF-16 units.
  return typeof value === "string" ? [...value].length : undefined;
}

/** 0.3 is a multiple of 0.1, whatever binary fractions say. */
function isMultiple(value: number, step: number): boolean {
  const times = value / step;
  return Math.abs(times - Math.round(times)) <= Math.abs(times) * Number.EPSILON * 4;
}

function isUnique(items: readonly unknown[]): boolean {
  return new Set(items.map((one) => JSON.stringify(sorted(one)))).size === items.length;
}

/** The same value with the keys of every map in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Secret) return sorted(value.reveal());
  if (!isMap(value)) return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, one]) => [key, sorted(one)])
    .concat([["map"]]);
}

function keysOf(value: unknown): readonly string[] {
  return isMap(value) ? Object.keys(value) : [];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (Number.isInteger(value)) return "integer";
  return typeof value;
}

function isMap(value: unknown): value is Keywords {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function mapOf(value: unknown, what: string): Keywords {
  if (isMap(value)) return value;
  throw new SchemaError(`${what} must be a map`);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new SchemaError(`${what} must be a list`);
}

function regularExpression(source: unknown): RegExp {
  try {
    return new RegExp(String(source), "u");
  } catch {
    throw new SchemaError(`pattern ${JSON.stringify(source)} is no regular expression`);
  }
}
