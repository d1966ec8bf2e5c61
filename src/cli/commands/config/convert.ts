import { writeFileSync } from "node:fs";
import { extname, resolve } from "node:path";
import { readFile } from "../../../fleet/index.ts";
import { messageOf, TuskerError } from "../../../kernel/index.ts";
import { type Notes, type Plain, parse, writeDocument } from "../../../tsk/index.ts";
import type { Run } from "../../command.ts";

/** Writes a YAML, TOML or JSON file as one of the language, with the same values; YAML keeps its comments. */
export const run: Run = async (args, io) => {
  const [file] = args.positionals;
  const read = readers[extname(file ?? "").toLowerCase()];
  if (file === undefined || read === undefined)
    throw new TuskerError("CLI_USAGE", "convert needs a file that ends in .yaml, .yml, .toml or .json");
  const bytes = readFile(resolve(io.cwd, file));
  if (bytes === undefined) throw new TuskerError("FLEET_FILE_MISSING", `there is no file ${file}`);
  let converted: Converted;
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    converted = await read(text);
  } catch (error) {
    if (error instanceof TuskerError) throw error;
    // Without the cause: readers quote the lines they cannot read, and there may be secrets on them.
    throw new TuskerError("FLEET_INVALID", `${file}: ${whyOf(error, text)}`);
  }
  const data = plainOf(converted.data, []);
  if (typeof data !== "object" || data === null || isList(data))
    throw new TuskerError("FLEET_INVALID", `${file} holds no map; a document is a map`);
  const written = writeDocument(data, converted.notes);
  const out = args.text("out");
  if (out !== undefined) writeFileSync(resolve(io.cwd, out), written);
  if (args.flag("json"))
    io.out(`${JSON.stringify({ file, ...(out === undefined ? { text: written } : { out }) })}\n`);
  else if (out === undefined) io.out(written);
  return 0;
};

interface Converted {
  readonly data: unknown;
  readonly notes?: (path: readonly PropertyKey[]) => Notes;
}

/** What a reader says, without the text that it read. */
function whyOf(error: unknown, text: string): string {
  if (error instanceof SyntaxError) {
    const [line, column] = /\(line (\d+) column (\d+)\)/.exec(error.message)?.slice(1) ?? placeOf(text);
    return line === undefined ? "it is no JSON" : `it is no JSON from line ${line}, column ${column} on`;
  }
  const [sentence = ""] = messageOf(error).split("\n", 1);
  const at =
    typeof error === "object" && error !== null
      ? [Reflect.get(error, "line"), Reflect.get(error, "column")]
      : [];
  const place =
    typeof at[0] === "number" && typeof at[1] === "number" ? ` at line ${at[0]}, column ${at[1]}` : "";
  return `${sentence.replace(/:$/, "")}${place}`;
}

/** JSON is a part of the language, which may know where it ends to be some. */
function placeOf(text: string): readonly string[] {
  const [first] = parse(text).diagnostics;
  return first === undefined ? [] : [String(first.line), String(first.column)];
}

const readers: Readonly<Record<string, (text: string) => Promise<Converted>>> = {
  ".json": async (text) => ({ data: JSON.parse(text) }),
  ".yaml": fromYaml,
  ".yml": fromYaml,
  ".toml": async (text) => {
    const { parse } = await import("smol-toml");
    return { data: parse(text) };
  },
};

/** The core schema of YAML 1.2; aliases and merge keys are written out. */
async function fromYaml(text: string): Promise<Converted> {
  const { isMap, isNode, isPair, isScalar, isSeq, parseDocument } = await import("yaml");
  const document = parseDocument(text, { merge: true });
  const [error] = document.errors;
  if (error !== undefined) throw error;
  const notes = new Map<string, Notes>();
  const visit = (node: unknown, path: readonly PropertyKey[], above: string | undefined): void => {
    notes.set(JSON.stringify(path), {
      above,
      behind: isScalar(node) ? (node.comment ?? undefined) : undefined,
    });
    if (!isMap(node) && !isSeq(node)) return;
    for (const [index, item] of node.items.entries()) {
      // What stands above a whole map or list goes to its first entry.
      const outer = index === 0 ? node.commentBefore : undefined;
      if (isPair(item)) {
        const key = isScalar(item.key) ? item.key.value : item.key;
        visit(
          item.value,
          [...path, String(key)],
          joined(outer, isNode(item.key) ? item.key.commentBefore : undefined),
        );
      } else visit(item, [...path, index], joined(outer, isScalar(item) ? item.commentBefore : undefined));
    }
  };
  const top = document.commentBefore;
  const { contents } = document;
  if (isNode(contents)) contents.commentBefore = joined(top, contents.commentBefore) ?? null;
  visit(contents, [], undefined);
  return { data: document.toJS(), notes: (path) => notes.get(JSON.stringify(path)) ?? {} };
}

function joined(one: string | null | undefined, other: string | null | undefined): string | undefined {
  const both = [one, other].filter((text) => typeof text === "string");
  return both.length === 0 ? undefined : both.join("\n");
}

/**
 * Data as JSON has it; dates become text.
 *
 * @throws TuskerError FLEET_INVALID for what JSON does not have
 */
function plainOf(value: unknown, path: readonly string[]): Plain {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one, index) => plainOf(one, [...path, String(index)]));
  if (isPlainMap(value))
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainOf(one, [...path, key])]));
  // Sets and bytes have no keys of their own: they would become empty maps, or maps of numbers.
  const found = typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
  throw new TuskerError("FLEET_INVALID", `${path.join(".")} is ${found}, which the language does not have`);
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}
