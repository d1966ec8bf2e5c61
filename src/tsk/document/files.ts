import { messageOf } from "../../kernel/index.ts";
import type { Refusal } from "../ports.ts";
import { limits } from "../syntax/limits.ts";
import type { LoadOptions } from "./options.ts";

/**
 * Finds and reads the files that a document names. They stand below the folder of the base file: a path that leads
 * out of it, by `..` or by a link, is refused, or a configuration from elsewhere could read what its reader may read.
 */
export class Files {
  readonly #options: LoadOptions;
  /** Folder of the base file, with its separator at the end; empty for the current folder. */
  readonly root: string;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.root = folderOf(options.entry);
  }

  /** Content of a file; undefined when it does not exist. */
  read(path: string): string | Uint8Array | undefined {
    return this.#options.readFile(path);
  }

  /** The path of a file named in a file. */
  find(from: string, written: string): { readonly path: string } | Refusal {
    const segments = this.#segments(from, written);
    if (segments === undefined) return outside(written);
    const path = this.root + segments.join("/");
    return this.#isInside(path) ? { path } : outside(written);
  }

  /** The paths of the files that a name with `*` and `?` stands for, in the order of their names. */
  expand(from: string, written: string): readonly string[] | Refusal {
    if (!/[*?]/.test(written)) {
      const found = this.find(from, written);
      return "code" in found ? found : [found.path];
    }
    const segments = this.#segments(from, written);
    if (segments === undefined) return outside(written);
    const { list } = this.#options;
    if (list === undefined) return { code: "TSK_UNAVAILABLE", message: "this host lists no folders" };
    let found = [""];
    for (const [index, segment] of segments.entries()) {
      const last = index === segments.length - 1;
      if (/[*?]/.test(segment))
        found = found.flatMap((folder) => matching(list(this.root + folder), folder, segment));
      else found = found.map((folder) => folder + segment);
      if (found.length > limits.includes)
        return { code: "TSK_FUEL", message: `${written} means too many files` };
      if (!last) found = found.map((folder) => `${folder}/`);
    }
    const paths = found.map((path) => this.root + path);
    return paths.every((path) => this.#isInside(path)) ? paths : outside(written);
  }

  /** Text of a data file, or of a secret's file. */
  text(from: string, written: string, of: "data" | "secret"): string | Refusal {
    const found =
      of === "secret" && this.#isSecretFile(written) ? { path: written } : this.find(from, written);
    if ("code" in found) return found;
    let content: string | Uint8Array | undefined;
    try {
      content = this.read(found.path);
    } catch (error) {
      return { code: "TSK_FILE_READ", message: unreadable(written, error) };
    }
    if (content === undefined) return { code: "TSK_FILE_MISSING", message: `there is no file ${written}` };
    if (content.length > limits.dataFile)
      return { code: "TSK_FILE_READ", message: `${written} is larger than ${limits.dataFile} bytes` };
    if (typeof content === "string") return content;
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(content);
    } catch {
      return { code: "TSK_FILE_READ", message: `${written} is not UTF-8` };
    }
  }

  /** Steps from the root folder; undefined when they lead out of it. */
  #segments(from: string, written: string): string[] | undefined {
    if (/^(?:[/\\]|[a-zA-Z]:)/.test(written)) return undefined;
    const steps = `${folderOf(from).slice(this.root.length)}${written}`.split(/[/\\]/);
    const segments: string[] = [];
    for (const step of steps) {
      if (step === "" || step === ".") continue;
      if (step !== "..") segments.push(step);
      else if (segments.pop() === undefined) return undefined;
    }
    return segments.length === 0 ? undefined : segments;
  }

  #isInside(path: string): boolean {
    const { realPath } = this.#options;
    if (realPath === undefined) return true;
    const real = realPath(path);
    // What does not exist is reported as missing, later.
    if (real === undefined) return true;
    const root = realPath(this.root === "" ? "." : this.root)?.replace(/[/\\]$/, "");
    return root !== undefined && real.startsWith(root) && /^[/\\]/.test(real.slice(root.length));
  }

  #isSecretFile(path: string): boolean {
    const folders = this.#options.secretFolders ?? [];
    return folders.some((folder) => path.startsWith(folder)) && !/(?:^|[/\\])\.\.(?:[/\\]|$)/.test(path);
  }
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function outside(written: string): Refusal {
  const message = `${written} leads out of the folder of the configuration`;
  return { code: "TSK_OUTSIDE", message, help: "name a file below the folder of the base file" };
}

/** Names that a pattern means; one that begins with a dot only when the pattern does. */
function matching(names: readonly string[] | undefined, folder: string, pattern: string): string[] {
  return (names ?? [])
    .filter((name) => (!name.startsWith(".") || pattern.startsWith(".")) && matchesPattern(name, pattern))
    .sort()
    .map((name) => folder + name);
}

/**
 * True when a name fits a pattern of `*` and `?`. Without backtracking further than the last star: a pattern of many
 * stars costs no more than its length.
 */
export function matchesPattern(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let retry = 0;
  let index = 0;
  while (index < name.length) {
    if (pattern[at] === "?" || (pattern[at] !== "*" && pattern[at] === name[index])) {
      at++;
      index++;
    } else if (pattern[at] === "*") {
      star = at++;
      retry = index;
    } else if (star >= 0) {
      at = star + 1;
      index = ++retry;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}

/** Why a host could not read a file, in its own words when they name it. */
export function unreadable(path: string, error: unknown): string {
  const said = messageOf(error);
  return said.includes(path) ? said : `${path} cannot be read: ${said}`;
}
