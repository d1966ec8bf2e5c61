import type { TskCode } from "../codes.ts";
import { asRelated, type Diagnostic, inOrder, problem, withWarnings } from "../diagnostic.ts";
import type { Refusal } from "../ports.ts";
import { toldOnce } from "../report/once.ts";
import { type LayerName, Source } from "../source.ts";
import { reparse } from "../syntax/again/reparse.ts";
import { limits } from "../syntax/limits.ts";
import { parse } from "../syntax/parse.ts";
import { intactBesideCode } from "../syntax/repair/beside-code.ts";
import { withoutConsequences } from "../syntax/repair/consequences.ts";
import { type Intact, isNameless, isNamelessSection } from "../syntax/repair/intact.ts";
import type { Item, Tree } from "../syntax/tree.ts";
import { dictionary, type Evaluated, isMap } from "../value/data.ts";
import { evaluate } from "../value/evaluate.ts";
import type { IncludeRequest } from "../value/include-request.ts";
import { type MapPart, outline, type Where, withIncludes } from "../value/outline.ts";
import { hiddenAt } from "../value/secret.ts";
import { Allowance } from "./allowance.ts";
import { assemble } from "./assemble.ts";
import { Damage } from "./damage.ts";
import { discretion } from "./discreet.ts";
import type { Loaded } from "./document.ts";
import { Files, unreadable } from "./files.ts";
import { maskCovered, maskDefaults } from "./mask.ts";
import { withoutOneEdit } from "./one-edit.ts";
import type { LoadOptions } from "./options.ts";
import { fromEnvironment, fromSet, type Override } from "./override.ts";
import { lostSecrets } from "./veil.ts";

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
  const loaded = new Loader(options).load();
  const { diagnostics } = loaded;
  const { causes = "edits" } = options;
  if (causes !== "edits" || diagnostics.length < 2) return loaded;
  const judge = (again: LoadOptions): readonly Diagnostic[] => new Loader(again).load().diagnostics;
  return { ...loaded, diagnostics: withoutOneEdit(diagnostics, { loaded, options, judge }) };
}

