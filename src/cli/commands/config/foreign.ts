import { extname } from "node:path";
import { messageOf, TuskerError } from "../../../kernel/index.ts";
import { limits, type Notes, type Plain, parse } from "../../../tsk/index.ts";

/** What a file of another format holds: plain data, and comments by path where they are kept. */
export interface Foreign {
  readonly data: { readonly [key: string]: Plain };
  readonly notes?: ((path: readonly PropertyKey[]) => Notes) | undefined;
}

/** True of a name that ends as a format does that can be read. */
export function isForeign(file: string): boolean {
  return readers[extname(file).toLowerCase()] !== undefined;
}

/**
 * Reads YAML, TOML or JSON, by the name of the file. Nothing is made into something else: what plain data does not have
 * is refused with its path.
 *
 * @throws TuskerError FLEET_INVALID
 */
export async function readForeign(file: string, bytes: Uint8Array): Promise<Foreign> {
  const read = readers[extname(file).toLowerCase()];
  let found: Read | undefined;
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    found = await read?.(text);
  } catch (error) {
    // A parser that calls itself for what is nested ends here when that is too deep.
    const why = /call stack/.test(messageOf(error)) ? tooDeep : whyOf(error, text);
    // Without the cause: readers quote the lines they cannot read, and there may be secrets on them.
    throw new TuskerError("FLEET_INVALID", `${file}: ${why}`);
  }
  const data = plainOf(found?.data, []);
  if (typeof data !== "object" || data === null || isList(data))
    throw new TuskerError("FLEET_INVALID", `${file} holds no map; a document is a map`);
  return { data, notes: found?.notes };

  function plainOf(value: unknown, path: readonly string[]): Plain {
    if (path.length > limits.nesting + 1) throw new TuskerError("FLEET_INVALID", `${file}: ${tooDeep}`);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "bigint" && BigInt(Number(value)) === value) return Number(value);
    if (value instanceof Date) return value.toISOString();
    if (Array.isArray(value)) return value.map((one, index) => plainOf(one, [...path, String(index)]));
    if (isPlainMap(value)) {
      const entries = Object.entries(value);
      return Object.fromEntries(entries.map(([key, one]) => [key, plainOf(one, [...path, key])]));
    }
    throw new TuskerError("FLEET_INVALID", `${file}: ${path.join(".")} is ${nameOf(value)}`);
  }
}

/** What a reader says and where, without the text that it read. */
function whyOf(error: unknown, text: string): string {
  if (error instanceof SyntaxError) {
    const [line, column] = /\(line (\d+) column (\d+)\)/.exec(error.message)?.slice(1) ?? placeOf(text);
    return line === undefined ? "it is no JSON" : `it is no JSON from line ${line}, column ${column} on`;
  }
  const [sentence = ""] = messageOf(error).split("\n", 1);
  const at = (key: string): unknown =>
    typeof error === "object" && error !== null ? Reflect.get(error, key) : undefined;
  const [line, column] = [at("line"), at("column")];
  const place =
    typeof line === "number" && typeof column === "number" ? ` at line ${line}, column ${column}` : "";
  return `${sentence.replace(/:$/, "")}${place}`;
}

/** JSON is a part of the language, which may know where it ends to be some. */
function placeOf(text: string): readonly string[] {
  const [first] = parse(text).diagnostics;
  return first === undefined ? [] : [String(first.line), String(first.column)];
}

const tooDeep = `nested deeper than ${limits.nesting}, or holds itself`;

interface Read {
  readonly data: unknown;
  readonly notes?: Foreign["notes"];
}

const readers: Readonly<Record<string, (text: string) => Promise<Read>>> = {
  ".json": async (text) => ({ data: JSON.parse(text, exactly) }),
  ".yaml": fromYaml,
  ".yml": fromYaml,
  ".toml": async (text) => {
    const { parse } = await import("smol-toml");
    return { data: parse(text) };
  },
};

/** A whole number as it is written, where a float would be another one. */
function exactly(_key: string, value: unknown, written?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(written?.source ?? "") ? BigInt(written?.source ?? 0) : value;
}

/** The core schema of YAML 1.2; aliases and merge keys are written out. */
async function fromYaml(text: string): Promise<Read> {
  const { isMap, isNode, isPair, isScalar, isSeq, parseDocument } = await import("yaml");
  const document = parseDocument(text, { merge: true, intAsBigInt: true, logLevel: "error" });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem?.code === "MULTIPLE_DOCS")
    throw new Error(
      `another document begins on line ${problem.linePos?.[0].line}; give each a file of its own`,
    );
  if (problem !== undefined) throw problem;
  const notes = new Map<string, Notes>();
  const visit = (node: unknown, path: readonly PropertyKey[], above: string | undefined): void => {
    notes.set(JSON.stringify(path), {
      above,
      behind: isScalar(node) ? (node.comment ?? undefined) : undefined,
    });
    if (!isMap(node) && !isSeq(node)) return;
    const keys = new Set<string>();
    for (const [index, item] of node.items.entries()) {
      // What stands above a whole map or list goes to its first entry.
      const outer = index === 0 ? node.commentBefore : undefined;
      if (isPair(item)) {
        const key = keyOf(isScalar(item.key) ? item.key.value : item.key, path);
        if (keys.has(key))
          throw new Error(`${[...path, key].join(".")} is there twice, as different kinds of key`);
        if (key !== "<<") keys.add(key);
        const before = isNode(item.key) ? item.key.commentBefore : undefined;
        visit(item.value, [...path, key], joined(outer, before));
      } else visit(item, [...path, index], joined(outer, isScalar(item) ? item.commentBefore : undefined));
    }
  };
  const top = document.commentBefore;
  const { contents } = document;
  if (isNode(contents)) contents.commentBefore = joined(top, contents.commentBefore) ?? null;
  visit(contents, [], undefined);
  return { data: document.toJS(), notes: (path) => notes.get(JSON.stringify(path)) ?? {} };
}

/** Keys are text: a number or a boolean is written as one, everything else has no text of its own. */
function keyOf(key: unknown, path: readonly PropertyKey[]): string {
  const kind = typeof key;
  if (kind === "string" || kind === "number" || kind === "bigint" || kind === "boolean") return String(key);
  // A merge key is a symbol to some versions of the parser.
  if (kind === "symbol") return "<<";
  const where = path.length === 0 ? "the document" : path.join(".");
  throw new Error(
    `${where} has a key that is ${key === null ? "null" : "a list or a map"}, and keys are text`,
  );
}

function joined(one: string | null | undefined, other: string | null | undefined): string | undefined {
  const both = [one, other].filter((text) => typeof text === "string");
  return both.length === 0 ? undefined : both.join("\n");
}

/** What the language has no value for. Sets and bytes have no keys: they would become empty maps, or maps of numbers. */
function nameOf(value: unknown): string {
  if (typeof value === "bigint") return `${value}, which no number is exactly; write it as text`;
  const found = typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
  return `${found}, which the language does not have`;
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}
