import { createRequire } from "node:module";
import { messageOf, systemCode } from "../../kernel/index.ts";
import type { DataFormat, Refusal } from "../../tsk/index.ts";

const ours = createRequire(import.meta.url);

type Read = (text: string) => unknown;

const packages = { YAML: "yaml", TOML: "smol-toml" } as const;

/**
 * The reader of a format. Its package is an optional dependency: loaded when a file first needs it, and when it is not
 * installed the refusal says how to get it.
 *
 * @param load finds a package by its name; default: as this module would
 */
export function dataReader(format: DataFormat, load: (name: string) => unknown = ours): Read | Refusal {
  const name = packages[format];
  try {
    const parse = functionOf(load(name), "parse");
    // The core schema of YAML 1.2, aliases written out but not without end; TOML's dates print as they were written.
    return format === "YAML"
      ? (text) => parse(text, { merge: true, maxAliasCount: 100, logLevel: "error" })
      : (text) => withDatesAsText(parse(text));
  } catch (error) {
    const missing = systemCode(error) === "MODULE_NOT_FOUND";
    const why = missing ? "which is not installed" : `which cannot be loaded: ${messageOf(error)}`;
    return {
      code: "TSK_UNAVAILABLE",
      message: `${format} is read by the package ${name}, ${why}`,
      help: `npm install ${name}`,
    };
  }
}

function functionOf(module: unknown, name: string): (text: string, options?: object) => unknown {
  const found: unknown =
    typeof module === "object" && module !== null ? Reflect.get(module, name) : undefined;
  if (typeof found !== "function") throw new TypeError(`it has no function ${name}`);
  return (text, options) => found(text, options);
}

function withDatesAsText(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(withDatesAsText);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withDatesAsText(one)]));
}
