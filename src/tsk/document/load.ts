import type { TskCode } from "../codes.ts";
import { type Diagnostic, inOrder, problem } from "../diagnostic.ts";
import { type LayerName, Source } from "../source.ts";
import { limits } from "../syntax/limits.ts";
import { parse } from "../syntax/parse.ts";
import type { Tree } from "../syntax/tree.ts";
import { evaluate } from "../value/evaluate.ts";
import { type MapPart, outline } from "../value/outline.ts";
import { assemble } from "./assemble.ts";
import type { Loaded } from "./document.ts";
import { maskDefaults, maskOverridden } from "./mask.ts";
import type { LoadOptions } from "./options.ts";
import { fromEnvironment, fromSet, type Override } from "./override.ts";

/**
 * Loads a document: reads its layers, merges and evaluates them. Lowest first: the base file, `environment/<name>.tsk`
 * beside it, `config/services/<service>.tsk` for each service (merged at `services.<service>.config`), the base's
 * `.local.tsk`, variables `TUSKER__A__B`, `sets`. Maps merge, everything else is replaced.
 *
 * Never throws for what is in the files; all problems are in `diagnostics`.
 *
 * @example const { document, diagnostics } = loadDocument({ entry: "tusker.tsk", readFile, env: process.env });
 */
export function loadDocument(options: LoadOptions): Loaded {
  return new Loader(options).load();
}

class Loader {
  readonly #options: LoadOptions;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #sources = new Map<string, Source>();
  readonly #trees = new Map<string, Tree>();
  readonly #roots: MapPart[] = [];
  readonly #directory: string;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#directory = options.entry.slice(
      0,
      Math.max(options.entry.lastIndexOf("/"), options.entry.lastIndexOf("\\")) + 1,
    );
  }

  load(): Loaded {
    const { entry, environment, layers, sets = [], env = {} } = this.#options;
    if (!this.#file(entry, "base")) this.#missing(entry, `there is no file ${entry}`);
    if (layers !== "entry") {
      if (environment !== undefined) this.#environment(environment);
      for (const service of this.#services()) {
        const file = `${this.#directory}config/services/${service}.tsk`;
        this.#file(file, "service", ["services", service, "config"]);
      }
      this.#file(`${entry.replace(/\.tsk$/, "")}.local.tsk`, "local");
      for (const override of fromEnvironment(env, [...this.#roots], this.#report)) this.#override(override);
      for (const [index, set] of sets.entries()) this.#override(fromSet(set, index, this.#report));
    }
    return this.#evaluate(env);
  }

  readonly #report = (diagnostic: Diagnostic): void => {
    if (this.#diagnostics.length < limits.allDiagnostics) this.#diagnostics.push(diagnostic);
  };

  /** Reads one file into a layer; false when it does not exist. */
  #file(path: string, layer: LayerName, under: readonly string[] = []): boolean {
    const content = this.#options.readFile(path);
    if (content === undefined) return false;
    const source = this.#decode(path, layer, content);
    this.#sources.set(path, source);
    const tree = parse(source);
    this.#trees.set(path, tree);
    maskDefaults(tree);
    this.#diagnostics.push(...tree.diagnostics);
    this.#roots.push(outline(source, tree.items, this.#report, under));
    return true;
  }

  #decode(path: string, layer: LayerName, content: string | Uint8Array): Source {
    if (typeof content === "string") return new Source(path, content, layer);
    if (content.length > limits.text) {
      const source = new Source(path, "", layer);
      const message = `the file is ${content.length} bytes long; the limit is ${limits.text}`;
      this.#report(problem(source, { start: 0, end: 0 }, "TSK_TOO_LARGE", message));
      return source;
    }
    const source = new Source(path, new TextDecoder("utf-8", { ignoreBOM: true }).decode(content), layer);
    const at = source.text.indexOf("\ufffd");
    if (at >= 0 && !isUtf8(content)) {
      const message = "the file is not UTF-8 from here on";
      this.#report(problem(source, { start: at, end: at + 1 }, "TSK_ENCODING", message));
    }
    return source;
  }

  #environment(name: string): void {
    const file = `${this.#directory}environment/${name}.tsk`;
    const plain = /^[^/\\]+$/.test(name) && !name.startsWith(".");
    if (plain && this.#file(file, "environment")) return;
    this.#missing(file, `the environment ${name} has no file ${file}`);
  }

  #missing(file: string, message: string): void {
    const code: TskCode = "TSK_FILE_MISSING";
    this.#report({ code, severity: "error", message, file, line: 1, column: 1, start: 0, end: 0 });
  }

  /** Services named so far. A name that could leave the folder has no file. */
  #services(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const root of this.#roots) {
      const services = root.children.get("services");
      if (services?.kind !== "map") continue;
      for (const name of services.children.keys())
        if (/^[\p{L}\d_][\p{L}\d_.-]*$/u.test(name)) names.add(name);
    }
    return names;
  }

  #override(override: Override): void {
    this.#sources.set(override.source.file, override.source);
    if (override.root !== undefined) this.#roots.push(override.root);
  }

  #evaluate(env: Readonly<Record<string, string | undefined>>): Loaded {
    let textLength = 0;
    for (const source of this.#sources.values()) textLength += source.text.length;
    const root = evaluate(this.#roots, {
      env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
      report: this.#report,
      textLength,
    });
    maskOverridden(root);
    const document = assemble(root, this.#sources);
    const diagnostics = inOrder(this.#diagnostics, [...this.#sources.keys()]);
    return { document, diagnostics, trees: this.#trees };
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
