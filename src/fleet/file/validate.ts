import { isDeepStrictEqual } from "node:util";
import { Secret } from "../../kernel/index.ts";

/** One way in which a value is not what a schema asks for. No message holds a value: it may be a secret. */
export interface Violation {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * Checks a value against a JSON Schema (draft 2020-12): `type`, `enum`, `const`, the bounds of numbers, texts, lists and
 * maps, `pattern`, `properties`, `required`, `additionalProperties`, `items`, `anyOf`, `oneOf`, `allOf`, `not` and local
 * `$ref`. Annotations are ignored; any other keyword is refused, because to skip it would be to let everything pass.
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
    minLength: bound("text", (value, limit) => value >= limit, "must be at least this many characters long:"),
    maxLength: bound("text", (value, limit) => value <= limit, "must be at most this many characters long:"),
    minItems: bound("list", (value, limit) => value >= limit, "must have at least this many items:"),
    maxItems: bound("list", (value, limit) => value <= limit, "must have at most this many items:"),
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
      const keys = isMap(value) ? Object.keys(value).filter((key) => !Object.hasOwn(known, key)) : [];
      return keys.flatMap((key) =>
        given === false
          ? [{ path: [...path, key], message: "is no key of this configuration" }]
          : this.check(isMap(value) ? value[key] : undefined, given, [...path, key]),
      );
    },
    items: (given, value, path) =>
      Array.isArray(value) ? value.flatMap((one, index) => this.check(one, given, [...path, index])) : [],
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

/** A rule on the size of one kind of value; values of other kinds are not its business. */
function bound(
  kind: "number" | "text" | "list",
  fits: (size: number, limit: number) => boolean,
  words: string,
): Rule {
  return (given, value, path) => {
    if (typeof given !== "number") throw new SchemaError("a bound must be a number");
    const size = sizeOf(kind, value);
    return said(size === undefined || fits(size, given), path, `${words} ${given}`);
  };
}

function sizeOf(kind: "number" | "text" | "list", value: unknown): number | undefined {
  if (kind === "number") return typeof value === "number" ? value : undefined;
  if (kind === "list") return Array.isArray(value) ? value.length : undefined;
  // Characters, not UTF-16 units.
  return typeof value === "string" ? [...value].length : undefined;
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
