import { durationProblem, parseWireDuration } from "./duration.ts";
import { refusal } from "./refusal.ts";

/**
 * Request bodies, read the way clients of this wire expect: keys in any case, some also with underscores, null means
 * absent, an unknown key is an error that names it, durations are text or nanoseconds. Everything refused here says
 * `Request decode failed: …`, 400.
 */
export type Read<T> = (value: unknown, field: string) => T;

/** Reads one object whose keys are known. Keys of the table are the names as documented. */
export type Fields<Shape> = { readonly [K in keyof Shape]-?: Read<Shape[K]> };

const maxDepth = 32;

/** Parses a body, of a structure by this name in what is told of it. @throws TuskerError REGISTRY_INVALID, 400 */
export function decodeBody<T>(text: string, read: Read<T>, structure: string = ""): T {
  if (text.trim() === "") throw failed("EOF");
  return read(parse(text), structure);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // Clients tell a cut-off body from a malformed one by these two words.
    const message = cause instanceof Error ? cause.message : "";
    const at = /at position (\d+)/.exec(message)?.[1];
    const ranOut = at === undefined || Number(at) >= text.trimEnd().length;
    if (ranOut && cutOff(text)) throw failed("unexpected EOF", cause);
    throw failed(`invalid JSON: ${message}`, cause);
  }
}

/** True when brackets or quotes are still open at the end. */
function cutOff(text: string): boolean {
  let open = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") open++;
    else if (char === "}" || char === "]") open--;
  }
  return quoted || open > 0;
}

/**
 * An object with exactly these keys, each in any case; what is absent or null is read as undefined.
 *
 * @param aliases further spellings, in lower case, of keys of the table
 */
export function fields<Shape>(
  table: Fields<Shape>,
  aliases: Readonly<Record<string, keyof Shape & string>> = {},
  options: { readonly unknown?: "refused" | "ignored" } = {},
): Read<Partial<Shape>> {
  const byLowerCase = new Map<string, keyof Shape & string>(Object.entries(aliases));
  for (const key in table) byLowerCase.set(key.toLowerCase(), key);
  return (value, field) => {
    if (value === null) return {};
    const result: Partial<Shape> = {};
    for (const [key, inner] of entriesOf(value, field)) {
      const name = byLowerCase.get(key.toLowerCase());
      if (name === undefined) {
        if (options.unknown === "ignored") continue;
        throw failed(`json: unknown field "${key}"`);
      }
      if (inner !== null) result[name] = table[name](inner, `${field}.${name}`);
    }
    return result;
  };
}

/** Text; null in a list or a map is empty. */
export const text: Read<string> = (value, field) => {
  if (value === null) return "";
  return typeof value === "string" ? value : mismatch(value, field, "string");
};

/** A whole number. */
export const whole: Read<number> = (value, field) =>
  typeof value === "number" && Number.isSafeInteger(value) ? value : mismatch(value, field, "int");

/** A whole number that is not below 0. */
export const count: Read<number> = (value, field) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0
    ? value
    : mismatch(value, field, "uint64");

/** The one namespace there is: what was meant for another is not taken for it. */
export const onlyOne: Read<string> = (value, field) => {
  const written = text(value, field);
  if (written === "" || written === "default") return written;
  throw failed(`${field.slice(1)} "${written}" is not here: there is one, and it has no name`);
};

/** true or false. */
export const flag: Read<boolean> = (value, field) =>
  typeof value === "boolean" ? value : mismatch(value, field, "bool");

/** Milliseconds of a duration written as text or as nanoseconds. */
export const duration: Read<number> = (value, field) => {
  if (typeof value === "number") return value / 1e6;
  const written = text(value, field);
  const ms = parseWireDuration(written);
  if (ms === undefined) throw failed(durationProblem(written));
  return ms;
};

/** A list. */
export function list<T>(read: Read<T>): Read<T[]> {
  return (value, field) => {
    if (value === null) return [];
    if (!Array.isArray(value)) return mismatch(value, field, "[]string");
    return value.map((item: unknown) => read(item, field));
  };
}

/** Free keys. A key that means something to JavaScript means nothing here. */
export function record<T>(read: Read<T>): Read<Record<string, T>> {
  return (value, field) => {
    const result: [string, T][] = entriesOf(value, field).map(([key, inner]) => [key, read(inner, field)]);
    return Object.fromEntries(result);
  };
}

/** Anything, kept as it is, as long as it is not nested absurdly deep. */
export const anything: Read<unknown> = (value, field) => {
  if (depthOf(value) > maxDepth) throw failed(`${field} is nested too deeply`);
  return value;
};

function entriesOf(value: unknown, field: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return mismatch(value, field, "object");
  }
  return Object.entries(value);
}

function mismatch(value: unknown, field: string, wanted: string): never {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  // A number that is one, but not of the kind that is wanted.
  const found = kind === "number" && wanted.includes("int") ? `number ${String(value)}` : kind;
  const where = field === "" ? "value" : `struct field ${field}`;
  throw failed(`json: cannot unmarshal ${found} into Go ${where} of type ${wanted}`);
}

function failed(why: string, cause?: unknown): Error {
  return refusal(400, `Request decode failed: ${why}`, cause);
}

function depthOf(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (level.length > 0 && depth <= maxDepth) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
    depth++;
  }
  return depth;
}
