import { keyText } from "../value/slot.ts";

/** Comments of a value, without their `#`: on lines above its key, and behind it. */
export interface Notes {
  readonly above?: string | undefined;
  readonly behind?: string | undefined;
}

/** What may be written: plain data, as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

/**
 * Writes plain data as a text of the language, in its one style; reading it gives the same data.
 *
 * @param notes comments by path; default none
 * @example writeDocument({ port: 80, name: "a" }) // '#!tusker 1\nport: 80\nname: "a"\n'
 */
export function writeDocument(
  data: { readonly [key: string]: Plain },
  notes: (path: readonly PropertyKey[]) => Notes = () => ({}),
): string {
  return [strict, ...new Writer(notes).items(data, [])].join("");
}

// The first line says that nothing in it is of an older style: data is never evaluated, whatever it looks like.
const strict = "#!tusker 1\n";

/** Lists of scalars up to this width stand on one line. */
const listWidth = 90;

class Writer {
  readonly #notes: (path: readonly PropertyKey[]) => Notes;

  constructor(notes: (path: readonly PropertyKey[]) => Notes) {
    this.#notes = notes;
  }

  /** The lines of the entries of a map. */
  items(map: { readonly [key: string]: Plain }, path: readonly PropertyKey[]): readonly string[] {
    return Object.entries(map).flatMap(([key, value]) =>
      this.#line(`${keyText(key).replaceAll("${", "\\${")}: `, value, [...path, key]),
    );
  }

  /** The lines of one value behind its key, or of an element. */
  #line(head: string, value: Plain, path: readonly PropertyKey[]): readonly string[] {
    const indent = "  ".repeat(path.length - 1);
    const { above, behind } = this.#notes(path);
    const comments = (above?.split("\n") ?? []).map((line) => `${indent}${comment(line)}\n`);
    const note = behind === undefined ? "" : ` ${comment(behind.replaceAll("\n", " "))}`;
    const inside = this.#inside(value, path);
    if (inside === undefined) return [...comments, `${indent}${head}${oneLine(value)}${note}\n`];
    const [open, close] = Array.isArray(value) ? "[]" : "{}";
    return [...comments, `${indent}${head}${open}${note}\n`, ...inside, `${indent}${close}\n`];
  }

  /** The lines inside a map or list that needs several; undefined for what stands on one. */
  #inside(value: Plain, path: readonly PropertyKey[]): readonly string[] | undefined {
    if (isList(value)) {
      const plain = value.every((one, index) => isScalar(one) && !this.#hasNotes([...path, index]));
      if (plain && oneLine(value).length <= listWidth) return undefined;
      return value.flatMap((one, index) => this.#line("", one, [...path, index]));
    }
    if (isScalar(value) || Object.keys(value).length === 0) return undefined;
    return this.items(value, path);
  }

  #hasNotes(path: readonly PropertyKey[]): boolean {
    const { above, behind } = this.#notes(path);
    return above !== undefined || behind !== undefined;
  }
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

function isScalar(value: Plain): value is null | boolean | number | string {
  return typeof value !== "object" || value === null;
}

function oneLine(value: Plain): string {
  if (isList(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value === "object" && value !== null) return "{}";
  return JSON.stringify(value).replaceAll("${", "\\${");
}

function comment(line: string): string {
  const text = line.trim();
  return text === "" ? "#" : `# ${text}`;
}
