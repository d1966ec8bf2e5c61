import { dirname, resolve, sep } from "node:path";
import {
  type Diagnostic,
  type Document,
  matchesPattern,
  type OperatorPlugin,
  type Span,
  type Tree,
} from "../tsk/index.ts";
import { includesIn } from "./text/entries.ts";

/** One version of everything that belongs together: a fleet with all its files, or a file that stands alone. */
export interface Project {
  /** Absolute path of the base file. */
  readonly entry: string;
  /** False for a `.tsk` file that is no fleet: any key is right there. */
  readonly fleet: boolean;
  readonly document: Document;
  readonly diagnostics: readonly Diagnostic[];
  /** The trees of its files, by absolute path. */
  readonly trees: ReadonlyMap<string, Tree>;
  /** Operators that may be called: those of the language and those of the host. */
  readonly operators: Operators;
}

/** Operators by name, as far as an editor shows them. */
export type Operators = Readonly<Record<string, Pick<OperatorPlugin["row"], "parameters" | "required">>>;

/** A project seen from one of its files: what every feature works on. */
export interface Snapshot extends Project {
  /** Absolute path of the file looked at. */
  readonly file: string;
  readonly project: Project;
  readonly tree: Tree;
  /** Keys under which the file stands in the document: those of the service whose layer it is, or of its include. */
  readonly under: readonly string[];
}

/** A stretch of a file. */
export interface Place extends Span {
  /** Absolute path. */
  readonly file: string;
}

/** A stretch of a file and the text that takes its place. */
export interface Edit extends Place {
  readonly text: string;
}

/** The project seen from a file; undefined when the file is none of its own. */
export function seenFrom(project: Project, file: string): Snapshot | undefined {
  const tree = project.trees.get(file);
  return tree === undefined ? undefined : { ...project, project, file, tree, under: underOf(project, file) };
}

/**
 * Keys under which a file of a project stands in its document: an included file where the first include of it stands, a
 * layer of a service at the configuration of the service, any other at the root.
 */
export function underOf(project: Project, file: string): readonly string[] {
  return placeOf(project, file, []);
}

function placeOf(project: Project, file: string, on: readonly string[]): readonly string[] {
  const tree = project.trees.get(file);
  if (file === project.entry || tree === undefined || on.includes(file)) return [];
  for (const [from, other] of project.trees) {
    if (from === file) continue;
    const found = includesIn(other).find(({ path }) => isMeant(from, path, file));
    if (found !== undefined) return [...placeOf(project, from, [...on, file]), ...found.under];
  }
  const service = tree.source.layer === "service" ? /([^/\\]+)\.tsk$/.exec(file)?.[1] : undefined;
  return service === undefined ? [] : ["services", service, "config"];
}

/** True when a path that is written in `from` means the file; `*` and `?` stand for parts of names. */
function isMeant(from: string, written: string, file: string): boolean {
  const patterns = resolve(dirname(from), written).split(sep);
  const names = file.split(sep);
  return (
    patterns.length === names.length && patterns.every((one, at) => matchesPattern(names[at] ?? "", one))
  );
}

/** The trees of a load, by absolute path. */
export function byAbsolutePath(trees: ReadonlyMap<string, Tree>): ReadonlyMap<string, Tree> {
  return new Map([...trees].map(([file, tree]) => [resolve(file), tree]));
}
