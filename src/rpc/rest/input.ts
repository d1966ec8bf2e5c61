import { TuskerError } from "../../kernel/index.ts";
import { hasBody, type Method } from "../contract.ts";
import { type JsonSchema, resolveRef } from "../schema.ts";

type Fields = Record<string, unknown>;

/**
 * The input of a call out of the parts of a request: query, then body, then path, the later winning. Text from path
 * and query becomes what the schema says it is; what does not fit stays text, for the validation to name.
 */
export function readInput(
  method: Method,
  params: Readonly<Record<string, string>>,
  query: string,
  body: unknown,
): Fields {
  const input: Fields = {};
  const properties = resolveRef(method.input, method.input).properties ?? {};
  const schemaOf = (name: string): JsonSchema =>
    (Object.hasOwn(properties, name) ? properties[name] : undefined) ?? {};
  for (const [name, values] of readQuery(query)) {
    define(input, name, fromTexts(values, schemaOf(name), method.input));
  }
  if (typeof body === "object" && body !== null) {
    for (const [name, value] of Object.entries(body)) define(input, name, value);
  }
  for (const [name, text] of Object.entries(params))
    define(input, name, fromText(text, schemaOf(name), method.input));
  return input;
}

/**
 * Reads a JSON body; an absent one is an empty object.
 *
 * @throws TuskerError RPC_INVALID_INPUT when it is not a JSON object
 */
export function readBody(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch {
    throw notAnObject("the body is not JSON in UTF-8");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw notAnObject("the body must be a JSON object");
  }
  return value;
}

/** Splits an input into what goes into the query and what into the body; path parameters are in neither. */
export function splitInput(
  method: Method,
  input: Readonly<Record<string, unknown>>,
): { query: string; body: string | undefined } {
  const rest = Object.entries(input).filter(
    ([name, value]) => value !== undefined && !method.path.params.includes(name),
  );
  if (hasBody(method.verb)) return { query: "", body: JSON.stringify(Object.fromEntries(rest)) };
  const query = new URLSearchParams();
  for (const [name, value] of rest) {
    // A list in a query is its name repeated; null has no text and is left out.
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null) query.append(name, String(one));
  }
  return { query: query.size === 0 ? "" : `?${query}`, body: undefined };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function notAnObject(message: string): TuskerError {
  return new TuskerError("RPC_INVALID_INPUT", message, { details: { problems: [{ path: "", message }] } });
}

function readQuery(query: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const list = values.get(name);
    if (list === undefined) values.set(name, [value]);
    else list.push(value);
  }
  return values;
}

function fromTexts(texts: readonly string[], schema: JsonSchema, root: JsonSchema): unknown {
  const resolved = resolveRef(schema, root);
  const list = [resolved, ...(resolved.anyOf ?? [])].find((one) => one.type === "array");
  if (list !== undefined) return texts.map((text) => fromText(text, list.items ?? {}, root));
  const [only] = texts;
  // Repeated where one value belongs: passed on as a list, so that validation refuses it instead of us choosing.
  return texts.length === 1 && only !== undefined ? fromText(only, resolved, root) : texts;
}

/** The value a text stands for in a schema, or the text itself. */
function fromText(text: string, schema: JsonSchema, root: JsonSchema): unknown {
  const types = typesOf(schema, root);
  if (types.has("string")) return text;
  if ((types.has("number") || types.has("integer")) && /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) {
    return Number(text);
  }
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  return text;
}

function typesOf(schema: JsonSchema, root: JsonSchema): ReadonlySet<string> {
  const { type, anyOf, oneOf, enum: values, const: constant } = resolveRef(schema, root);
  const types = new Set(typeof type === "string" ? [type] : type);
  for (const value of [...(values ?? []), ...(constant === undefined ? [] : [constant])])
    types.add(typeof value);
  for (const branch of [...(anyOf ?? []), ...(oneOf ?? [])])
    for (const one of typesOf(branch, root)) types.add(one);
  return types;
}

/** A field of a request may be called `__proto__`: it must become a plain property and nothing else. */
function define(fields: Fields, name: string, value: unknown): void {
  Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}
