import { resolve } from "node:path";
import type { Diagnostic, Document, Span, Tree } from "../tsk/index.ts";

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
}

/** A project seen from one of its files: what every feature works on. */
export interface Snapshot extends Project {
  /** Absolute path of the file looked at. */
  readonly file: string;
  readonly project: Project;
  readonly tree: Tree;
  /** Keys under which the file stands in the document: those of the service whose layer it is. */
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
  return tree === undefined ? undefined : { ...project, project, file, tree, under: underOf(tree) };
}

/** Keys under which a file stands in its document. */
export function underOf(tree: Tree): readonly string[] {
  const { file, layer } = tree.source;
  const service = layer === "service" ? /([^/\\]+)\.tsk$/.exec(file)?.[1] : undefined;
  return service === undefined ? [] : ["services", service, "config"];
}

/** The trees of a load, by absolute path. */
export function byAbsolutePath(trees: ReadonlyMap<string, Tree>): ReadonlyMap<string, Tree> {
  return new Map([...trees].map(([file, tree]) => [resolve(file), tree]));
}
