import { z } from "zod";
import { messageOf } from "../../kernel/index.ts";
import type { KvDraft } from "../kv/draft.ts";

/** Below this, under the beginning of the keys it is for, lies a JSON Schema. */
export const schemaFolder = "tusker/schema/";

/** What stands against a value. */
export interface SchemaProblem {
  readonly key: string;
  readonly message: string;
}

/**
 * What stands against the keys as the draft would leave them. A schema is for all keys below its prefix together, as
 * one object: `config/users/` with `pool/size` = 5 and `name` = "x" is `{ pool: { size: 5 }, name: "x" }`. Values are
 * JSON; what is no JSON is text. A change of the schema is held against the keys that are there.
 */
export function schemaProblems(draft: KvDraft): SchemaProblem[] {
  const schemas = draft.under(schemaFolder);
  if (schemas.length === 0) return [];
  const changed = draft.changedKeys();
  return schemas.flatMap(({ key, value }) => {
    const prefix = key.slice(schemaFolder.length);
    if (!changed.some((one) => one === key || one.startsWith(prefix))) return [];
    return problemsUnder(draft, prefix, { key, text: decoded(value) });
  });
}

function problemsUnder(
  draft: KvDraft,
  prefix: string,
  schema: { readonly key: string; readonly text: string },
): SchemaProblem[] {
  const check = compile(schema.text);
  if (typeof check === "string") return [{ key: schema.key, message: check }];
  const whole: Tree = new Map();
  for (const row of draft.under(prefix)) {
    const message = place(whole, row.key.slice(prefix.length), decoded(row.value));
    if (message !== undefined) return [{ key: row.key, message }];
  }
  const result = check.safeParse(toObject(whole));
  if (result.success) return [];
  return result.error.issues.map(({ path, message }) => ({ key: `${prefix}${path.join("/")}`, message }));
}

const compiled = new Map<string, z.ZodType | string>();
const maxCompiled = 64;

/** The schema, or what is wrong with it. */
function compile(text: string): z.ZodType | string {
  const known = compiled.get(text);
  if (known !== undefined) return known;
  const made = tryCompile(text);
  compiled.set(text, made);
  const [oldest] = compiled.keys();
  if (compiled.size > maxCompiled && oldest !== undefined) compiled.delete(oldest);
  return made;
}

function tryCompile(text: string): z.ZodType | string {
  try {
    return z.fromJSONSchema(JSON.parse(text));
  } catch (error) {
    return `it is no JSON Schema that is understood here: ${messageOf(error)}`;
  }
}

type Tree = Map<string, unknown>;

/** Why it has no place; undefined: it has one now. */
function place(root: Tree, name: string, text: string): string | undefined {
  const clash = "it is a value and the folder of another one";
  const parts = name.split("/");
  // Validators pass it over, and what is passed over would be anything.
  if (parts.includes("__proto__")) return "no part of a key with a schema may be called __proto__";
  const last = parts.pop() ?? "";
  let folder = root;
  for (const part of parts) {
    const next = folder.get(part) ?? new Map<string, unknown>();
    if (!(next instanceof Map)) return clash;
    folder.set(part, next);
    folder = next;
  }
  if (folder.has(last)) return clash;
  folder.set(last, parsed(text));
  return undefined;
}

function toObject(tree: Tree): object {
  return Object.fromEntries(
    [...tree].map(([name, value]) => [name, value instanceof Map ? toObject(value) : value]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString();
}