class Loader {
  readonly #options: LoadOptions;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #sources = new Map<string, Source>();
  readonly #roots: MapPart[] = [];
  readonly #files: Files;
  readonly #damage = new Damage();
  /** Files that are not UTF-8. */
  readonly #unreadable = new Set<string>();
  /** Trees by path: a file may be included often. */
  readonly #trees = new Map<string, Tree>();
  /** What can be read of them. */
  readonly #items = new Map<string, readonly Item[]>();
  /** Outlines of files that are only asked for single values. */
  readonly #others = new Map<string, MapPart>();
  /** The files that led to a source, itself last. */
  readonly #chains = new Map<Source, readonly string[]>();
  #included = 0;
  readonly #allowance = new Allowance();
  readonly #maps = { left: limits.maps };
  #textLength = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#files = new Files(options);
  }

  load(): Loaded {
    const { entry, environment, layers, sets = [], env = {} } = this.#options;
    if (!this.#file(entry, "base")) this.#unread(entry, "TSK_FILE_MISSING", `there is no file ${entry}`);
    if (layers !== "entry") {
      if (environment !== undefined) this.#environment(environment);
      const folder = `${this.#files.root}config/services/`;
      // One look at the folder, where the host can list it, is cheaper than asking for a file of every service.
      const present = this.#options.list === undefined ? undefined : new Set(this.#options.list(folder));
      for (const service of this.#services()) {
        if (present?.has(`${service}.tsk`) === false) continue;
        this.#file(`${folder}${service}.tsk`, "service", ["services", service, "config"]);
      }
      this.#file(`${entry.replace(/\.tsk$/, "")}.local.tsk`, "local");
      for (const override of fromEnvironment(env, [...this.#roots], this.#report)) this.#override(override);
      for (const [index, set] of sets.entries()) this.#override(fromSet(set, index, this.#report));
    }
    return this.#evaluate(env);
  }

  readonly #report = (diagnostic: Diagnostic): void => {
    if (this.#diagnostics.length >= limits.allDiagnostics || this.#unreadable.has(diagnostic.file)) return;
    const source = this.#trees.get(diagnostic.file)?.source;
    if (this.#damage.explains(diagnostic, source)) return;
    this.#diagnostics.push(diagnostic);
    this.#damage.addValue(diagnostic, source);
  };

  /** Reads one file into a layer; false when it does not exist. */
  #file(path: string, layer: LayerName, under: readonly string[] = []): boolean {
    let content: string | Uint8Array | undefined;
    try {
      content = this.#files.read(path);
    } catch (error) {
      this.#unread(path, "TSK_FILE_READ", unreadable(path, error));
      return true;
    }
    if (content === undefined) return false;
    this.#roots.push(this.#outline(this.#tree(path, layer, content, under), path, layer, [path], { under }));
    return true;
  }

  /** @param under where it stands in the document; undefined for a file that another one names */
  #tree(path: string, layer: LayerName, content: string | Uint8Array, under?: readonly string[]): Tree {
    const source = this.#decode(path, layer, content);
    const before = this.#options.before?.trees.get(path);
    const tree = before === undefined ? parse(source) : reparse(before, source);
    this.#textLength += source.text.length;
    this.#trees.set(path, tree);
    maskDefaults(tree);
    const left = intactBesideCode(tree, this.#options.before === undefined ? limits.saved : limits.laidOut);
    this.#items.set(path, this.#damage.add(tree, left, under));
    // Of bytes that are no text, nothing is to be said but that.
    if (!this.#unreadable.has(path))
      this.#diagnostics.push(...this.#causes(tree, left), ...(left?.found ?? []));
    return tree;
  }

  #causes(tree: Tree, left: Intact | undefined): readonly Diagnostic[] {
    if (this.#options.causes === "none") return tree.diagnostics;
    const causes = withoutConsequences(tree, left?.blocks ?? left?.lost);
    const { strays = new Map<number, Diagnostic>() } = left ?? {};
    return causes.map((one) => {
      const stray = strays.get(one.start);
      return stray?.code !== one.code ? one : { ...stray, related: [...(one.related ?? []), asRelated(one)] };
    });
  }

  #outline(tree: Tree, path: string, layer: LayerName, chain: readonly string[], where: Where = {}): MapPart {
    const source = tree.source.layer === layer ? tree.source : tree.source.inLayer(layer);
    this.#chains.set(source, chain);
    if (!this.#sources.has(path)) this.#sources.set(path, source);
    const items = this.#affords(tree, source) ? (this.#items.get(path) ?? tree.items) : [];
    const options = { report: this.#report, include: this.#include, maps: this.#maps };
    return outline(source, items, options, where);
  }

  /** False, and told once, when all files together say more than one document may. */
  #affords(tree: Tree, source: Source): boolean {
    const wasFull = this.#allowance.isFull;
    if (this.#allowance.takes(tree)) return true;
    const message = `all files together have more than ${limits.tokens} words and signs`;
    if (!wasFull) this.#report(problem(source, { start: 0, end: 0 }, "TSK_TOO_LARGE", message));
    return false;
  }

  readonly #include = (source: Source, request: IncludeRequest): readonly MapPart[] => {
    const paths = this.#files.expand(source.file, request.path);
    if ("code" in paths) return this.#refuse(source, request, paths);
    return paths.flatMap((path) => {
      const root = this.#includeOne(source, path, request);
      return root === undefined ? [] : [root];
    });
  };

  #includeOne(source: Source, path: string, request: IncludeRequest): MapPart | undefined {
    const chain = this.#chains.get(source) ?? [source.file];
    const refuse = (code: TskCode, message: string): undefined => {
      this.#refuse(source, request, { code, message });
    };
    this.#included++;
    if (this.#included === limits.includes + 1)
      return refuse("TSK_FUEL", `more than ${limits.includes} files are included`);
    // Told once: what is included without end would fill the report with it.
    if (this.#included > limits.includes || this.#allowance.isFull) return undefined;
    if (chain.includes(path))
      return refuse("TSK_INCLUDE_CYCLE", `${[...chain.slice(chain.indexOf(path)), path].join(" includes ")}`);
    if (chain.length >= limits.includeDepth)
      return refuse("TSK_TOO_DEEP", `files include each other more than ${limits.includeDepth} levels deep`);
    const tree = this.#named(path, source.layer);
    if (tree === undefined && request.optional) return undefined;
    if (tree === undefined) return refuse("TSK_FILE_MISSING", `there is no file ${path}`);
    if ("code" in tree) return refuse(tree.code, tree.message);
    return this.#outline(tree, path, source.layer, [...chain, path], { included: true });
  }

  /** The tree of a file that another one names; undefined when it does not exist. */
  #named(path: string, layer: LayerName): Tree | Refusal | undefined {
    const known = this.#trees.get(path);
    const tooLarge: Refusal = {
      code: "TSK_TOO_LARGE",
      message: `all files together are larger than ${limits.allText} bytes`,
    };
    if (known !== undefined) {
      // Every use is outlined anew, and counts.
      this.#textLength += known.source.text.length;
      return this.#textLength > limits.allText ? tooLarge : known;
    }
    try {
      const content = this.#files.read(path);
      if (content === undefined) return undefined;
      if (this.#textLength + content.length > limits.allText)
        return {
          code: "TSK_TOO_LARGE",
          message: `all files together are larger than ${limits.allText} bytes`,
        };
      return this.#tree(path, layer, content);
    } catch (error) {
      return { code: "TSK_FILE_READ", message: unreadable(path, error) };
    }
  }

  readonly #outlineOf = (from: Source, written: string): MapPart | Refusal => {
    const found = this.#files.find(from.file, written);
    if ("code" in found) return found;
    const known = this.#others.get(found.path);
    if (known !== undefined) return known;
    const tree = this.#named(found.path, from.layer);
    if (tree === undefined) return { code: "TSK_FILE_MISSING", message: `there is no file ${written}` };
    if ("code" in tree) return tree;
    const root = this.#outline(tree, found.path, from.layer, [found.path]);
    this.#others.set(found.path, root);
    return root;
  };

  #refuse(source: Source, { span }: IncludeRequest, { code, message, help }: Refusal): readonly MapPart[] {
    this.#report(problem(source, span, code, message, help === undefined ? {} : { help }));
    return [];
  }

  #decode(path: string, layer: LayerName, content: string | Uint8Array): Source {
    if (typeof content === "string") return new Source(path, content, layer);
    if (content.length > limits.text) {
      const source = new Source(path, "", layer);
      const message = `the file is larger than the limit of ${limits.text} bytes`;
      this.#report(problem(source, { start: 0, end: 0 }, "TSK_TOO_LARGE", message));
      return source;
    }
    const source = new Source(path, new TextDecoder("utf-8", { ignoreBOM: true }).decode(content), layer);
    const at = source.text.indexOf("\ufffd");
    if (at >= 0 && !isUtf8(content)) {
      const message = "the file is not UTF-8 from here on";
      this.#report(problem(source, { start: at, end: at + 1 }, "TSK_ENCODING", message));
      this.#unreadable.add(path);
    }
    return source;
  }

  #environment(name: string): void {
    const file = `${this.#files.root}environment/${name}.tsk`;
    const plain = /^[^/\\]+$/.test(name) && !name.startsWith(".");
    if (plain && this.#file(file, "environment")) return;
    this.#unread(file, "TSK_FILE_MISSING", `the environment ${name} has no file ${file}`);
  }

  #unread(file: string, code: TskCode, message: string): void {
    this.#report({ code, severity: "error", message, file, line: 1, column: 1, start: 0, end: 0 });
  }

  /** Services named so far. A name that could leave the folder has no file. */
  #services(): ReadonlySet<string> {
    const names = new Set<string>();
    for (const root of this.#roots.flatMap(withIncludes)) {
      const services = root.children.get("services");
      if (services?.kind !== "map") continue;
      for (const map of withIncludes(services))
        for (const name of map.children.keys()) if (/^[\p{L}\d_][\p{L}\d_.-]*$/u.test(name)) names.add(name);
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
      ports: {
        ...this.#options,
        env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
        readText: (from, path, of) => this.#files.text(from.file, path, of),
      },
      report: this.#report,
      include: this.#include,
      maps: this.#maps,
      outlineOf: this.#outlineOf,
      covered: maskCovered,
      textLength,
    });
    const { lost, unread } = this.#damage;
    const secrets = lostSecrets({ sources: this.#sources, unread });
    const schemes = new Set(this.#options.secrets?.map(({ scheme }) => scheme));
    const discreet = discretion({ sources: this.#sources, root, unread, schemes });
    const files = [...this.#sources.keys()];
    const found = inOrder(this.#diagnostics, files);
    const told = toldOnce(found, discreet(found));
    const named = lost.length === 0 ? root : withoutNameless(root);
    const whole = secrets.size === 0 ? named : hiddenAt(named, secrets);
    const document = assemble(whole, this.#sources, this.#options.before?.document);
    const { error: errors = [], warning: warnings = [] } = Object.groupBy(told, (one) => one.severity);
    const diagnostics = inOrder(withWarnings(errors, warnings), files);
    return { document, diagnostics, trees: this.#trees, lost, discreet };
  }
}

/**
 * What stands below a line that has lost its name was looked at for its own mistakes; it is no part of the document. Of a section
 * without its name the keys may say which it is: whoever knows them is left to judge.
 */
function withoutNameless(node: Evaluated, sections = true): Evaluated {
  if (!isMap(node.data)) return node;
  const entries = [...node.data.entries].filter(
    ([key]) => !isNameless(key) || (sections && isNamelessSection(key)),
  );
  const inner = entries.map(([key, value]) => [key, withoutNameless(value, false)] as const);
  const isSame =
    entries.length === node.data.entries.size && inner.every(([, one], index) => one === entries[index]?.[1]);
  return isSame ? node : { ...node, data: dictionary(new Map(inner)) };
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
