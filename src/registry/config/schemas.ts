import { TuskerError } from "../../kernel/index.ts";
import type { KvDraft } from "../kv/draft.ts";
import type { compileSchema } from "./json-schema.ts";

/** Below this, under the beginning of the keys it is for, lies a JSON Schema. */
export const schemaFolder = "tusker/schema/";

/** What stands against a value. */
export interface SchemaProblem {
  readonly key: string;
  readonly message: string;
}

let compile: typeof compileSchema | undefined;

/**
 * Loads what compiles schemas: a tenth of a registry's memory, for which most have no use. Whoever may bring a schema
 * waits for it before it drafts anything, so that it is there as long as a schema is.
 */
export async function loadSchemas(): Promise<void> {
  compile ??= (await import("./json-schema.ts")).compileSchema;
}

/** True for keys that are schemas. */
export function isSchemaKey(key: string): boolean {
  return key.startsWith(schemaFolder);
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
  if (compile === undefined) throw new TuskerError("KERNEL_INTERNAL", "a schema came before its compiler");
  const check = compile(schema.text);
  if (typeof check === "string") return [{ key: schema.key, message: check }];
  const whole: Tree = new Map();
  for (const row of draft.under(prefix)) {
    const message = place(whole, row.key.slice(prefix.length), decoded(row.value));
    if (message !== undefined) return [{ key: row.key, message }];
  }
  return check(toObject(whole)).map(({ path, message }) => ({ key: `${prefix}${path.join("/")}`, message }));
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
