/** Plain data, as JSON has it. */
export type YamlValue =
  | string
  | number
  | boolean
  | null
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

/** Writes plain data as YAML 1.2 in block style. Reading it back gives the same data, in YAML 1.1 readers too. */
export function toYaml(value: YamlValue): string {
  if (isBlock(value)) return `${block(value, "").join("\n")}\n`;
  return `${scalar(value)}\n`;
}

type Block = readonly YamlValue[] | { readonly [key: string]: YamlValue };

function block(value: Block, indent: string): string[] {
  if (isList(value)) return value.flatMap((item) => entry(`${indent}-`, item, `${indent}  `));
  return Object.entries(value).flatMap(([key, inner]) =>
    entry(`${indent}${text(key)}:`, inner, `${indent}  `),
  );
}

/** What follows `key:` or `-`: on the same line, or below and further in. */
function entry(head: string, value: YamlValue, indent: string): string[] {
  if (isBlock(value)) {
    const lines = block(value, indent);
    // A list item's first line stands beside its dash.
    if (head.endsWith("-")) return [`${head} ${lines[0]?.trimStart() ?? ""}`, ...lines.slice(1)];
    return [head, ...lines];
  }
  if (typeof value === "string" && fitsBlock(value)) {
    const body = value.endsWith("\n") ? value.slice(0, -1) : value;
    const lines = body.split("\n").map((line) => (line === "" ? "" : `${indent}${line}`));
    return [`${head} ${value.endsWith("\n") ? "|" : "|-"}`, ...lines];
  }
  return [`${head} ${scalar(value)}`];
}

function scalar(value: YamlValue): string {
  if (typeof value === "string") return text(value);
  if (typeof value === "number" && !Number.isFinite(value)) return "null";
  // Empty collections have no block form; everything else here prints as JSON does.
  return JSON.stringify(value);
}

/**
 * Only a text that no version of YAML takes for anything else goes without quotes: YAML 1.1 readers see booleans in
 * `no` and `on`, numbers in `1_000`, `22:22` and even `e5`, dates in `2026-01-01`.
 */
function text(value: string): string {
  return bare.test(value) && !words.has(value.toLowerCase()) && !exponent.test(value) ? value : quoted(value);
}

const bare = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
/** YAML 1.1 (float, scientific form) lets the digits before the exponent away. */
const exponent = /^[eE][0-9]+$/;
const words = new Set(["true", "false", "yes", "no", "on", "off", "y", "n", "null"]);

/** A JSON string is a double-quoted YAML scalar once characters that YAML does not print are escaped (§5.1). */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Several lines of printable text whose indentation and end a literal block keeps exactly (§8.1). */
function fitsBlock(value: string): boolean {
  return /^[!-~][ -~]*(\n[ -~]*)+$/.test(value) && !value.endsWith("\n\n") && !/[ ]\n|[ ]$/.test(value);
}

function isBlock(value: YamlValue): value is Block {
  if (typeof value !== "object" || value === null) return false;
  return isList(value) ? value.length > 0 : Object.keys(value).length > 0;
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}
